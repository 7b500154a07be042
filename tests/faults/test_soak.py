"""The soak in small: faults of every kind while everyone posts and follows. `make soak` has it at full size."""

import os
import random

import pytest

from tests.faults.soak import soak
from tests.support.checker import Fault

FAULTS = 25
POSTS = 2_000
SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))


async def test_no_promise_is_broken_under_faults_of_every_kind() -> None:
    tally = await soak(FAULTS, POSTS, SEED)
    assert tally.findings == []
    assert tally.posts >= POSTS and tally.faults.total() >= FAULTS


async def test_the_soak_finds_a_server_that_acknowledges_what_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.support.crowd.HEAL_SECONDS", 2.0)  # some never get all
    monkeypatch.setattr("tests.support.soaking.DISK_TROUBLES", ("full",))
    monkeypatch.setattr("tests.support.soaking.WEIGHTS", (0, 0, 0, 0, 1))
    tally = await soak(FAULTS // 3, POSTS, SEED, bug="acknowledge_what_failed")
    assert Fault.LOST in {finding.fault for finding in tally.findings}
