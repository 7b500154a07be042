"""The server is killed again and again while everyone posts and follows: nothing acknowledged is lost."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.support.crowd import Crowd
from tests.support.quick_server import QuickServer

KILLS = int(os.environ.get("HUBBUB_KILLS", "100"))
SEED = int(os.environ.get("HUBBUB_SEED", random.randrange(10**6)))


@pytest.mark.timeout(60 + 2 * KILLS)
async def test_nothing_is_lost_or_doubled_when_it_is_killed_a_hundred_times(tmp_path: Path) -> None:
    print(f"HUBBUB_SEED={SEED} HUBBUB_KILLS={KILLS}")
    dice = random.Random(SEED)
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        crowd = Crowd(server, SEED, pace=150)
        async with crowd.living():
            for _ in range(KILLS):
                await asyncio.sleep(dice.uniform(0.02, 0.6))
                await server.kill()
                await server.start()
            log = await crowd.heal()
        await server.kill()
    print(f"{len(log)} events, {crowd.acknowledged} acknowledged, {crowd.delivered} delivered")
    assert crowd.check(log, tmp_path) == []
    assert crowd.acknowledged > 10 * KILLS, "there was too little going on"
