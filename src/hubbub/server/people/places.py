"""Limits on simultaneous requests, connections and sessions: per address without a token, per principal with one.

Unknown clients can't take all places, and known ones are not limited by others at the same address.
"""

from collections import Counter
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple, Union

from hubbub.protocol.errors import Refusal, RefusalError

NETWORK_BITS = 64  # of an IPv6 address: each subscriber gets at least a /64
ANONYMOUS = "anonymous"
REQUESTS_OF_A_SESSION = 3  # at once: one polls, one sends, one upgrades to a WebSocket


class Most(NamedTuple):
    """The limits; 0 means none. For loopback only the limit `anonymous` counts."""

    anonymous: int = 0
    per_address: int = 0
    per_principal: int = 0


Group = Union[str, "Place"]  # those counted together; requests of a session by its place


class Places:
    """Counts the places that are taken."""

    def __init__(self, most: Most | None = None) -> None:
        self.most = most or Most()
        self._taken = Counter[Group]()

    def take(self, address: str) -> "Place":
        """Take a place for an unknown client at an address. Raises RefusalError."""
        group = group_of(address)
        self._require(ANONYMOUS, self.most.anonymous, "max-anonymous")
        if group is not None:
            self._require(group, self.most.per_address, "max-per-address")
        return self._count(address, (ANONYMOUS, group) if group else (ANONYMOUS,))

    def uncounted(self, address: str) -> "Place":
        """Return a place for what is always admitted, or has yet to show a token."""
        return self._count(address, ())

    def taken_by(self, principal: str) -> int:
        """Return how many places a known principal has, by stable id."""
        return self._taken[principal]

    def within(self, session: "Place", address: str) -> "Place | None":
        """A place for a request of a session, which has one already; None if it has several requests at once."""
        if self._taken[session] >= REQUESTS_OF_A_SESSION:
            return None
        return self._count(address, (session,))

    def _require(self, group: str, most: int, setting: str) -> None:
        if most and self._taken[group] >= most:
            raise RefusalError.of(
                Refusal(
                    "unavailable",
                    f"Too many connections and sessions: at most {most} of this kind",
                    retry_after=1.0,
                    hint=f"Wait, send a token, or start the server with a larger --{setting}",
                )
            )

    def _count(self, address: str, groups: tuple[Group, ...]) -> "Place":
        for group in groups:
            self._taken[group] += 1
        return Place(self, address, groups)

    def _discount(self, groups: tuple[Group, ...]) -> None:
        for group in groups:
            self._taken[group] -= 1
            if not self._taken[group]:
                del self._taken[group]


class Place:
    """The place of one request with its connection, or of one session."""

    __slots__ = ("_groups", "_places", "address", "is_claimed", "is_kept")

    def __init__(self, places: Places, address: str, groups: tuple[Group, ...]) -> None:
        self._places = places
        self._groups = groups
        self.address = address
        self.is_claimed = self.is_kept = False

    def keep(self) -> None:
        """Make this a session's place, which stays taken after its first request was answered."""
        self.is_kept = True

    def claim(self, principal: str) -> None:
        """Count this place for a known principal, by stable id. Raises RefusalError if they have too many."""
        groups = (principal,)
        if groups != self._groups:
            most = self._places.most.per_principal
            self._places._require(groups[0], most, "max-per-principal")
            self.leave()
            self._places._taken.update(groups)
            self._groups = groups
        self.is_claimed = True

    def leave(self) -> None:
        """Free the place. Freeing it twice does nothing."""
        self._places._discount(self._groups)
        self._groups = ()


@lru_cache(4096)
def group_of(address: str) -> str | None:
    """Return the group that an address counts towards; None for loopback, which everyone on this machine or behind a proxy shares."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if parsed.is_loopback:
        return None
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, NETWORK_BITS), strict=False))
    return str(parsed)
