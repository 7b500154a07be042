"""Whatever is done with accounts, the store has what the model has; and each fault sown into it turns the law red."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from hubbub.domain.aspects.people import accounts, audit, invites, sessions
from hubbub.domain.aspects.people.accounts import ChangeRole
from hubbub.domain.facts import ANSWERED, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Prefix
from hubbub.protocol.messages import Post, React
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.writer import SqliteWriter
from tests.contracts.test_law import EXAMPLES, check_law
from tests.support.fakes import account
from tests.support.faulty import AssembledStore, StoreParts
from tests.support.laws_of_people import LawOfPeople
from tests.support.sown import Faults
from tests.support.team import BEGINNING
from tests.support.team_story import EVERYTHING

LONG = settings(max_examples=EXAMPLES, stateful_step_count=30)
GRACE = account("grace").id
STORY = [  # in which each of the faults shows
    *BEGINNING,
    *((account(by) if isinstance(by, str) else by, change) for by, change in EVERYTHING),
    *((account("ada"), ChangeRole(account=GRACE, role=role)) for role in ("owner", "admin")),
]

faults = Faults[Callable[[], type[SqliteRecords]]]()


def not_putting(lost: AnyTable) -> type[SqliteRecords]:
    """Let rows of a table not be written."""

    class Forgetful(SqliteRecords):
        def put(self, table: AnyTable, rows: Sequence[Prefix]) -> None:
            if table is not lost:
                super().put(table, rows)

    return Forgetful


def not_dropping(kept: AnyTable) -> type[SqliteRecords]:
    """Let rows of a table not be dropped."""

    class Forgetful(SqliteRecords):
        def drop(self, table: AnyTable, width: int, prefixes: Sequence[Prefix]) -> None:
            if table is not kept:
                super().drop(table, width, prefixes)

    return Forgetful


@faults.add
def a_used_invite_is_not_stored() -> type[SqliteRecords]:
    return not_putting(invites.INVITES)


@faults.add
def a_former_handle_is_not_stored() -> type[SqliteRecords]:
    class Forgetful(SqliteRecords):
        def put(self, table: AnyTable, rows: Sequence[Any]) -> None:
            super().put(table, [r for r in rows if table is not accounts.HANDLES or r.is_current])

    return Forgetful


@faults.add
def an_owner_who_left_is_still_counted() -> type[SqliteRecords]:
    return not_dropping(accounts.OWNERS)


@faults.add
def sessions_stay_when_all_end() -> type[SqliteRecords]:
    return not_dropping(sessions.SESSIONS)


@faults.add
def the_end_of_the_chain_is_not_stored() -> type[SqliteRecords]:
    return not_putting(audit.AUDIT_HEAD)


@faults.add
def addresses_are_not_stored() -> type[SqliteRecords]:
    return not_putting(audit.AUDIT_ADDRESS)


@faults.add
def a_repeated_change_is_made_again() -> type[SqliteRecords]:
    return not_putting(ANSWERED)


@pytest.mark.timeout(240)
def test_the_law_of_people_holds_in_sqlite(tmp_path: Path) -> None:
    check_law(AssembledStore, tmp_path, LONG, LawOfPeople)


def tell(law: LawOfPeople) -> None:
    """Let all of the story happen, and the law look at it."""
    try:
        for by, change in STORY:
            law.commit([Proposal(by, change)], False)
    finally:
        law.teardown()


def test_the_story_of_people_is_lawful(tmp_path: Path) -> None:
    tell(LawOfPeople(lambda: AssembledStore(tmp_path)))


@pytest.mark.parametrize("name", faults)
def test_the_law_of_people_notices_that(name: str, tmp_path: Path) -> None:
    parts = StoreParts(records=faults[name]())
    with pytest.raises(AssertionError):
        tell(LawOfPeople(lambda: AssembledStore(tmp_path, parts)))


def not_erasing(what: str) -> StoreParts:
    """Let the store leave what the ledger says is to be erased."""

    class Forgetful(SqliteWriter):
        def _write(self, ledger: Ledger) -> None:
            getattr(ledger, what).clear()
            super()._write(ledger)

    return StoreParts(writer=Forgetful)


def remove_dave(law: LawOfPeople) -> None:
    """Let dave write and react, and be removed with all that."""
    ada, dave = account("ada"), account("dave")
    try:
        law.claim()
        law.answers([Proposal(ada, Post(room="lobby", text="stays"))])
        law.answers([Proposal(dave, React(room="lobby", seq=1, emoji="x"))])
        law.answers([Proposal(dave, Post(room="lobby", text="goes"))])
        law.remove(ada, dave.id, erases=True)
    finally:
        law.teardown()


def test_a_removal_is_lawful(tmp_path: Path) -> None:
    remove_dave(LawOfPeople(lambda: AssembledStore(tmp_path)))


@pytest.mark.parametrize("what", ["deleted", "unreacted", "unnamed", "trimmed"])
def test_the_law_of_people_notices_what_a_removal_leaves(what: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        remove_dave(LawOfPeople(lambda: AssembledStore(tmp_path, not_erasing(what))))
