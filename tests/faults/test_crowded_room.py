"""Many clients of nine kinds in one room: cut, held up, and their server killed; in the end all have seen the same."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.support.crowd import FOLLOWERS, Crowd
from tests.support.proxy import Proxy
from tests.support.quick_server import QuickServer

CLIENTS = int(os.environ.get("TEST_CLIENTS", "180"))
CHANGES = 160
SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))


@pytest.mark.timeout(180)
async def test_many_clients_of_nine_kinds_see_the_same_through_faults(
    tmp_path: Path,
) -> None:
    print(f"TEST_SEED={SEED}")
    dice = random.Random(SEED)
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        proxy = Proxy(server)
        crowd = Crowd(server, SEED, pace=8, detour=proxy, followers=CLIENTS)
        async with proxy.listening(), crowd.living():
            for number in range(1, 9):
                while crowd.acknowledged < number * CHANGES // 8:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
                if number % 4 == 0:
                    await server.kill()
                    await server.start()
                elif number % 2:
                    for way in proxy.some(dice):
                        way.cut()
                else:
                    held = proxy.some(dice)
                    for way in held:
                        way.hold()
                    await asyncio.sleep(0.2)  # this is how long the fault lasts
                    for way in held:
                        way.release()
            log = await crowd.heal()
        await server.kill()
    print(f"{len(log)} events, {crowd.delivered} delivered to {len(crowd.clients)}")
    assert crowd.check(log, tmp_path) == []
    kinds = {type(client) for client in crowd.clients}
    assert kinds >= set(FOLLOWERS) and len(crowd.clients) >= CLIENTS
    assert crowd.delivered > CLIENTS * CHANGES * 0.9, "there was too little going on"
