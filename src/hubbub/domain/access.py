"""Who may do what: one table for every door, closed by default."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from hubbub.domain.patterns import matches_any
from hubbub.domain.principals import ALL_ROOMS, Principal, Role, Scope
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import AUDIT, DIRECTORY, is_account_key, is_made_key
from hubbub.protocol.names import RESERVED, is_reserved, is_room_name, room_name_fault


class RoomKind(Enum):
    """Where the table decides. The first character of a room's name tells the kind."""

    __hash__ = object.__hash__  # members are singletons, and hashing the name would be slower

    FREE = "free"  # under a name that anyone may choose
    OWN = "own"  # the own log of an account, under its key
    SERVER = "server"  # the directory and the audit log
    MADE = "made"  # by people, under a key that the server made


Row = Mapping[Role, frozenset[Scope]]  # any one of the scopes is enough


def guests_and_all(*scopes: Scope) -> Row:
    """Return a row that allows everyone who has one of these scopes."""
    return dict.fromkeys(Role, frozenset(scopes))


def token_holders(*scopes: Scope) -> Row:
    """Return a row that allows accounts, and holders of a token or a JWT, with one of these scopes."""
    return dict.fromkeys((Role.TOKEN, Role.USER, Role.ACCOUNT), frozenset(scopes))


def account(*scopes: Scope) -> Row:
    """Return a row that allows accounts whose credential has one of these scopes."""
    return {Role.ACCOUNT: frozenset(scopes)}


def account_or_guest(*scopes: Scope) -> Row:
    """Return a row that also lets guests do it: in a room that is public."""
    return dict.fromkeys((Role.ACCOUNT, Role.GUEST), frozenset(scopes))


@dataclass(frozen=True, eq=False)
class Permission:
    """An operation's part of the table: its row for each kind of room. Where it has none, nobody may do it.

    `label` completes the sentence "Not allowed to …".
    """

    label: str
    rows: Mapping[RoomKind, Row]

    def is_given(self, role: Role, scopes: frozenset[Scope], kind: RoomKind) -> bool:
        """Whether someone with this role and these scopes may do it in rooms of this kind."""
        enough = self.rows.get(kind, _NOBODY).get(role)
        return enough is not None and not scopes.isdisjoint(enough)


_NOBODY: Row = {}


def _everywhere(*scopes: Scope) -> Mapping[RoomKind, Row]:
    return {RoomKind.FREE: guests_and_all(*scopes), RoomKind.MADE: account_or_guest(*scopes)}


def _made(*scopes: Scope) -> Mapping[RoomKind, Row]:
    return {RoomKind.MADE: account(*scopes)}


