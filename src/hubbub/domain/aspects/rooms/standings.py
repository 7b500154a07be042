"""Standings: what the access table of made rooms must know, from the rows of a room, a member and an account.

The guard of made rooms asks before each change in the ledger, and before reading, about what is in memory.
"""

from collections.abc import Collection
from functools import lru_cache

from hubbub.domain.access import UNKNOWN, Operation, Permission, RoomKind
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import BY_RULE
from hubbub.domain.facts import Needs
from hubbub.domain.places import SMALL, MadeKind, RoomPlace, Standing, refusal
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.domain.records import Known
from hubbub.domain.rules import Asking, Guard, accounts_in
from hubbub.domain.tables.accounts import ACCOUNT, UNHEARD, Account, account_row, unheard_row
from hubbub.domain.tables.rooms import MEMBER, RESTRAINT, ROOM, Restraint, member_row, room_row
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import DIRECTORY, is_made_key, parent_of

_UNRESTRAINED = Restraint("", "")
_KINDS = {kind.value: kind for kind in MadeKind}


def needs(wanted: Needs, asking: Collection[Asking]) -> None:
    """Name what must be known about rooms, and about those who ask there; of threads, about the rooms that they are in."""
    rooms = {room for _, room in asking}
    if ":" in "".join(rooms):
        asking = [(principal, parent_of(each)) for principal, each in asking]
        rooms = set(map(parent_of, rooms))
        wanted.logs.update(rooms)  # no place changes meanwhile
    wanted.rows[ROOM].update(map(room_row, rooms))
    if accounts := accounts_in(asking):
        keys = [member_row(room, account) for account, room in accounts]
        wanted.rows[MEMBER].update(keys)
        wanted.rows[RESTRAINT].update(keys)
        wanted.rows[ACCOUNT].update([account_row(account) for account, _ in accounts])


def refuse(
    known: Known, principal: Principal, operation: Permission, room: str, size: int | None = None
) -> Refusal | None:
    """Return why a principal may not do this in a room, or in a thread of it, or None if it may.

    `size` is the number of members, which is asked for if it matters and isn't given.
    """
    if operation is BY_RULE:
        return None
    if not principal.is_account and principal.role in (Role.TOKEN, Role.USER):
        return UNKNOWN
    asked = operation
    if is_in_thread := ":" in room:
        room = parent_of(room)
        if operation is Operation.MARK and principal.is_account:
            asked = Operation.READ  # a thread has no members: whoever reads it may follow it
    if asked is operation and _is_plain(known, principal, operation, room):
        return None
    standing = standing_of(known, principal, room)
    if is_in_thread:
        standing = standing._replace(only_hosts_post=False)
    if asked is Operation.NAME_ALL:
        number = known.count(MEMBER, room) if size is None else size
        standing = standing._replace(size=number)
    if found := refusal(standing, asked):
        return found
    if _is_given(operation, principal.role, principal.scopes):
        return None
    return Refusal("forbidden", f"Not allowed to {operation.label} with this token")


def may(
    known: Known, principal: Principal, room: str, size: int = 0
) -> dict[Permission, Refusal | None]:
    """Return for each operation why a principal may not do it in a room, or None if it may."""
    found = {each: refuse(known, principal, each, room, size) for each in Operation}
    return {
        each: refusal or refuse_unheard(known, principal, each, room)
        for each, refusal in found.items()
    }


def _is_plain(known: Known, principal: Principal, operation: Permission, room: str) -> bool:
    """Whether the table alone allows it, as nearly always, and the credential too: nothing else need be looked at."""
    if not principal.is_account:
        return False
    key = member_row(room, principal.id)
    if (member := known.row(MEMBER, key)) is None or known.row(RESTRAINT, key) is not None:
        return False
    row = known.row(ROOM, room_row(room))
    account = known.row(ACCOUNT, account_row(principal.id))
    if row is None or account is None or account.status != "active":
        return False
    if row.archived_at is not None or row.posters != "all":
        return False
    return _always_may(operation, row.kind, account.role, member.role, principal.scopes)


@lru_cache(maxsize=1024)
def _is_given(operation: Permission, role: Role, scopes: frozenset[Scope]) -> bool:
    return operation.is_given(role, scopes, RoomKind.MADE)


@lru_cache(maxsize=1024)
def _always_may(
    operation: Permission, kind: str, role: str, role_in_room: str, scopes: frozenset[Scope]
) -> bool:
    """Whether the table allows it whatever the settings of the room for its members, and these scopes do."""
    places = _places(_KINDS[kind], role, role_in_room)
    strict = Standing(places, _KINDS[kind], size=SMALL + 1)._replace(
        members_may_invite=False, members_may_edit=False, members_may_name_all=False
    )
    return refusal(strict, operation) is None and _is_given(operation, Role.ACCOUNT, scopes)


