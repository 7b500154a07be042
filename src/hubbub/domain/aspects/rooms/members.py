"""Members of made rooms: who comes and goes, who may not, and who is a host."""

from typing import Any, TypeVar

from hubbub.domain import memberships
from hubbub.domain.access import Operation
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import BY_RULE, Internal, note, to_note
from hubbub.domain.aspects.rooms.standings import is_banned, is_untouchable
from hubbub.domain.facts import Accepted, Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Role
from hubbub.domain.records import Kept
from hubbub.domain.rules import Affecting, Aspect, Consequence, Rule
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.domain.tables.rooms import (
    DIRECT,
    MEMBER,
    PLACE,
    RESTRAINT,
    ROOM,
    MemberKey,
    PlaceKey,
    Restraint,
    RoomKey,
    room_row,
)
from hubbub.domain.weights import CHANGE_COST, weighed
from hubbub.events import Posted
from hubbub.events.rooms import (
    Appointed,
    Banned,
    Hidden,
    Invited,
    Joined,
    Left,
    Muted,
    Removed,
    Unbanned,
    Unmuted,
)
from hubbub.protocol.commands.rooms import (
    Appoint,
    Ban,
    Create,
    InvitePeople,
    Mute,
    OnMember,
    Remove,
    Unban,
    Unmute,
)
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import DIRECTORY, is_account_key, is_made_key, parent_of


class JoinRoom(Internal, frozen=True):
    """Becomes a member of a made room."""


class LeaveRoom(Internal, frozen=True):
    """Is no longer a member of a made room. A direct of two is hidden until the next message."""


C = TypeVar("C", InvitePeople, Create)

NO_ACCOUNT = Refusal("not_found", "No such account, or it is not active")
OF_TWO = (
    2  # people in a direct that can be hidden but not left, and in which one can block the other
)


def to_name(wanted: Needs, room: str, *accounts: str) -> None:
    """Name what must be known about people whom a command names, and about whoever sends it."""
    memberships.to_begin_or_end(wanted, room, *accounts)
    for account in accounts:
        wanted.row(ACCOUNT, account_row(account))


def weighed_named(change: C) -> tuple[C, int]:
    """Return a command, and what it weighs: it has two events for each person whom it names."""
    _, weight = weighed(change)
    return change, weight + 2 * CHANGE_COST * len(change.who)


def is_active(ledger: Ledger, account: str) -> bool:
    """Whether there is such an account that may act."""
    row = ledger.row(ACCOUNT, account_row(account))
    return row is not None and row.status == "active"


# --- coming ---


def _screen_invite(invite: InvitePeople, _: int) -> Refusal | None:
    return None if all(map(is_account_key, invite.who)) else NO_ACCOUNT


def _invite_needs(wanted: Needs, _: Principal, invite: InvitePeople) -> None:
    to_name(wanted, invite.room, *invite.who)


def _invite(ledger: Ledger, principal: Principal, invite: InvitePeople) -> Answer:
    room, who = invite.room, tuple(dict.fromkeys(invite.who))
    if not all(is_active(ledger, each) for each in who):
        return NO_ACCOUNT
    if any(_is_guest(ledger, each) for each in who) and (
        refusal := ledger.refusal(principal, Operation.INVITE_GUEST, room)
    ):
        return refusal
    if any(_is_banned(ledger, room, each) for each in who):
        return Refusal("forbidden", "Someone is banned from this room: end the ban first")
    answer = ledger.unchanged()
    for each in who:
        if ledger.row(MEMBER, MemberKey(room, each)) is None:
            answer = memberships.invite(ledger, principal, room, each)
    return answer


def _is_guest(ledger: Ledger, account: str) -> bool:
    row = ledger.row(ACCOUNT, account_row(account))
    return row is not None and row.role == "guest"


def _is_banned(ledger: Ledger, room: str, account: str) -> bool:
    row = ledger.row(RESTRAINT, MemberKey(room, account))
    return row is not None and is_banned(row, ledger.now)


def _join_needs(wanted: Needs, principal: Principal, join: JoinRoom) -> None:
    to_name(wanted, join.room, principal.id)
    to_note(wanted)


def _join(ledger: Ledger, principal: Principal, join: JoinRoom) -> Answer:
    if ledger.row(MEMBER, MemberKey(join.room, principal.id)):
        return ledger.unchanged()
    row = ledger.row(ROOM, RoomKey(join.room))
    is_closed = row is not None and row.kind != "open"
    in_room, _ = memberships.join(ledger, principal, join.room, oversight=is_closed)
    if is_closed:  # nobody else may
        note(ledger, principal, join, "joined a closed room", join.room)
    return in_room


# --- going ---