class Operation(Permission, Enum):
    """The table of what everyone needs; an aspect may bring a `Permission` of its own. `OWN`: on one's own messages."""

    __hash__ = object.__hash__

    READ = (
        "read",
        {
            RoomKind.FREE: guests_and_all(Scope.READ),
            RoomKind.OWN: account(Scope.READ),
            RoomKind.SERVER: account(Scope.READ),
            RoomKind.MADE: account_or_guest(Scope.READ),
        },
    )
    POST = "post", _everywhere(Scope.POST)
    EDIT_OWN = "edit messages", _everywhere(Scope.POST, Scope.MODERATE)
    # Of an account, moderating asks for a role as well: on this server in free rooms, in the room elsewhere.
    EDIT_ANY = (
        "edit the messages of others",
        {RoomKind.FREE: token_holders(Scope.MODERATE), RoomKind.MADE: account(Scope.MODERATE)},
    )
    DELETE_OWN = "delete messages", _everywhere(Scope.POST, Scope.MODERATE)
    DELETE_ANY = (
        "delete the messages of others",
        {RoomKind.FREE: token_holders(Scope.MODERATE), RoomKind.MADE: account(Scope.MODERATE)},
    )
    REACT = "react", _everywhere(Scope.POST)
    PATCH = (
        "change the state document",
        {RoomKind.FREE: guests_and_all(Scope.PATCH), RoomKind.MADE: account(Scope.PATCH)},
    )
    SIGNAL = "send signals", _everywhere(Scope.POST)

    # Only in rooms that people made. Here it says what a credential must allow; `places` says who may.
    KNOW = "see the room", {RoomKind.MADE: account_or_guest(Scope.READ)}
    UPLOAD = "upload files", _made(Scope.POST)
    PIN = "pin messages", _made(Scope.POST)
    JOIN = "join the room", _made(Scope.POST)
    LEAVE = "leave the room", _made(Scope.POST)
    MARK = "mark as read", _made(Scope.POST)  # and set one's own level
    INVITE = "invite people", _made(Scope.POST)
    INVITE_GUEST = "invite guests", _made(Scope.MODERATE)  # and make an invite link
    MODERATE = "moderate the room", _made(Scope.MODERATE)  # remove, ban, mute, slow mode, posters
    TITLE = "change the title", _made(Scope.PATCH, Scope.MODERATE)
    DESCRIBE = "change topic and alias", _made(Scope.PATCH, Scope.MODERATE)
    DEPICT = "change the picture", _made(Scope.PATCH, Scope.MODERATE)
    MANAGE = "manage the room", _made(Scope.MODERATE)  # kind, retention, receipts, appoint, archive
    RESTORE = "restore the room", _made(Scope.MODERATE)
    END_THREAD = "end or reopen threads", _made(Scope.MODERATE)
    NAME_ALL = "mention everyone", _made(Scope.POST)


UNKNOWN = Refusal("not_found", "No such room, or no access to it")

# To look members up would cost every post a tenth of a microsecond each.
_FREE, _MADE = RoomKind.FREE, RoomKind.MADE


@lru_cache(maxsize=4096)
def kind_of(room: str) -> RoomKind | None:
    """Return a room's kind by its name, whether or not it exists. None if it is no valid name, or no valid key."""
    if not is_reserved(room):
        return RoomKind.FREE if is_room_name(room) else None
    if is_made_key(room):
        return RoomKind.MADE
    if is_account_key(room):
        return RoomKind.OWN
    return RoomKind.SERVER if room in (DIRECTORY, AUDIT) else None


def may(principal: Principal, operation: Permission, room: str) -> bool:
    """Whether `principal` may do this in a room that it may know of."""
    kind = kind_of(room)
    return kind is not None and operation.is_given(principal.role, principal.scopes, kind)


def refuse(principal: Principal, operation: Permission, room: str) -> Refusal | None:
    """Return why `principal` may not do this in the room, or None if it may. Every door asks this.

    In made rooms the guard of the room decides, so there this refuses nothing: see `aspects.rooms.standings`.
    """
    kind = kind_of(room)
    if kind is None:
        return Refusal("bad_request", room_name_fault(room) or f"Invalid room name: {RESERVED}")
    if kind is _MADE:
        return None  # its guard decides, who knows the room and the principal's place in it
    knows_all = principal.rooms is ALL_ROOMS and kind is _FREE  # nearly always
    if not knows_all and not _may_know(principal, room, kind):
        return UNKNOWN
    if not operation.is_given(principal.role, principal.scopes, kind):
        return Refusal("forbidden", f"Not allowed to {operation.label}")
    return None


def refused(
    principal: Principal, operation: Permission, rooms: Iterable[str]
) -> dict[str, Refusal]:
    """Return why `principal` may not do this in some of the rooms: what `refuse` says of each."""
    others = [room for room in rooms if kind_of(room) is not RoomKind.MADE]
    return {room: why for room in others if (why := refuse(principal, operation, room))}


def _may_know(principal: Principal, room: str, kind: RoomKind) -> bool:
    """Whether a room that people didn't make exists for a principal."""
    if kind is _FREE:
        return matches_any(principal.rooms, room)
    return kind is RoomKind.SERVER or room == principal.id
