"""Who is here: the connections and requests that were admitted, by name."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import NamedTuple, Protocol

from hubbub.domain.principals import Principal, Role
from hubbub.protocol.errors import Close
from hubbub.protocol.handles import handle_from
from hubbub.server.engine.outlet import Outlet


class Carrier(Protocol):
    """What carries a connection, as the door sees it."""

    @property
    def outlet(self) -> Outlet:
        """Where it is written to."""

    def hang_up(self, code: int, reason: str = "") -> None:
        """Begin to close."""


class Arrival(NamedTuple):
    """A connection, from its beginning on: its number, when it came (in seconds since 1970), and from where."""

    number: int
    at: float
    address: str


class Visit:
    """A connection or request that was admitted, until its credential is no longer valid.

    Only connections have an `arrival` and, once they are open, a `carrier`.
    """

    __slots__ = ("_leave", "arrival", "carrier", "is_expelled", "principal")

    def __init__(self, principal: Principal, arrival: Arrival | None = None) -> None:
        self.principal = principal
        self.arrival = arrival
        self.carrier: Carrier | None = None
        self.is_expelled = False
        self._leave: Callable[[], object] | None = None

    def open(self, carrier: Carrier) -> None:
        """The connection is open; it is hung up when the visit is expelled."""
        self.carrier = carrier
        self.when_expelled(partial(carrier.hang_up, Close.UNAUTHENTICATED))

    def when_expelled(self, leave: Callable[[], object]) -> None:
        """Call `leave` when the visit is expelled; at once if it already is."""
        self._leave = leave
        if self.is_expelled:
            self.expel()

    def expel(self) -> None:
        """End the visit: its credential is no longer valid. May be called again, in case it failed."""
        self.is_expelled = True
        if self._leave is not None:
            self._leave()
            self._leave = None


class Visits:
    """All visits: the connections, which hold their names, and the requests of those who have a token."""

    def __init__(self) -> None:
        self.known: set[Visit] = set()  # those admitted with a token
        self._holders: dict[
            str, tuple[Visit, ...]
        ] = {}  # by name; a tuple, since most have one holder and a list takes more memory
        self._spellings: dict[str, set[str]] = {}  # names in use by the handle that they would be

    def __contains__(self, name: str) -> bool:
        """Whether a name is in use."""
        return name in self._holders

    def under(self, name: str) -> tuple[Visit, ...]:
        """Return the connections that use a name."""
        return self._holders.get(name, ())

    def names(self) -> list[str]:
        """Return the names in use."""
        return [*self._holders]

    def names_among(self, reserved: frozenset[str] | set[str]) -> set[str]:
        """Return the names in use that are among these, or that would be one of them as a handle."""
        spelled = (self._spellings[each] for each in reserved.intersection(self._spellings))
        return {*reserved.intersection(self._holders), *chain.from_iterable(spelled)}

    def connected(self) -> list[tuple[Arrival, Visit]]:
        """Return the connections that are open, in the order in which they came."""
        visits = chain.from_iterable(self._holders.values())
        found = [(v.arrival, v) for v in visits if v.arrival is not None and v.carrier is not None]
        return sorted(found, key=lambda each: each[0].number)

    def begin(self, visit: Visit) -> None:
        """A connection begins, and holds its name."""
        name = visit.principal.name
        self._holders[name] = (*self._holders.get(name, ()), visit)
        if (handle := handle_from(name)) != name:
            self._spellings.setdefault(handle, set()).add(name)
        self.note(visit)

    def end(self, visit: Visit) -> None:
        """A connection has ended. The last one under a name frees it."""
        name = visit.principal.name
        others = tuple(holder for holder in self._holders[name] if holder is not visit)
        if others:
            self._holders[name] = others
        else:
            del self._holders[name]
            self._forget_spelling(name)
        self.forget(visit)

    def note(self, visit: Visit) -> None:
        """Someone was admitted: whoever has a token is known until it ends, or the visit does."""
        if visit.principal.role is not Role.GUEST:
            self.known.add(visit)

    def forget(self, visit: Visit) -> None:
        """A visit has ended, or its token has."""
        self.known.discard(visit)

    def _forget_spelling(self, name: str) -> None:
        if spellings := self._spellings.get(handle := handle_from(name)):
            spellings.discard(name)
            if not spellings:
                del self._spellings[handle]
