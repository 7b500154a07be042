"""The power goes again and again: what was acknowledged was flushed, so it is there."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from tests.faults.test_kills import SEED
from tests.support.checker import Fault
from tests.support.crowd import Crowd
from tests.support.quick_server import QuickServer

CUTS = 15


async def test_what_was_acknowledged_survives_every_cut(tmp_path: Path) -> None:
    async with QuickServer(tmp_path, "--message-rate", "0", sabotage="volatile") as server:
        crowd = Crowd(server, SEED)
        async with crowd.living():
            await cut_the_power(server, CUTS)
            log = await crowd.heal()
        await server.kill()
    assert crowd.check(log, tmp_path) == []


async def test_the_cuts_are_real_so_what_was_not_flushed_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.crowd.HEAL_SECONDS", 2.0)  # some never get all
    flags = ("--message-rate", "0", "--durability", "normal")
    async with QuickServer(tmp_path, *flags, sabotage="volatile") as server:
        crowd = Crowd(server, SEED)
        async with crowd.living():
            await cut_the_power(server, 2)
            log = await crowd.heal()
        await server.kill(signal.SIGTERM)
    assert Fault.LOST in {finding.fault for finding in crowd.check(log, tmp_path)}


async def cut_the_power(server: QuickServer, times: int) -> None:
    print(f"TEST_SEED={SEED}")
    dice = random.Random(SEED)
    for _ in range(times):
        await asyncio.sleep(dice.uniform(0.2, 0.4))
        await server.kill()
        await server.start()