def standing_of(known: Known, principal: Principal, room: str) -> Standing:
    """Return what the table must know. The operator may do what an owner of the server may who is no member."""
    row = known.row(ROOM, room_row(room))
    account, member, restraint = None, None, _UNRESTRAINED
    role: str | None = None
    status = "active"
    if principal.id == OPERATOR.id:
        role = "owner"
    elif principal.is_account:
        account = known.row(ACCOUNT, account_row(principal.id))
        key = member_row(room, principal.id)
        member = known.row(MEMBER, key)
        restraint = known.row(RESTRAINT, key) or _UNRESTRAINED
        status = account.status if account else "removed"
        role = account and account.role
    if row is None:
        return Standing(status=status)
    kind = _KINDS[row.kind]
    return Standing(
        _places(kind, role, member and member.role),
        kind,
        status,
        account is not None and account.kind == "bot",
        row.public,
        row.archived_at is not None,
        is_banned(restraint, known.now),
        restraint.banned_until,
        is_muted(restraint, known.now),
        restraint.muted_until,
        row.posters == "hosts",
        _rest(row.slow, restraint.posted_at, known.now) if row.slow else 0.0,
        row.members_may_invite,
        row.members_may_edit,
        row.members_may_name_all,
    )


@lru_cache(maxsize=256)
def _places(kind: MadeKind, role: str | None, role_in_room: str | None) -> tuple[RoomPlace, ...]:
    """Return what someone is in a room, by the account's role on the server and in the room."""
    if role is None or (role == "guest" and role_in_room is None):
        return (RoomPlace.OUTSIDER,)
    if role == "guest":
        return (RoomPlace.GUEST,)
    if role_in_room == "host" or (role == "moderator" and kind is MadeKind.OPEN):
        own = RoomPlace.HOST
    else:
        own = RoomPlace.MEMBER if role_in_room else RoomPlace.OTHER
    return (own, RoomPlace.ADMIN) if role in ("owner", "admin") else (own,)


def is_banned(row: Restraint, now: float) -> bool:
    """Whether a ban lasts still, at a time in seconds since 1970."""
    return row.is_banned and _is_on(row.banned_until, now)


def is_muted(row: Restraint, now: float) -> bool:
    """Whether a mute lasts still, likewise."""
    return row.is_muted and _is_on(row.muted_until, now)


def _is_on(until: float | None, now: float) -> bool:
    return until is None or until > now


def _rest(slow: int, posted_at: float | None, now: float) -> float:
    """Return for how many seconds a member may not post again."""
    return 0.0 if posted_at is None else round(max(0.0, posted_at + slow - now), 3)


def is_untouchable(account: Account | None) -> bool:
    """Whether nobody bans or mutes this account, since it looks after the whole server."""
    return account is not None and account.role in ("owner", "admin", "moderator")


# --- directs of two in which one blocks the other ---

NOT_HEARD = Refusal("forbidden", "Someone in this direct doesn't want to hear from you")
_UNHEARD_MAY = frozenset(
    {
        *(Operation.KNOW, Operation.READ, Operation.MARK),
        *(Operation.JOIN, Operation.LEAVE, Operation.DELETE_OWN),
    }
)


def needs_heard(wanted: Needs, asking: Collection[Asking]) -> None:
    """Name what must be known in order to tell whether others want to hear from those who ask in rooms."""
    if accounts := accounts_in(asking):
        keys = [unheard_row(account, room) for account, room in accounts]
        wanted.rows[UNHEARD].update(keys)


def refuse_unheard(
    known: Known, principal: Principal, operation: Permission, room: str
) -> Refusal | None:
    """Return why a principal may not do this in a direct, if that is since the other one blocks it."""
    if not principal.is_account or operation in _UNHEARD_MAY or operation is BY_RULE:
        return None
    row = unheard_row(principal.id, room)
    return NOT_HEARD if known.row(UNHEARD, row) else None


def _elsewhere(room: str) -> tuple[str, ...]:
    parent = parent_of(room)
    return (DIRECTORY,) if parent == room else (DIRECTORY, parent)


GUARD = Guard(is_made_key, needs, refuse, elsewhere=_elsewhere)
HEARD = Guard(
    is_made_key, needs_heard, refuse_unheard, is_kept=False
)  # no log of the direct says so