def _leave_needs(wanted: Needs, principal: Principal, leave: LeaveRoom) -> None:
    to_name(wanted, leave.room, principal.id)
    wanted.logs.add(DIRECTORY)  # where it is kept which direct these people have
    wanted.count(MEMBER, leave.room)


def _leave(ledger: Ledger, principal: Principal, leave: LeaveRoom) -> Answer:
    room = ledger.row(ROOM, RoomKey(leave.room))
    if room is None or ledger.row(MEMBER, MemberKey(leave.room, principal.id)) is None:
        return ledger.unchanged()
    if room.people is not None:
        if ledger.count(MEMBER, leave.room) <= OF_TWO:
            return _hide(ledger, principal, leave.room)
        ledger.drop_all(DIRECT, DIRECTORY, room.people)  # the same people may begin another
    return memberships.leave(ledger, principal, leave.room)


def _hide(ledger: Ledger, principal: Principal, room: str) -> Accepted:
    """Show a direct no more until the next message. The answer says which was the last."""
    upto = ledger.head(room)
    ledger.append(Hidden(**ledger.next(principal.id, principal), where=room, upto=upto))
    return Accepted(upto, ledger.at)


class EndMembership(Internal, frozen=True, kw_only=True):
    """Ends a membership of an account that was removed, or lets it follow a thread no longer."""

    account: str


def _end_needs(wanted: Needs, _: Principal, end: EndMembership) -> None:
    to_name(wanted, end.room, end.account)


def _end(ledger: Ledger, principal: Principal, end: EndMembership) -> Answer:
    """Let the account leave. Nobody becomes a host in its place: admins can appoint one, as when a host leaves."""
    account = ledger.row(ACCOUNT, account_row(end.account))
    if principal.id != OPERATOR.id or account is None or account.status != "removed":
        return Refusal("forbidden", "Not allowed to end this membership")
    key = MemberKey(end.room, end.account)
    is_member = ledger.row(MEMBER, key) is not None
    gone = Principal(end.account, Role.ACCOUNT, end.account)
    if is_member or ledger.row(PLACE, PlaceKey(end.account, end.room)):
        memberships.end_of_own(ledger, gone, end.room, end.account)
    if not is_member:
        return ledger.unchanged()
    return ledger.append(Left(**ledger.next(end.room, gone)))


AboutOne = Invited | Removed | Banned | Unbanned | Muted | Unmuted | Appointed


def _screen_member(change: OnMember, _: int) -> Refusal | None:
    return None if is_account_key(change.who) else NO_ACCOUNT


def _member_needs(wanted: Needs, _: Principal, change: OnMember) -> None:
    to_name(wanted, change.room, change.who)


def _remove(ledger: Ledger, principal: Principal, remove: Remove) -> Answer:
    if remove.who == principal.id:
        return Refusal("bad_request", "You can't remove yourself: leave the room instead")
    if ledger.row(ACCOUNT, account_row(remove.who)) is None:
        return NO_ACCOUNT
    if ledger.row(MEMBER, MemberKey(remove.room, remove.who)) is None:
        return ledger.unchanged()
    memberships.end_of_own(ledger, principal, remove.room, remove.who)
    return ledger.append(Removed(**ledger.next(remove.room, principal), who=remove.who))


# --- bans and mutes ---


def _ban(ledger: Ledger, principal: Principal, ban: Ban) -> Answer:
    if refusal := _restraining_refused(ledger, principal, ban):
        return refusal
    if ledger.row(MEMBER, MemberKey(ban.room, ban.who)):
        memberships.end_of_own(ledger, principal, ban.room, ban.who)
    place = ledger.next(ban.room, principal)
    return ledger.append(Banned(**place, who=ban.who, until=_until(ledger, ban)))


def _mute(ledger: Ledger, principal: Principal, mute: Mute) -> Answer:
    if refusal := _restraining_refused(ledger, principal, mute):
        return refusal
    place = ledger.next(mute.room, principal)
    return ledger.append(Muted(**place, who=mute.who, until=_until(ledger, mute)))


def _restraining_refused(
    ledger: Ledger, principal: Principal, change: Ban | Mute
) -> Refusal | None:
    account = ledger.row(ACCOUNT, account_row(change.who))
    if account is None:
        return NO_ACCOUNT
    if change.who == principal.id or is_untouchable(account):
        what = "ban" if isinstance(change, Ban) else "mute"
        return Refusal("forbidden", f"Not allowed to {what} this account")
    return None


def _until(ledger: Ledger, change: Ban | Mute) -> float | None:
    return None if change.seconds is None else round(ledger.now + change.seconds, 3)


def _unban(ledger: Ledger, principal: Principal, unban: Unban) -> Answer:
    if ledger.row(ACCOUNT, account_row(unban.who)) is None:
        return NO_ACCOUNT
    row = ledger.row(RESTRAINT, MemberKey(unban.room, unban.who))
    if row is None or not row.is_banned:
        return ledger.unchanged()
    return ledger.append(Unbanned(**ledger.next(unban.room, principal), who=unban.who))


