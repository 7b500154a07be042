"""Who may do what: one table for every door, closed by default."""

from enum import Enum
from functools import lru_cache

from hubbub.domain.patterns import matches_any
from hubbub.domain.principals import ALL_ROOMS, Principal, Role, Scope
from hubbub.protocol.errors import Refusal
from hubbub.protocol.names import RESERVED, is_reserved, is_room_name, room_name_fault


class Operation(Enum):
    """What the table decides on. `OWN` means: on one's own messages."""

    __hash__ = object.__hash__  # members are singletons, and hashing the name would be slower

    READ = "read"
    POST = "post"
    EDIT_OWN = "edit own"
    EDIT_ANY = "edit any"
    DELETE_OWN = "delete own"
    DELETE_ANY = "delete any"
    REACT = "react"
    PATCH = "patch"
    SIGNAL = "signal"


class RoomKind(Enum):
    """Where the table decides. The first character of a room's name tells the kind."""

    __hash__ = object.__hash__

    FREE = "free"  # under a name that anyone may choose
    MADE = "made"  # under a key that the server made, which begins with `@`; there are none yet


Row = dict[Role, frozenset[Scope]]


def _guests_and_all(*scopes: Scope) -> Row:
    return dict.fromkeys((Role.GUEST, Role.TOKEN, Role.USER), frozenset(scopes))


def _token_holders(*scopes: Scope) -> Row:
    return dict.fromkeys((Role.TOKEN, Role.USER), frozenset(scopes))


# The table: by kind of room and operation, who may do it with any one of which scopes. What no row allows is refused.
TABLE: dict[RoomKind, dict[Operation, Row]] = {
    RoomKind.FREE: {
        Operation.READ: _guests_and_all(Scope.READ),
        Operation.POST: _guests_and_all(Scope.POST),
        Operation.EDIT_OWN: _guests_and_all(Scope.POST, Scope.MODERATE),
        Operation.EDIT_ANY: _token_holders(Scope.MODERATE),
        Operation.DELETE_OWN: _guests_and_all(Scope.POST, Scope.MODERATE),
        Operation.DELETE_ANY: _token_holders(Scope.MODERATE),
        Operation.REACT: _guests_and_all(Scope.POST),
        Operation.PATCH: _guests_and_all(Scope.PATCH),
        Operation.SIGNAL: _guests_and_all(Scope.POST),
    },
}


@lru_cache(maxsize=256)
def allowed(role: Role, scopes: frozenset[Scope], kind: RoomKind) -> frozenset[Operation]:
    """Return all that the table allows with these scopes in rooms of this kind."""
    rows = TABLE.get(kind, {}).items()
    return frozenset(operation for operation, row in rows if scopes & row.get(role, frozenset()))


@lru_cache(maxsize=4096)
def kind_of(room: str) -> RoomKind | None:
    """Return a room's kind by its name, whether or not it exists. None if it is no valid name."""
    if not is_room_name(room):
        return None
    return RoomKind.MADE if is_reserved(room) else RoomKind.FREE


def may(principal: Principal, operation: Operation, room: str) -> bool:
    """Whether `principal` may do this in a room that it may know of."""
    kind = kind_of(room)
    return kind is not None and operation in allowed(principal.role, principal.scopes, kind)


def refuse(principal: Principal, operation: Operation, room: str) -> Refusal | None:
    """Return why `principal` may not do this in the room, or None if it may. Every door asks this."""
    kind = kind_of(room)
    if kind is None:
        return Refusal("bad_request", str(room_name_fault(room)))
    if kind is RoomKind.MADE:
        return Refusal("bad_request", f"Invalid room name: {RESERVED}")
    if principal.rooms is not ALL_ROOMS and not matches_any(principal.rooms, room):
        return Refusal("not_found", "No such room, or no access to it")
    if operation not in allowed(principal.role, principal.scopes, kind):
        return Refusal("forbidden", f"Not allowed to {operation.value}")
    return None
