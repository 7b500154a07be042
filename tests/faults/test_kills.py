"""The server is killed again and again while everyone posts and follows: nothing acknowledged is lost."""

import asyncio
import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.support.crowd import Crowd
from tests.support.quick_server import DiedAtStart, QuickServer

KILLS = int(os.environ.get("TEST_KILLS", "14"))
SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))
FLUSHES = [*range(1, 20), *range(20, 100, 9)]


@pytest.mark.timeout(90 + 3 * KILLS)
async def test_nothing_is_lost_or_doubled_when_it_is_killed_again_and_again(tmp_path: Path) -> None:
    print(f"TEST_SEED={SEED} TEST_KILLS={KILLS}")
    dice = random.Random(SEED)
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        crowd = Crowd(server, SEED, pace=150)
        async with crowd.living():
            for number in range(1, KILLS + 1):
                await crowd.goes_on(dice.randrange(60))
                await asyncio.sleep(dice.uniform(0, 0.05))  # when is for the dice
                await server.kill()
                await server.start()
                if number % 50 == 0:
                    print(f"{number} kills, {crowd.acknowledged} acknowledged", flush=True)
            log = await crowd.heal()
        await server.kill()
    print(f"{len(log)} events, {crowd.acknowledged} acknowledged, {crowd.delivered} delivered")
    assert crowd.check(log, tmp_path) == []
    assert crowd.acknowledged > 10 * KILLS, "there was too little going on"


@pytest.mark.timeout(180)
async def test_it_may_die_in_any_flush_before_or_after_it_is_done(tmp_path: Path) -> None:
    starts, deaths = 0, 0
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        crowd = Crowd(server, SEED, pace=150)
        async with crowd.living():
            await server.kill()
            for number in FLUSHES:
                server.sabotage = f"die_at_flush:{number}"
                with suppress(DiedAtStart):
                    await server.start()
                    starts += 1
                    assert await server.gone() == -signal.SIGKILL
                deaths += 1
            server.sabotage = ""
            await server.start()
            log = await crowd.heal()
        await server.kill()
    print(f"{starts} starts, {deaths} deaths, {len(log)} events")
    assert crowd.check(log, tmp_path) == []
    assert starts > len(FLUSHES) / 2


async def test_it_may_die_in_any_flush_while_it_makes_its_database(tmp_path: Path) -> None:
    for number in range(1, 8):
        data = tmp_path / str(number)
        with suppress(DiedAtStart):
            async with QuickServer(data, sabotage=f"die_at_flush:{number}"):
                pass
        async with QuickServer(data) as server, ClientSession() as session:
            url = f"http://{server.address}/api/v1/rooms/lobby/messages"
            async with session.post(url, json={"text": "hi"}) as response:
                assert response.status == 201, await response.text()
                assert (await response.json())["seq"] == 1
