"""Where a request comes from behind proxies. Only known proxies are trusted."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from aiohttp import web

from hubbub.protocol.fields import elements

Address = IPv4Address | IPv6Address


class Proxies:
    """The networks whose `X-Forwarded-For` is trusted. Raises ValueError for an invalid network."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def address_of(self, request: web.Request) -> str:
        """Return the address of the last hop that is not a known proxy; empty if it is unknown.

        Each proxy appends its client's address at the right, so anything further left may be forged.
        """
        hop = _parsed(request.remote or "")
        is_claimed = "X-Forwarded-For" in request.headers
        claimed = (
            elements(request.headers, "X-Forwarded-For")
            if is_claimed and self._is_known(hop)
            else []
        )
        while claimed and self._is_known(hop):
            before = _parsed(claimed.pop())
            if before is None:
                break
            hop = before
        return hop.text if hop else ""

    def _is_known(self, hop: "_Hop | None") -> bool:
        return hop is not None and any(hop.address in network for network in self._networks)


PROXIES = web.AppKey("proxies", Proxies)


class _Hop(NamedTuple):
    """An address, and its canonical text, which takes long to make."""

    address: Address
    text: str


@lru_cache(4096)
def _parsed(text: str) -> _Hop | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return _Hop(address, str(address))
