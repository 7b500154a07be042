"""Whoever folds a snapshot and the events after it has what a fresh snapshot shows, in every store."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from hubbub.server.stores.base import Store
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.laws import Law
from tests.support.laws_of_rooms import LawOfRooms
from tests.support.rooms import ROOM_RULES

EXAMPLES = int(os.environ.get("TEST_LAW_EXAMPLES", "15"))
THOROUGH = settings(max_examples=EXAMPLES, stateful_step_count=40)

LawIn = Callable[[Callable[[], Store]], Law]


def check_law(
    open_in: Callable[[Path], Store], directory: Path, how: settings, law: LawIn = Law
) -> None:
    """Let machines, each in a directory of its own, look for a fault."""
    number = count()

    def new_machine() -> Law:
        own = directory / str(next(number))
        return law(lambda: open_in(own))

    run_state_machine_as_test(cast(Any, new_machine), settings=how)


@pytest.mark.timeout(240)
def test_the_law_holds_in_sqlite(tmp_path: Path) -> None:
    check_law(lambda own: SqliteStore(own, "normal", lambda: "e1"), tmp_path, THOROUGH)


@pytest.mark.timeout(240)
def test_the_law_of_rooms_with_members_holds_in_sqlite(tmp_path: Path) -> None:
    def opened(own: Path) -> Store:
        return SqliteStore(own, "normal", lambda: "e1", ROOM_RULES)

    check_law(opened, tmp_path, THOROUGH, LawOfRooms)
