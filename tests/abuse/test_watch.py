"""Those who watch see a server that makes others wait, and no more than that."""

import asyncio
import os
import signal

from tests.abuse.watch import P99, watching
from tests.support.server import Server


async def stand_still(server: Server) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.sleep(2 * P99)  # this is the fault
    os.kill(server.pid, signal.SIGCONT)


async def test_a_server_that_stands_still_is_noticed(server: Server) -> None:
    async with watching(server) as watch, watch.talking():
        for _ in range(2):
            heard = len(watch.latencies)
            await stand_still(server)
            while len(watch.latencies) == heard:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)
    assert sorted(watch.latencies)[-2] > P99
