"""Memberships: how one begins and ends, in the log of the room and in that of the member, and the rows that say so.

Rows of a room follow from the events of its log alone, and those of an account from its own log.
"""

from hubbub.domain.facts import Accepted, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Kept
from hubbub.domain.tables.rooms import (
    MEMBER,
    PLACE,
    RESTRAINT,
    Member,
    MemberKey,
    PlaceKey,
    Placement,
)
from hubbub.events.rooms import (
    Appointed,
    Banned,
    Hidden,
    Invited,
    Joined,
    Left,
    Removed,
)

# --- beginning and ending ---


def to_begin_or_end(wanted: Needs, room: str, *accounts: str) -> None:
    """Name what must be known in order to `begin` or `end` the memberships of these accounts."""
    wanted.logs.add(room)
    for account in accounts:
        wanted.logs.add(account)
        wanted.row(MEMBER, MemberKey(room, account))
        wanted.row(RESTRAINT, MemberKey(room, account))
        wanted.row(PLACE, PlaceKey(account, room))


def join(
    ledger: Ledger,
    principal: Principal,
    room: str,
    role: str = "member",
    oversight: bool = False,
) -> tuple[Accepted, Accepted]:
    """Make the principal a member; returns the events of the room's log and of its own."""
    place, own = ledger.next(room, principal), ledger.next(principal.id, principal)
    of_room = ledger.append(Joined(**place, role=role, oversight=oversight))
    return of_room, ledger.append(Joined(**own, where=room, role=role, oversight=oversight))


def invite(ledger: Ledger, principal: Principal, room: str, who: str) -> Accepted:
    """Make someone else a member; returns the event of the room's log."""
    ledger.append(Invited(**ledger.next(who, principal), where=room))
    return ledger.append(Invited(**ledger.next(room, principal), who=who))


def leave(ledger: Ledger, principal: Principal, room: str) -> Accepted:
    """End the principal's membership; returns the event of the room's log."""
    end_of_own(ledger, principal, room, principal.id)
    return ledger.append(Left(**ledger.next(room, principal)))


def end_of_own(ledger: Ledger, principal: Principal, room: str, who: str) -> None:
    """Say in an account's own log that a membership ended."""
    ledger.append(Left(**ledger.next(who, principal), where=room))


# --- what events mean ---


def joined(kept: Kept, event: Joined) -> None:
    """A membership began."""
    if event.where is None:
        kept.put(MEMBER, Member(event.room, event.by, event.role, event.seq, event.oversight))
    else:
        kept.put(PLACE, Placement(event.room, event.where))


def invited(kept: Kept, event: Invited) -> None:
    """A membership began."""
    if event.who is not None:
        kept.put(MEMBER, Member(event.room, event.who, "member", event.seq, False))
    elif event.where is not None:
        kept.put(PLACE, Placement(event.room, event.where))


def left(kept: Kept, event: Left) -> None:
    """A membership ended."""
    if event.where is None:
        kept.drop(MEMBER, MemberKey(event.room, event.by))
    else:
        kept.drop(PLACE, PlaceKey(event.room, event.where))


def removed(kept: Kept, event: Removed | Banned) -> None:
    """A membership ended, if there was one."""
    kept.drop(MEMBER, MemberKey(event.room, event.who))


def appointed(kept: Kept, event: Appointed) -> None:
    """A member got another role."""
    if member := kept.row(MEMBER, MemberKey(event.room, event.who)):
        kept.put(MEMBER, member._replace(role=event.role))


def hidden(kept: Kept, event: Hidden) -> None:
    """A direct is hidden from one of its people."""
    place = kept.row(PLACE, PlaceKey(event.room, event.where))
    kept.put(PLACE, (place or Placement(event.room, event.where))._replace(hidden=event.upto))