def _unmute(ledger: Ledger, principal: Principal, unmute: Unmute) -> Answer:
    if ledger.row(ACCOUNT, account_row(unmute.who)) is None:
        return NO_ACCOUNT
    row = ledger.row(RESTRAINT, MemberKey(unmute.room, unmute.who))
    if row is None or not row.is_muted:
        return ledger.unchanged()
    return ledger.append(Unmuted(**ledger.next(unmute.room, principal), who=unmute.who))


# --- hosts ---


def _appoint(ledger: Ledger, principal: Principal, appoint: Appoint) -> Answer:
    member = ledger.row(MEMBER, MemberKey(appoint.room, appoint.who))
    if member is None:
        return Refusal("not_found", "No such member of the room")
    if appoint.role == "host" and _is_guest(ledger, appoint.who):
        return Refusal("forbidden", "Not allowed to appoint a guest")
    if member.role == appoint.role:
        return ledger.unchanged()
    place = ledger.next(appoint.room, principal)
    return ledger.append(Appointed(**place, who=appoint.who, role=appoint.role))


# --- whom events affect, in the room's log ---


def _author(event: Joined | Left) -> tuple[str, ...]:
    return (event.by,) if event.where is None else ()


def _named(event: AboutOne) -> tuple[str, ...]:
    return () if event.who is None else (event.who,)


# --- what events mean for what holds someone back ---


def _banned(kept: Kept, event: Banned) -> None:
    memberships.removed(kept, event)
    _restrain(kept, event.room, event.who, is_banned=True, banned_until=event.until)


def _unbanned(kept: Kept, event: Unbanned) -> None:
    _restrain(kept, event.room, event.who, is_banned=False, banned_until=None)


def _muted(kept: Kept, event: Muted) -> None:
    _restrain(kept, event.room, event.who, is_muted=True, muted_until=event.until)


def _unmuted(kept: Kept, event: Unmuted) -> None:
    _restrain(kept, event.room, event.who, is_muted=False, muted_until=None)


def _restrain(kept: Kept, room: str, who: str, **new: Any) -> None:
    """Change what holds someone back; if nothing does, no row is kept."""
    key = MemberKey(room, who)
    row = (kept.row(RESTRAINT, key) or Restraint(*key))._replace(**new)
    if row == Restraint(*key):
        kept.drop(RESTRAINT, key)
    else:
        kept.put(RESTRAINT, row)


def _posted(ledger: Ledger, event: Posted) -> None:
    """Keep the time of a message in slow mode."""
    if not is_made_key(event.room):
        return
    room = ledger.row(ROOM, room_row(parent_of(event.room)))
    if room is not None and room.slow and is_account_key(event.by):
        _restrain(ledger, room.room, event.by, posted_at=ledger.now)


_MODERATE = Operation.MODERATE

ASPECT = Aspect(
    tables=(MEMBER, RESTRAINT, PLACE),
    rules=(
        Rule(InvitePeople, Operation.INVITE, _invite_needs, _invite, _screen_invite, weighed_named),
        Rule(JoinRoom, Operation.JOIN, _join_needs, _join, is_internal=True),
        Rule(LeaveRoom, Operation.LEAVE, _leave_needs, _leave, is_internal=True),
        Rule(EndMembership, BY_RULE, _end_needs, _end, is_internal=True, in_threads=True),
        Rule(Remove, _MODERATE, _member_needs, _remove, _screen_member),
        Rule(Ban, _MODERATE, _member_needs, _ban, _screen_member),
        Rule(Unban, _MODERATE, _member_needs, _unban, _screen_member),
        Rule(Mute, _MODERATE, _member_needs, _mute, _screen_member),
        Rule(Unmute, _MODERATE, _member_needs, _unmute, _screen_member),
        Rule(Appoint, Operation.MANAGE, _member_needs, _appoint, _screen_member),
    ),
    events=(
        *(Joined, Invited, Left, Hidden, Removed),
        *(Banned, Unbanned, Muted, Unmuted, Appointed),
    ),
    affecting=(
        Affecting(Joined, _author, memberships.joined),
        Affecting(Invited, _named, memberships.invited),
        Affecting(Left, _author, memberships.left),
        Affecting(Removed, _named, memberships.removed),
        Affecting(Banned, _named, _banned),
        Affecting(Unbanned, _named, _unbanned),
        Affecting(Muted, _named, _muted),
        Affecting(Unmuted, _named, _unmuted),
        Affecting(Appointed, _named, memberships.appointed),
    ),
    consequences=(Consequence(Hidden, memberships.hidden), Consequence(Posted, _posted)),
)
