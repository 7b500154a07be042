"""Guards as small as they can be.

The state document of a `team-…` room lists who may write and moderate there. A `club-…` room shuts people out and lets
them in again, by events that say whom they affect: so whoever follows it is cut off in order.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import asyncpg

from hubbub.domain.access import Operation, Permission, RoomKind, guests_and_all
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import DOCUMENTS, DocumentKey, document_of
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Kept, Known, Table
from hubbub.domain.rules import Affecting, Asking, Aspect, Guard, Rule, Rules
from hubbub.events import Event
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change
from hubbub.server.stores.postgres.records import POSTGRES
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.records import create
from hubbub.server.stores.sqlite.records import SQLITE
from hubbub.server.stores.sqlite.store import SqliteStore

# The table, for rooms of this kind: what each place in the room allows.
MAY = {
    "host": frozenset[Permission](Operation),
    "member": frozenset[Permission](Operation)
    - {Operation.PATCH, Operation.EDIT_ANY, Operation.DELETE_ANY},
}


def _needs(wanted: Needs, asking: Collection[Asking]) -> None:
    wanted.rows[DOCUMENTS].update(DocumentKey(room) for _, room in asking)


def _refuse(known: Known, principal: Principal, operation: Permission, room: str) -> Refusal | None:
    places = document_of(known.row(DOCUMENTS, DocumentKey(room))).value
    if not places:  # a new room: whoever comes first makes it
        return None
    place = places.get(principal.name)
    if place is None:
        return Refusal("not_found", "No such room, or no access to it")
    if operation not in MAY[place]:
        return Refusal("forbidden", f"Not allowed to {operation.label}")
    return None


def is_team(room: str) -> bool:
    return room.startswith("team-")


TEAMS = Aspect(guards=(Guard(is_team, _needs, _refuse),))
TEAM_RULES = Rules([*RULES.aspects, TEAMS])


# --- clubs ------------------------------------------------------------------------------------------


class ShutOut(Change, frozen=True):
    """Takes all rights in a club from `who`, a stable id."""

    who: str


class LetIn(Change, frozen=True):
    """Gives them back."""

    who: str


class Excluded(Event, frozen=True, kw_only=True):
    """`by` shut `who` out."""

    who: str


class Included(Event, frozen=True, kw_only=True):
    """`by` let `who` in again."""

    who: str


class Outsider(NamedTuple):
    """Someone who is shut out of a club."""

    room: str
    who: str


OUTSIDERS = Table("outsider", Outsider, Outsider)
MAY_SHUT_OUT = Permission("shut out", {RoomKind.FREE: guests_and_all(Scope.POST)})


def is_club(room: str) -> bool:
    return room.startswith("club-")


def _needs_self(wanted: Needs, asking: Collection[Asking]) -> None:
    wanted.rows[OUTSIDERS].update(Outsider(room, who.id) for who, room in asking)


def _refuse_outsiders(
    known: Known, principal: Principal, _: Permission, room: str
) -> Refusal | None:
    if known.row(OUTSIDERS, Outsider(room, principal.id)) is None:
        return None
    return Refusal("not_found", "No such room, or no access to it")


def _needs_whom(wanted: Needs, _: Principal, change: ShutOut | LetIn) -> None:
    wanted.row(OUTSIDERS, Outsider(change.room, change.who))


def _shut_out(ledger: Ledger, principal: Principal, change: ShutOut) -> Answer:
    return ledger.append(Excluded(**ledger.next(change.room, principal), who=change.who))


def _let_in(ledger: Ledger, principal: Principal, change: LetIn) -> Answer:
    return ledger.append(Included(**ledger.next(change.room, principal), who=change.who))


def _whom(event: Excluded | Included) -> Iterator[str]:
    yield event.who


def _exclude(kept: Kept, event: Excluded) -> None:
    kept.put(OUTSIDERS, Outsider(event.room, event.who))


def _include(kept: Kept, event: Included) -> None:
    kept.drop(OUTSIDERS, Outsider(event.room, event.who))


CLUBS = Aspect(
    tables=(OUTSIDERS,),
    rules=(
        Rule(ShutOut, MAY_SHUT_OUT, _needs_whom, _shut_out),
        Rule(LetIn, MAY_SHUT_OUT, _needs_whom, _let_in),
    ),
    events=(Excluded, Included),
    guards=(Guard(is_club, _needs_self, _refuse_outsiders),),
    affecting=(Affecting(Excluded, _whom, _exclude), Affecting(Included, _whom, _include)),
)
CLUB_RULES = Rules([*RULES.aspects, CLUBS])


async def make_sqlite(folder: Path) -> None:
    """Make a database in a folder that has the clubs' table."""
    store = SqliteStore(folder, "normal", lambda: "e1")
    await store.close()
    database = apsw.Connection(str(folder / "hubbub.db"))
    database.execute(create(SQLITE, OUTSIDERS))
    database.close()


async def make_postgres(url: str) -> None:
    """Make a database at a URL that has the clubs' table."""
    store = await PostgresStore.open(url, "normal", lambda: "e1")
    await store.close()
    connection = await asyncpg.connect(url)
    await connection.execute(create(POSTGRES, OUTSIDERS))
    await connection.close()
