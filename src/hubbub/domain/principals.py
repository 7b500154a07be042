"""Who acts: a principal has a stable id, a role, and the scopes of its credential."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from hubbub.domain.identity import short_id
from hubbub.protocol.people import Person


class Role(Enum):
    """What kind of principal it is, by how it was admitted."""

    __hash__ = object.__hash__  # members are singletons, and hashing the name would be slower

    GUEST = "guest"  # with a name of their choice, or none
    TOKEN = "token"  # with a token that this server issued
    USER = "user"  # with a JWT of another application
    ACCOUNT = "account"  # as an account of this server; its name and its id are the account's key


class Scope(Enum):
    """What a credential allows: in a token or a JWT, one of those in `can`."""

    __hash__ = object.__hash__

    READ = "read"
    POST = "post"
    PATCH = "patch"
    MODERATE = "moderate"


SCOPES = {scope.value: scope for scope in Scope}
GUEST_SCOPES = frozenset({Scope.READ, Scope.POST, Scope.PATCH})
ALL_ROOMS = ("*",)


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes with these names. Raises KeyError for an unknown one."""
    return frozenset(SCOPES[name] for name in names)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a connection or request acts for; decided once, at the door.

    `id` is the stable id (see `identity`): it decides what the principal owns and what counts
    towards its limits; others only see the name. `rooms` are patterns. `until` is when the
    credential expires, in seconds since 1970. `key_owner` is the owner of its `client_message_id`s,
    and `counted_as` the owner of its rate; both default to the id. `session` is the key of the session
    or token with which an account came in: account, kind and id. `is_account` says whether it is one: to look up the role costs
    a post more. What guards say depends only on
    what it is `guarded_as`: its id and scopes.
    """

    name: str
    role: Role
    id: str
    scopes: frozenset[Scope] = GUEST_SCOPES
    rooms: tuple[str, ...] = ALL_ROOMS
    until: float = float("inf")
    key_owner: str = ""
    counted_as: str = ""
    session: tuple[str, ...] = ()
    person: Person = field(init=False)
    is_account: bool = field(init=False, compare=False, repr=False)
    guarded_as: tuple[str, frozenset[Scope]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Compute once what every change and signal needs."""
        put, id_ = object.__setattr__, self.id
        if not self.key_owner:
            put(self, "key_owner", id_)
        if not self.counted_as:
            put(self, "counted_as", id_)
        put(self, "is_account", self.role is Role.ACCOUNT)
        put(self, "guarded_as", (id_, self.scopes))
        put(self, "person", Person(self.name, short_id(id_)))

    @property
    def may_own(self) -> bool:
        """Whether it can prove later what it wrote. A name without a key can't."""
        return self.person.id is not None or self.is_account
