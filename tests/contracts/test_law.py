"""Whoever folds a snapshot and the events after it has what a fresh snapshot shows, in every store."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from hubbub.domain.aspects import RULES
from hubbub.server.stores.base import Store
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support import laws, laws_of_files, laws_of_people, laws_of_rooms
from tests.support.laws import Law
from tests.support.laws_of_files import LawOfFiles
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
def test_the_law_of_rooms_with_members_and_files_holds_in_sqlite(tmp_path: Path) -> None:
    def opened(own: Path) -> Store:
        return SqliteStore(own, "normal", lambda: "e1", ROOM_RULES)

    check_law(opened, tmp_path, THOROUGH, LawOfFiles)


# Changes that are tried elsewhere: by reactors, or with what the server has to do besides.
IN_NO_LAW = {
    "Note",  # tests/contracts/test_people.py
    "MentionByKeyword",  # tests/contracts/test_keywords.py
    "EndMention",
    "EraseFormer",  # tests/contracts/test_former.py
    "AddEmoji",  # tests/contracts/test_emoji.py
    "RemoveEmoji",
    "RenewSession",  # tests/unit/domain/people/test_sessions.py
    "EndMembership",  # by `Law.remove`, as those below
    "EraseWritten",
    "ForgetAddressesOf",
    "FinishRemoval",
}


def test_each_change_is_made_by_a_law() -> None:
    laws_know = {
        id(each)
        for module in (laws, laws_of_files, laws_of_people, laws_of_rooms)
        for each in vars(module).values()
    }
    unknown = {kind.__name__ for kind in RULES.by_command if id(kind) not in laws_know}
    assert unknown == IN_NO_LAW
