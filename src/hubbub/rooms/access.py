"""Who may do what: one table for every door."""

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a principal is to a room."""

    __hash__ = object.__hash__  # as good for what there is only one of, and faster than its name's

    GUEST = "guest"


class Operation(Enum):
    """What the table decides on; own: on what one wrote oneself."""

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


TABLE: dict[Role, frozenset[Operation]] = {
    Role.GUEST: frozenset(
        {
            Operation.READ,
            Operation.POST,
            Operation.EDIT_OWN,
            Operation.DELETE_OWN,
            Operation.REACT,
            Operation.PATCH,
            Operation.SIGNAL,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a connection or request acts for; decided once, at the door.

    `key_owner` is whose `client_message_id`s these are. It is the name, or empty for the nameless: a
    nameless guest gets another name at each connection, and a retry must still be known as one.
    """

    name: str
    role: Role
    key_owner: str


def may(principal: Principal, operation: Operation) -> bool:
    """Whether the table lets `principal` do this."""
    return operation in TABLE[principal.role]
