"""Who may do what in a room that people made: the access table, and what is asked before it.

A pure function of a `Standing`: what is known about a room and about one principal in it. Free rooms have a table of
their own in `access`, which costs less.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from hubbub.domain.access import UNKNOWN, Operation, Permission
from hubbub.protocol.errors import Refusal

SMALL = 50  # in rooms of up to so many members, each of them may name all others


class MadeKind(Enum):
    """The kind of a made room."""

    __hash__ = object.__hash__

    OPEN = "open"  # every account but guests may know, read and join it
    CLOSED = "closed"  # for its members
    DIRECT = "direct"  # for the same few people as long as it exists


class RoomPlace(Enum):
    """What someone is in a made room."""

    __hash__ = object.__hash__

    HOST = "H"  # a member who looks after it; in open rooms also a moderator of the server
    MEMBER = "M"
    GUEST = "G"  # a guest account that is a member
    OTHER = "N"  # any other account
    ADMIN = "A"  # an admin or owner of the server, member or not: has these rights besides those of a member
    OUTSIDER = "X"  # a guest account that is no member, a visitor, or nobody


class Standing(NamedTuple):
    """What is known about a room, and about one principal in it.

    Attributes:
        places: of the principal; what one of them allows is allowed.
        kind: of the room, or None if there is no such room.
        status: of the principal's account: `active`, `suspended` or `removed`. Who has no account is active.
        is_bot: whether the account is a program's.
        public: what everyone may do in an open room: `none`, `read` or `post`.
        is_archived: whether nothing may change.
        is_banned: whether the principal is banned; `banned_until` is in seconds since 1970, or None for ever.
        is_muted: likewise, with `muted_until`.
        only_hosts_post: whether others may only read, and post in threads.
        slow_for: seconds in which the principal may not post again.
        members_may_invite, members_may_edit, members_may_name_all: settings of the room for its members.
        size: the number of members, where it matters.
    """

    places: tuple[RoomPlace, ...] = (RoomPlace.OUTSIDER,)
    kind: MadeKind | None = None
    status: str = "active"
    is_bot: bool = False
    public: str = "none"
    is_archived: bool = False
    is_banned: bool = False
    banned_until: float | None = None
    is_muted: bool = False
    muted_until: float | None = None
    only_hosts_post: bool = False
    slow_for: float = 0.0
    members_may_invite: bool = True
    members_may_edit: bool = True
    members_may_name_all: bool = True
    size: int = 0


# --- the table ---

# + may, 3 may not, 4 may not even know, - has nothing to do; +i, +e and +n depend on a setting (see `_CONDITIONS`).
# A direct has no hosts, and guest accounts in it are members like others. What no row allows is refused.
_TABLE = """
                               open                closed              direct
                               H  M  G  N  A  X    H  M  G  N  A  X    M  others
