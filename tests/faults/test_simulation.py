"""Simulated histories keep every promise, and each bug that is sown into them shows.

`TEST_SEED=7 TEST_HISTORIES=1` plays the history of one seed again.
"""

import logging
import os

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.former import last_only
from tests.support.core_bugs import BUGS
from tests.support.simulated_node import SOUND, NodeParts
from tests.support.simulation import simulate

FIRST = int(os.environ.get("TEST_SEED", "1"))
HISTORIES = int(os.environ.get("TEST_HISTORIES", "120"))
MOST_TRIED = 80


@pytest.fixture(autouse=True)
def no_log_of_sown_failures(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "hubbub")


@pytest.mark.timeout(86_400 if HISTORIES > 1_000 else 60)
def test_no_history_breaks_a_promise() -> None:
    last = NodeParts(last_only(RULES))
    for seed in range(FIRST, FIRST + HISTORIES):
        findings = simulate(seed, last if seed % 4 == 0 else SOUND)
        assert findings == [], f"TEST_SEED={seed}"


def test_a_seed_gives_the_same_history_again() -> None:
    sow, _ = BUGS["acknowledge_what_failed"]
    parts = sow()
    assert simulate(FIRST, parts) == simulate(FIRST, parts) != []


@pytest.mark.parametrize("bug", BUGS)
def test_the_simulation_finds(bug: str) -> None:
    sow, faults = BUGS[bug]
    parts = sow()
    found = set()
    for seed in range(FIRST, FIRST + MOST_TRIED):
        found |= {finding.fault for finding in simulate(seed, parts)}
        if found & faults:
            return
    pytest.fail(f"found {found}")
