"""Requests to other servers: bounded in time and size, without redirects and proxies.

The settings name some of these servers, which may be anywhere. All others, whoever names them, must be on the internet, or where
the settings say (`Reachable`). Names are resolved once: what is connected to is the address that was checked.
"""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from aiohttp import (
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult

from hubbub.server.addresses import without_secrets
from hubbub.server.people.lookups import Lookups

ASK_SECONDS = 5.0  # for everything, from the look-up of the name to the last byte
MAX_DOCUMENT_BYTES = 262_144
PORTS = frozenset({80, 443})
_NAT64 = ip_network("64:ff9b::/96")  # IPv4 addresses within IPv6 (RFC 6052)
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")  # the same, of one network (RFC 8215)

AnyAddress = IPv4Address | IPv6Address


class CannotReach(Exception):
    """The request failed. The message says why, and shows no password."""


class NotAllowed(CannotReach):
    """The request was not made: it would go where the settings let none go."""


class Fetched(NamedTuple):
    """What was answered. `retry_after` is that header, or empty."""

    status: int
    body: bytes
    retry_after: str = ""


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
            raise _Forbidden(f"port {port} is not allowed")
        literal = _literal(parts.hostname or "")
        if literal is not None and not self.has(literal):
            raise _Forbidden(f"{literal} is not a public address")


PUBLIC = Reachable()


class _Forbidden(ValueError, OSError):
    """Where no request may go."""


async def ask(
    url: str,
    form: Mapping[str, str] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    within: Reachable | None = None,
) -> Fetched:
    """Fetch a document, or post a form, or bytes; without `within`, the settings name the address. Raises CannotReach."""
    try:
        async with asyncio.timeout(ASK_SECONDS), _session(url, within) as session:
            return await _ask(session, url, form, headers)
    except (ClientError, TimeoutError, ValueError, OSError) as error:
        forbidden = _forbidden(error)
        kind = NotAllowed if forbidden else CannotReach
        why = _why(forbidden or error)
        raise kind(f"Can't fetch {without_secrets(url)}: {why}") from error


def _forbidden(error: BaseException | None) -> _Forbidden | None:
    """Return why a request was not allowed, if it was not. Aiohttp wraps what its resolver raises."""
    while error is not None and not isinstance(error, _Forbidden):
        error = error.__cause__ or getattr(error, "os_error", None)
    return error


def is_public(address: AnyAddress) -> bool:
    """Whether an address is on the internet, also if an IPv6 address stands for one of IPv4."""
    if isinstance(address, IPv6Address):
        if address in _LOCAL_NAT64 or address.is_site_local:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved)


class _Resolver(AbstractResolver):
    """Looks names up, and drops addresses where no request may go."""

    def __init__(self, reach: Reachable) -> None:
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._reach.lookups.addresses(host, family)
        some = [each for each in found if self._reach.has(ip_address(each[1].partition("%")[0]))]
        if not some:
            raise _Forbidden(f"{host} has no public address")
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=flags)
            for kind, address in some
        ]

    async def close(self) -> None:
        pass


def _session(url: str, within: Reachable | None) -> ClientSession:
    """Raises ValueError."""
    resolver = None
    if within is not None and urlsplit(url).hostname != within.trusted:
        within.check(url)
        resolver = _Resolver(within)
    return ClientSession(
        connector=TCPConnector(resolver=resolver),
        timeout=ClientTimeout(total=None),  # `ask` bounds it, with the look-up of the name
        auto_decompress=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        trust_env=False,
    )


def _literal(host: str) -> AnyAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


async def _ask(
    session: ClientSession,
    url: str,
    form: Mapping[str, str] | bytes | None,
    headers: Mapping[str, str] | None,
) -> Fetched:
    method = "GET" if form is None else "POST"
    async with session.request(
        method, url, data=form, headers=headers, allow_redirects=False
    ) as response:
        document = bytearray()
        async for piece in response.content.iter_any():
            document += piece
            if len(document) > MAX_DOCUMENT_BYTES:
                raise ValueError(f"the answer is larger than {MAX_DOCUMENT_BYTES:,} bytes")
        retry_after = response.headers.get("Retry-After", "")
        return Fetched(response.status, bytes(document), retry_after)


def _why(error: Exception) -> str:
    if isinstance(error, ClientResponseError):  # whose message contains the address
        return error.message
    return str(error) or "timed out"