see the room                   +  +  +  +  +  4    +  +  +  4  +  4    +  4
read                           +  +  +  +  +  4    +  +  +  4  3  4    +  4
post, react, send signals      +  +  +  3  3  4    +  +  +  4  3  4    +  4
upload files                   +  +  +  3  3  4    +  +  +  4  3  4    +  4
edit messages, delete messages +  +  +  3  3  4    +  +  +  4  3  4    +  4
edit the messages of others    3  3  3  3  3  4    3  3  3  4  3  4    3  4
delete the messages of others  +  3  3  3  +  4    +  3  3  4  3  4    3  4
end or reopen threads          +  3  3  3  +  4    +  3  3  4  3  4    3  4
pin messages                   +  +  3  3  +  4    +  +  3  4  3  4    +  4
join the room                  -  -  -  +  +  4    -  -  -  4  +  4    -  4
leave the room, mark as read   +  +  +  3  3  4    +  +  +  4  3  4    +  4
invite people                  +  +  3  +  +  4    +  +i 3  4  +  4    3  4
invite guests                  +  3  3  3  +  4    +  3  3  4  +  4    3  4
moderate the room              +  3  3  3  +  4    +  3  3  4  +  4    3  4
change the title               +  +e 3  3  +  4    +  +e 3  4  +  4    +  4
change topic and alias         +  +e 3  3  +  4    +  +e 3  4  +  4    3  4
change the picture             +  +e 3  3  +  4    +  +e 3  4  +  4    3  4
manage the room                +  3  3  3  +  4    +  3  3  4  +  4    3  4
restore the room               +  3  3  3  +  4    +  3  3  4  +  4    3  4
change the state document      +  +e 3  3  +  4    +  +e 3  4  3  4    +  4
mention everyone               +  +n 3  3  3  4    +  +n 3  4  3  4    +  4
"""

_CONDITIONS: dict[str, Callable[[Standing], bool]] = {
    "+": lambda _: True,
    "-": lambda _: True,
    "+i": lambda standing: standing.members_may_invite,
    "+e": lambda standing: standing.members_may_edit,
    "+n": lambda standing: standing.members_may_name_all and standing.size <= SMALL,
}

# What else everyone may do in an open room that is public, as in free rooms.
_IN_PUBLIC: Mapping[str, frozenset[Permission]] = {
    "none": frozenset(),
    "read": frozenset({Operation.KNOW, Operation.READ}),
    "post": frozenset(
        {
            *(Operation.KNOW, Operation.READ, Operation.POST, Operation.REACT, Operation.SIGNAL),
            *(Operation.EDIT_OWN, Operation.DELETE_OWN),
        }
    ),
}


def _cells(table: str) -> dict[MadeKind, dict[Permission, dict[RoomPlace, str]]]:
    """Read the table."""
    cells: dict[MadeKind, dict[Permission, dict[RoomPlace, str]]] = {kind: {} for kind in MadeKind}
    by_label = {operation.label: operation for operation in Operation}
    for line in table.strip().splitlines()[2:]:
        labels, row = line[:31], line[31:].split()
        of_open, of_closed, (member, others) = row[:6], row[6:12], row[12:]
        of_direct = [member] * 3 + [others] * 3
        for label in labels.split(","):
            for kind, verdicts in zip(MadeKind, (of_open, of_closed, of_direct), strict=True):
                cells[kind][by_label[label.strip()]] = dict(zip(RoomPlace, verdicts, strict=True))
    return cells


_CELLS = _cells(_TABLE)


def _is_allowed(standing: Standing, operation: Permission) -> bool:
    """Whether the table allows it."""
    assert standing.kind is not None
    row = _CELLS[standing.kind].get(operation, {})
    for place in standing.places:
        condition = _CONDITIONS.get(row.get(place, "3"))
        if condition is not None and condition(standing):
            return True
    return standing.kind is MadeKind.OPEN and operation in _IN_PUBLIC[standing.public]


# --- what is asked, in order ---

_IN_ARCHIVES = frozenset(
    {Operation.KNOW, Operation.READ, Operation.MARK, Operation.DELETE_OWN, Operation.RESTORE}
)
_SPEAKING = frozenset(
    {
        *(Operation.POST, Operation.EDIT_OWN, Operation.EDIT_ANY, Operation.REACT),
        *(Operation.SIGNAL, Operation.UPLOAD, Operation.NAME_ALL),
    }
)
_POSTING = frozenset({Operation.POST, Operation.UPLOAD, Operation.NAME_ALL})


def refusal(standing: Standing, operation: Permission) -> Refusal | None:
    """Return why a principal may not do this in a room, or None if it may."""
    for layer in _LAYERS:
        if found := layer(standing, operation):
            return found
    return None


def _suspended(standing: Standing, _: Permission) -> Refusal | None:
    if standing.status == "active":
        return None
    return Refusal("unauthenticated", f"This account is {standing.status}")


def _banned(standing: Standing, _: Permission) -> Refusal | None:
    if not standing.is_banned or standing.kind is None:
        return None
    if standing.kind is not MadeKind.OPEN:
        return UNKNOWN
    return Refusal("banned", "Banned from this room", facts={"until": standing.banned_until})


def _unknown(standing: Standing, _: Permission) -> Refusal | None:
    """Whoever may not know of a room learns nothing of it, such as that it is archived."""
    is_known = standing.kind is not None and _is_allowed(standing, Operation.KNOW)
    return None if is_known else UNKNOWN


def _archived(standing: Standing, operation: Permission) -> Refusal | None:
    if not standing.is_archived or operation in _IN_ARCHIVES:
        return None
    return Refusal("archived", "This room is archived: nothing in it can change")


def _muted(standing: Standing, operation: Permission) -> Refusal | None:
    if not standing.is_muted or operation not in _SPEAKING:
        return None
    return Refusal("muted", "Muted in this room", facts={"until": standing.muted_until})


def _for_hosts_only(standing: Standing, operation: Permission) -> Refusal | None:
    if (
        not standing.only_hosts_post
        or operation not in _POSTING
        or RoomPlace.HOST in standing.places
    ):
        return None
    return Refusal("forbidden", "Only hosts may post in this room")


def _too_soon(standing: Standing, operation: Permission) -> Refusal | None:
    is_exempt = standing.is_bot or RoomPlace.HOST in standing.places
    if standing.slow_for <= 0 or operation is not Operation.POST or is_exempt:
        return None
    return Refusal("rate_limited", "This room is in slow mode", retry_after=standing.slow_for)


def _not_in_the_table(standing: Standing, operation: Permission) -> Refusal | None:
    if _is_allowed(standing, operation):
        return None
    hint = "Start a direct with more people" if _is_larger_direct(standing, operation) else None
    return Refusal("forbidden", f"Not allowed to {operation.label}", hint=hint)


def _is_larger_direct(standing: Standing, operation: Permission) -> bool:
    return standing.kind is MadeKind.DIRECT and operation is Operation.INVITE


_LAYERS = (
    _suspended,
    _banned,
    _unknown,
    _archived,
    _muted,
    _for_hosts_only,
    _too_soon,
    _not_in_the_table,
)
