"""Where requests may go that others name: the rule, which the settings make."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self
from urllib.parse import urlsplit

from hubbub.server.people.outside.lookups import Lookups

PORTS = frozenset({80, 443})
_NAT64 = ip_network("64:ff9b::/96")  # IPv4 addresses within IPv6 (RFC 6052)
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")  # the same, of one network (RFC 8215)
# Ranges that IANA lists as not global, and that older Pythons take for public.
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "100:0:0:1::/64", "3fff::/20", "5f00::/16")))

AnyAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where requests may go that others name: to these ports of public addresses, and of those in `networks`.

    The host `trusted`, which the settings name, may be anywhere.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] = PORTS
    trusted: str = ""
    lookups: Lookups = field(default_factory=Lookups, compare=False, repr=False)

    @classmethod
    def of(cls, networks: Iterable[str], ports: Iterable[int], trusted: str = "") -> Self:
        """Return where the settings let requests go. Raises ValueError."""
        return cls(tuple(map(ip_network, networks)), PORTS | {*ports}, trusted)

    def has(self, address: AnyAddress) -> bool:
        """Whether requests may go to an address."""
        return is_public(address) or any(address in network for network in self.networks)

    def check(self, url: str) -> None:
        """Raise ValueError unless a request may go there, as far as can be told without a look-up."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if port not in self.ports:
            raise OutOfReach(f"port {port} is not allowed")
        literal = _literal(parts.hostname or "")
        if literal is not None and not self.has(literal):
            raise OutOfReach(f"{literal} is not a public address")


PUBLIC = Reachable()


class OutOfReach(ValueError, OSError):
    """Where no request may go."""


def is_public(address: AnyAddress) -> bool:
    """Whether an address is on the internet, also if an IPv6 address stands for one of IPv4."""
    if any(address in network for network in _SPECIAL):
        return False
    if isinstance(address, IPv6Address):
        if address in _LOCAL_NAT64 or address.is_site_local:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _literal(host: str) -> AnyAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
