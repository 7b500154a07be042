"""Who may do what: one table for every door."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from hubbub.domain.identity import short_id
from hubbub.domain.patterns import matches_any
from hubbub.protocol.people import Person


class Role(Enum):
    """How a principal was admitted."""

    __hash__ = object.__hash__  # members are singletons, and hashing the name would be slower

    GUEST = "guest"  # with a name of their choice, or none
    TOKEN = "token"  # with a token that this server issued
    USER = "user"  # with a JWT of another application


class Operation(Enum):
    """What the table decides on. `OWN` means: on one's own messages."""

    __hash__ = object.__hash__

    READ = "read"
    POST = "post"
    EDIT_OWN = "edit own"
    EDIT_ANY = "edit any"
    DELETE_OWN = "delete own"
    DELETE_ANY = "delete any"
    REACT = "react"
    PATCH = "patch"
    SIGNAL = "signal"


# The table: what each right allows in the rooms that a principal may know of.
RIGHTS: dict[str, frozenset[Operation]] = {
    "read": frozenset({Operation.READ}),
    "post": frozenset(
        {
            Operation.POST,
            Operation.EDIT_OWN,
            Operation.DELETE_OWN,
            Operation.REACT,
            Operation.SIGNAL,
        }
    ),
    "patch": frozenset({Operation.PATCH}),
    "moderate": frozenset(
        {
            Operation.EDIT_OWN,
            Operation.EDIT_ANY,
            Operation.DELETE_OWN,
            Operation.DELETE_ANY,
        }
    ),
}
ALL_ROOMS = ("*",)


def allowed(rights: Iterable[str]) -> frozenset[Operation]:
    """Return the operations that these rights allow together. Raises KeyError for an unknown right."""
    return frozenset().union(*(RIGHTS[right] for right in rights))


GUESTS_MAY = allowed(("read", "post", "patch"))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a connection or request acts for; decided once, at the door.

    `id` is the stable id (see `identity`): it decides what the principal owns and what counts
    towards its limits; others only see the name. `rooms` are patterns. `until` is when the
    credential expires, in seconds since 1970. `scope` is the owner of its `client_message_id`s, and
    `counted_as` the owner of its rate; both default to the id.
    """

    name: str
    role: Role
    id: str
    operations: frozenset[Operation] = GUESTS_MAY
    rooms: tuple[str, ...] = ALL_ROOMS
    until: float = float("inf")
    scope: str = ""
    counted_as: str = ""
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        """Compute once what every change and signal needs."""
        object.__setattr__(self, "scope", self.scope or self.id)
        object.__setattr__(self, "counted_as", self.counted_as or self.id)
        object.__setattr__(self, "person", Person(self.name, short_id(self.id)))

    @property
    def may_own(self) -> bool:
        """Whether it can prove later what it wrote. A name without a key can't."""
        return self.person.id is not None


def may(principal: Principal, operation: Operation) -> bool:
    """Whether `principal` may do this in the rooms it may know of."""
    return operation in principal.operations


def may_know(principal: Principal, room: str) -> bool:
    """Whether `principal` may know that the room exists."""
    return principal.rooms is ALL_ROOMS or matches_any(principal.rooms, room)
