"""The power may go after any write or flush, and what was not flushed may be there, torn, or gone.

`TEST_CUTS=20` looks at twenty states after each step, not at two.
"""

import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Proposal
from hubbub.protocol.messages import Post
from hubbub.server.stores.sqlite.file import open_database
from hubbub.server.stores.sqlite.writer import SqliteWriter
from tests.support.checker import read_log
from tests.support.fakes import ADA, AT
from tests.support.power import Flush, Recording

COMMITS = 200
CUTS = int(os.environ.get("TEST_CUTS", "2"))
SEED = int(os.environ.get("TEST_SEED", "1"))
MOMENTS = 700  # the recording has at least as many
CHECKPOINT_PAGES = 25  # small, so that there are several among the commits


@pytest.mark.timeout(60 + 30 * CUTS)
def test_no_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    states = list(kept_and_acknowledged(tmp_path, "FULL"))
    print(f"{len(states)} states, TEST_SEED={SEED}")
    assert len(states) >= MOMENTS * CUTS
    assert [(kept, known) for kept, known in states if kept < known] == []


def test_the_cuts_are_real_so_without_flushes_they_lose(tmp_path: Path) -> None:
    assert any(kept < known for kept, known in kept_and_acknowledged(tmp_path, "NORMAL"))


def kept_and_acknowledged(tmp_path: Path, synchronous: str) -> Iterator[tuple[int, int]]:
    """For each state: how many posts are in the log after it, and how many were acknowledged before."""
    live, dead = tmp_path / "live", tmp_path / "dead"
    live.mkdir()
    dead.mkdir()
    open_database(live, lambda: "e1").close()
    recording = Recording(live, f"recording-{synchronous}")
    acknowledged = post(live, recording, synchronous)
    dice = random.Random(SEED)
    for moment in range(len(recording.trace) + 1):
        known = sum(at <= moment for at in acknowledged)
        for _ in range(CUTS):
            recording.cut(moment, dead, dice)
            with closing(apsw.Connection(str(dead / "hubbub.db"))):  # it recovers
                log = read_log(dead / "hubbub.db", "lobby")
            assert [f'"text":"{n}"'.encode() in body for n, body in enumerate(log)].count(
                False
            ) == 0
            yield len(log), known


def post(directory: Path, recording: Recording, synchronous: str) -> list[int]:
    """Commit posts one by one; returns after how many steps of the recording each was acknowledged."""
    database = apsw.Connection(str(directory / "hubbub.db"), vfs=recording.name)
    acknowledged = []
    with closing(database):
        database.execute(f"PRAGMA synchronous = {synchronous}").fetchall()
        database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
        writer = SqliteWriter(database, RULES, lambda: None)
        for number in range(COMMITS):
            writer.commit([Proposal(ADA, Post(room="lobby", text=str(number)))], AT)
            acknowledged.append(len(recording.trace))
    assert Flush("hubbub.db") in recording.trace, "there was no checkpoint"
    return acknowledged
