"""The law of rooms with members would notice: each of these faults, sown into the rules, shows in one story."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubbub.domain import memberships
from hubbub.domain.aspects.rooms import members, settings
from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rooms import ALIAS, MEMBER, RESTRAINT, Alias, Member
from hubbub.events import Event
from hubbub.events.rooms import Banned, Invited, Left, Removed
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Change
from hubbub.protocol.rooms import Ban, ChangeRoom, InvitePeople, Mute, Remove, Unban
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.laws_of_rooms import LawOfRooms
from tests.support.rooms import ADA, GRACE, GUEST, MARGARET, ROOM_RULES

OPEN, CLOSED, DIRECT = (f"@r{n:0>12}" for n in (1, 2, 3))
STORY: list[tuple[Principal, Change]] = [
    (MARGARET, JoinRoom(room=OPEN, client_message_id="k")),
    (MARGARET, LeaveRoom(room=OPEN)),
    (MARGARET, JoinRoom(room=OPEN, client_message_id="k")),
    (ADA, InvitePeople(room=CLOSED, who=(MARGARET.id,))),
    (ADA, Mute(room=CLOSED, who=MARGARET.id)),
    (ADA, Ban(room=CLOSED, who=GUEST.id)),
    (ADA, Ban(room=OPEN, who=GRACE.id)),
    (ADA, Unban(room=OPEN, who=GRACE.id)),
    (ADA, Remove(room=CLOSED, who=GRACE.id)),
    (ADA, ChangeRoom(room=OPEN, alias="galley")),
    (MARGARET, LeaveRoom(room=DIRECT)),
    (GRACE, LeaveRoom(room=DIRECT)),
]

Sow = Callable[[pytest.MonkeyPatch], None]
faults: dict[str, Sow] = {}


def fault(sow: Sow) -> Sow:
    faults[sow.__name__.replace("_", " ")] = sow
    return sow


def tell(directory: Path) -> None:
    """Let all that happen, a commit for each, and check the law."""
    law = LawOfRooms(lambda: SqliteStore(directory, "normal", lambda: "e1", ROOM_RULES))
    try:
        law.move_in()
        for deed in STORY:
            law.answers([Proposal(*deed)])
    finally:
        law.teardown()


def instead(
    patch: pytest.MonkeyPatch, event: type[Event], act: Callable[[Ledger, Any], None]
) -> None:
    """Let this follow from an event, and nothing else."""
    patch.setitem(ROOM_RULES.consequences, event, [act])


@fault
def the_own_log_does_not_say_that_one_is_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(memberships, "end_of_own", lambda *_: None)


@fault
def a_member_who_is_removed_stays_one(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Removed, lambda *_: None)


@fault
def a_member_who_is_banned_stays_one(patch: pytest.MonkeyPatch) -> None:
    def only_restrain(ledger: Ledger, event: Banned) -> None:
        members._restrain(ledger, event.room, event.who, is_banned=True)

    instead(patch, Banned, only_restrain)


@fault
def a_member_who_leaves_stays_one(patch: pytest.MonkeyPatch) -> None:
    def only_out_of_sight(ledger: Ledger, event: Left) -> None:
        if event.where is not None:
            memberships.left(ledger, event)

    instead(patch, Left, only_out_of_sight)


@fault
def a_member_without_a_log_entry(patch: pytest.MonkeyPatch) -> None:
    def quietly(ledger: Ledger, principal: Principal, room: str, who: str) -> Accepted:
        ledger.put(MEMBER, Member(room, who, "member", 1, False))
        return ledger.append(Invited(**ledger.next(who, principal), where=room))

    patch.setattr(memberships, "invite", quietly)


@fault
def a_retried_change_happens_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "_decide_once", Ledger._decide)


@fault
def a_former_alias_stays_current(patch: pytest.MonkeyPatch) -> None:
    def only_add(ledger: Ledger, _: Any, after: Any) -> None:
        if after.alias:
            ledger.add(ALIAS, Alias(DIRECTORY, after.alias, after.room, True))

    patch.setattr(settings, "_point", only_add)


@fault
def what_holds_people_back_is_not_stored(patch: pytest.MonkeyPatch) -> None:
    write = SqliteRecords.write

    def less(self: SqliteRecords, ledger: Ledger) -> None:
        ledger.rows.pop(RESTRAINT, None)
        write(self, ledger)

    patch.setattr(SqliteRecords, "write", less)


def test_the_story_is_lawful(tmp_path: Path) -> None:
    tell(tmp_path)


@pytest.mark.parametrize("name", faults)
def test_the_law_notices(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults[name](monkeypatch)
    with pytest.raises(AssertionError):
        tell(tmp_path)
