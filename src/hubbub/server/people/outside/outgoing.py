"""Requests to other servers: bounded in time and size, without redirects and proxies.

The settings name some of these servers, which may be anywhere. All others, whoever names them, must be on the internet, or where
the settings say (`Reachable`). Names are resolved once: what is connected to is the address that was checked.
"""

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import (
    AddrInfoType,
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hubbub.server.addresses import without_secrets
from hubbub.server.people.outside.reachable import OutOfReach, Reachable

ASK_SECONDS = 5.0  # for everything, from the look-up of the name to the last byte
MAX_DOCUMENT_BYTES = 262_144
AT_ONCE_BYTES = 16_384  # of the receive buffer, so that aiohttp parses little at once: interim answers are tiny and can be endless (the system may take more)


class CannotReach(Exception):
    """The request failed. The message says why, and shows no password."""


class NotAllowed(CannotReach):
    """The request was not made: it would go where the settings let none go."""


class Fetched(NamedTuple):
    """What was answered. The names of `headers` may be written in any case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


async def ask(
    url: str,
    form: Mapping[str, str] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    within: Reachable | None = None,
    *,
    only_beginning: bool = False,
) -> Fetched:
    """Fetch a document, or post a form, or bytes; without `within`, the settings name the address. Raises CannotReach.

    Of a document that is too large, `only_beginning` returns that; else it fails.
    """
    try:
        async with asyncio.timeout(ASK_SECONDS), _session(url, within) as session:
            return await _ask(session, url, form, headers, only_beginning=only_beginning)
    except (ClientError, TimeoutError, ValueError, OSError) as error:
        forbidden = _forbidden(error)
        kind = NotAllowed if forbidden else CannotReach
        why = _why(forbidden or error)
        raise kind(f"Can't fetch {without_secrets(url)}: {why}") from error


def _forbidden(error: BaseException | None) -> OutOfReach | None:
    """Return why a request was not allowed, if it was not. Aiohttp wraps what its resolver raises."""
    while error is not None and not isinstance(error, OutOfReach):
        error = error.__cause__ or getattr(error, "os_error", None)
    return error


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
            raise OutOfReach(f"{host} has no public address")
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
        # As aiohttp writes it, which takes digits of any script for an address.
        within.check(str(URL(url)))
        resolver = _Resolver(within)
    return ClientSession(
        connector=TCPConnector(resolver=resolver, socket_factory=_small_socket),
        timeout=ClientTimeout(total=None),  # `ask` bounds it, with the look-up of the name
        auto_decompress=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        trust_env=False,
    )


def _small_socket(given: AddrInfoType) -> socket.socket:
    """Make a socket that takes little at once."""
    made = socket.socket(*given[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, AT_ONCE_BYTES)
    return made


async def _ask(
    session: ClientSession,
    url: str,
    form: Mapping[str, str] | bytes | None,
    headers: Mapping[str, str] | None,
    *,
    only_beginning: bool,
) -> Fetched:
    method = "GET" if form is None else "POST"
    async with session.request(
        method, url, data=form, headers=headers, allow_redirects=False
    ) as response:
        document = bytearray()
        async for piece in response.content.iter_any():
            document += piece
            if len(document) > MAX_DOCUMENT_BYTES:
                if only_beginning:
                    break
                raise ValueError(f"the answer is larger than {MAX_DOCUMENT_BYTES:,} bytes")
        beginning = bytes(document[:MAX_DOCUMENT_BYTES])
        return Fetched(response.status, beginning, response.headers)


def _why(error: Exception) -> str:
    if isinstance(error, ClientResponseError):  # whose message contains the address
        return error.message
    return str(error) or "timed out"
