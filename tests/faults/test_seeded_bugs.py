"""The checker finds each of these bugs in a running server, and for the right reason."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.support.checker import Fault
from tests.support.crowd import Crowd
from tests.support.quick_server import QuickServer

BUGS = {
    "acknowledge_before_commit": {Fault.LOST, Fault.WRONG_ANSWER},
    "deliver_before_commit": {Fault.NOT_DURABLE, Fault.ALTERED},
    "resume_one_too_late": {Fault.HOLE},
    "resume_one_too_early": {Fault.REPEATED},
    "post_again_on_retry": {Fault.DOUBLED},
    "leave_numbers_out": {Fault.HOLE},
    "deliver_twice_after_reading_on": {Fault.REPEATED},
}
MOST_KILLS = 30


@pytest.mark.parametrize("bug", BUGS)
async def test_the_checker_finds(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.crowd.HEAL_SECONDS", 2.0)  # some never get all
    found: set[Fault] = set()
    for seed in range(6):
        found = await faults_after(5, seed, tmp_path / str(seed), bug)
        if found & BUGS[bug]:
            return
    pytest.fail(f"found {found}")


async def test_the_checker_finds_nothing_where_no_bug_was_sown(tmp_path: Path) -> None:
    assert await faults_after(5, 1, tmp_path, "") == set()


async def faults_after(kills: int, seed: int, data: Path, bug: str) -> set[Fault]:
    dice = random.Random(seed)
    async with QuickServer(data, "--message-rate", "0", sabotage=bug) as server:
        crowd = Crowd(server, seed)
        async with crowd.living():
            for _ in range(kills):
                await asyncio.sleep(dice.uniform(0.1, 0.3))
                await server.kill()
                await server.start()
            log = await crowd.heal()
        await server.kill()
    findings = crowd.check(log, data)
    print(*map(str, findings[:5]), sep="\n")
    return {finding.fault for finding in findings}
