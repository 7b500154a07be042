"""Requests to other servers that the settings name: bounded in time and size, without redirects and proxies.

What such a server names in turn may be anywhere on the internet, but in no private network, unless it is the same host.
"""

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import (
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    ThreadedResolver,
)
from aiohttp.abc import AbstractResolver, ResolveResult

from hubbub.server.addresses import without_secrets

ASK_SECONDS = 5.0  # for everything, from the look-up of the name to the last byte
MAX_DOCUMENT_BYTES = 262_144
_NAT64 = ip_network("64:ff9b::/96")  # IPv4 addresses within IPv6 (RFC 6052)


class CannotReach(Exception):
    """The request failed. The message says why, and shows no password."""


class Fetched(NamedTuple):
    """What was answered."""

    status: int
    body: bytes


async def ask(
    url: str,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    trusted_host: str | None = None,
) -> Fetched:
    """Fetch a document, or post a form.

    With a `trusted_host`, other hosts must have public addresses. Raises CannotReach.
    """
    try:
        async with asyncio.timeout(ASK_SECONDS), _session(url, trusted_host) as session:
            return await _ask(session, url, form, headers)
    except (ClientError, TimeoutError, ValueError, OSError) as error:
        raise CannotReach(f"Can't fetch {without_secrets(url)}: {_why(error)}") from error


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the internet, also if an IPv6 address stands for one of IPv4."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class _Resolver(AbstractResolver):
    """Looks names up, and drops addresses that are not public."""

    def __init__(self) -> None:
        self._all = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._all.resolve(host, port, family)
        public = [each for each in found if is_public(ip_address(each["host"].partition("%")[0]))]
        if not public:
            raise OSError(None, f"{host} has no public address")
        return public

    async def close(self) -> None:
        await self._all.close()


def _session(url: str, trusted_host: str | None) -> ClientSession:
    """Raises ValueError."""
    host = urlsplit(url).hostname or ""
    resolver = None
    if trusted_host is not None and host != trusted_host:
        resolver = _Resolver()
        if (literal := _literal(host)) is not None and not is_public(literal):
            raise ValueError(f"{host} is not a public address")
    return ClientSession(
        connector=TCPConnector(resolver=resolver),
        timeout=ClientTimeout(total=None),  # `ask` bounds it, with the look-up of the name
        auto_decompress=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        trust_env=False,
    )


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


async def _ask(
    session: ClientSession,
    url: str,
    form: Mapping[str, str] | None,
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
        return Fetched(response.status, bytes(document))


def _why(error: Exception) -> str:
    if isinstance(error, ClientResponseError):  # whose message contains the address
        return error.message
    return str(error) or "timed out"
