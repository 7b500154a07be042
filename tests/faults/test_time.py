"""The server stands still, or its clock jumps: numbers order everything, times only decorate."""

import asyncio
import os
import signal
from pathlib import Path

from hubbub.domain.facts import Accepted, Proposal
from hubbub.protocol.messages import Post
from hubbub.server.engine.journal import Journal
from tests.support.crowd import Crowd
from tests.support.fakes import ADA, MemoryStore, answer_of, timeless
from tests.support.quick_server import QuickServer

NOON, MORNING, NEXT_YEAR = "2026-11-23T12:00:00Z", "2026-11-23T08:00:00Z", "2027-11-23T12:00:00Z"


async def test_a_server_that_stood_still_goes_on_and_nothing_is_missing(tmp_path: Path) -> None:
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        crowd = Crowd(server, seed=1)
        async with crowd.living():
            for _ in range(2):
                await more(crowd, 50)
                os.kill(server.pid, signal.SIGSTOP)
                await asyncio.sleep(1)  # this is the fault
                os.kill(server.pid, signal.SIGCONT)
            await more(crowd, 50)
            log = await crowd.heal()
        await server.kill()
    assert crowd.check(log, tmp_path) == []


async def more(crowd: Crowd, count: int) -> None:
    """Wait until so many more changes were acknowledged."""
    upto = crowd.acknowledged + count
    async with asyncio.timeout(30):
        while crowd.acknowledged < upto:  # noqa: ASYNC110 - the clients tell nobody
            await asyncio.sleep(0.01)


@timeless
async def test_numbers_go_on_when_the_clock_jumps() -> None:
    clock = iter((NOON, MORNING, MORNING, NEXT_YEAR))
    store = MemoryStore()
    journal = Journal(store, lambda _: None, lambda: next(clock))
    answers = [
        await answer_of(journal, Proposal(ADA, Post(room="lobby", text="hi"))) for _ in range(4)
    ]
    assert answers == [
        Accepted(1, NOON),
        Accepted(2, MORNING),
        Accepted(3, MORNING),
        Accepted(4, NEXT_YEAR),
    ]
    await journal.close()
