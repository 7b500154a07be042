"""Whatever is done with accounts, the store has what the model has; and each fault sown into it turns the law red."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from hubbub.domain.aspects.people import accounts, audit, invites, sessions
from hubbub.domain.aspects.people.accounts import ChangeRole
from hubbub.domain.facts import ANSWERED, Proposal
from hubbub.domain.records import AnyTable
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.contracts.test_law import check_law
from tests.support.fakes import account
from tests.support.laws_of_people import LawOfPeople
from tests.support.team import BEGINNING
from tests.support.team_story import EVERYTHING

LONG = settings(max_examples=50, stateful_step_count=30)
GRACE = account("grace").id
STORY = [  # in which each of the faults shows
    *BEGINNING,
    *((account(by), change) for by, change in EVERYTHING),
    *((account("ada"), ChangeRole(account=GRACE, role=role)) for role in ("owner", "admin")),
]

Sow = Callable[[pytest.MonkeyPatch], None]
faults: dict[str, Sow] = {}


def fault(sow: Sow) -> Sow:
    faults[sow.__name__.replace("_", " ")] = sow
    return sow


def losing(patch: pytest.MonkeyPatch, lost: AnyTable, method: str = "put") -> None:
    """Let rows of a table not be written, or not be dropped."""
    write = getattr(SqliteRecords, method)

    def forgetful(self: SqliteRecords, table: AnyTable, *rest: Any) -> None:
        if table is not lost:
            write(self, table, *rest)

    patch.setattr(SqliteRecords, method, forgetful)


@fault
def a_used_invite_is_not_stored(patch: pytest.MonkeyPatch) -> None:
    losing(patch, invites.INVITES)


@fault
def a_former_handle_is_not_stored(patch: pytest.MonkeyPatch) -> None:
    put = SqliteRecords.put

    def forgetful(self: SqliteRecords, table: AnyTable, rows: Any) -> None:
        former = [row for row in rows if table is not accounts.HANDLES or row.is_current]
        put(self, table, former)

    patch.setattr(SqliteRecords, "put", forgetful)


@fault
def an_owner_who_left_is_still_counted(patch: pytest.MonkeyPatch) -> None:
    losing(patch, accounts.OWNERS, "drop")


@fault
def sessions_stay_when_all_end(patch: pytest.MonkeyPatch) -> None:
    losing(patch, sessions.SESSIONS, "drop")


@fault
def the_end_of_the_chain_is_not_stored(patch: pytest.MonkeyPatch) -> None:
    losing(patch, audit.AUDIT_HEAD)


@fault
def addresses_are_not_stored(patch: pytest.MonkeyPatch) -> None:
    losing(patch, audit.AUDIT_ADDRESS)


@fault
def a_repeated_change_is_made_again(patch: pytest.MonkeyPatch) -> None:
    losing(patch, ANSWERED)


def sqlite_in(folder: Path) -> SqliteStore:
    return SqliteStore(folder, "normal", lambda: "e1")


@pytest.mark.timeout(240)
def test_the_law_of_people_holds_in_sqlite(tmp_path: Path) -> None:
    check_law(sqlite_in, tmp_path, LONG, LawOfPeople)


def tell(law: LawOfPeople) -> None:
    """Let all of the story happen, and the law look at it."""
    try:
        for by, change in STORY:
            law.commit([Proposal(by, change)], False)
    finally:
        law.teardown()


def test_the_story_of_people_is_lawful(tmp_path: Path) -> None:
    tell(LawOfPeople(lambda: sqlite_in(tmp_path)))


@pytest.mark.parametrize("name", faults)
def test_the_law_of_people_notices_that(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults[name](monkeypatch)
    with pytest.raises(AssertionError):
        tell(LawOfPeople(lambda: sqlite_in(tmp_path)))
