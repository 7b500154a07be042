"""Asks a server over its HTTP API: for what is not done over a WebSocket, since it takes passwords or is long."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from hubbub.client.errors import Refused, Unreachable
from hubbub.client.wire.address import page_url

QUICK = aiohttp.ClientTimeout(total=10.0)
LONG = aiohttp.ClientTimeout(sock_connect=10.0, sock_read=60.0)
MAX_BODY_BYTES = 65_536
MAX_LINE_BYTES = 16 * 1024 * 1024


async def post(address: str, path: str, body: Any, **headers: str) -> Any:
    """Post something under `/api/v1/` and return the answer. Raises Refused, Unreachable and ValueError."""
    async with _asked("POST", address, path, QUICK, headers, body) as answer:
        return _answered(address, answer.status, await answer.content.read(MAX_BODY_BYTES))


async def lines(address: str, path: str, **headers: str) -> AsyncIterator[Any]:
    """Yield the objects of an answer that has one in each line. Raises Refused, Unreachable and ValueError."""
    async with _asked("GET", address, path, LONG, headers) as answer:
        if answer.status != 200:
            _answered(address, answer.status, await answer.content.read(MAX_BODY_BYTES))
        async for line in answer.content:
            yield json.loads(line)


@asynccontextmanager
async def _asked(
    method: str,
    address: str,
    path: str,
    timeout: aiohttp.ClientTimeout,
    headers: dict[str, str],
    body: Any = None,
) -> AsyncIterator[aiohttp.ClientResponse]:
    url = page_url(address, f"/api/v1/{path}")
    try:
        async with (
            aiohttp.ClientSession(
                timeout=timeout, headers=headers, read_bufsize=MAX_LINE_BYTES
            ) as http,
            # a redirect would send the password to somebody else
            http.request(method, url, json=body, allow_redirects=False) as answer,
        ):
            yield answer
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = _plain(error) or str(error) or "no answer in time"
        raise Unreachable(f"Can't reach {address}: {why}") from None


def bearer(token: str | None) -> dict[str, str]:
    """The header that proves who asks."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _answered(address: str, status: int, content: bytes) -> Any:
    """Return what an answer says. Raises Refused, or Unreachable if it is none of a hubbub server's."""
    if 200 <= status < 300:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            pass
    raise refusal_in(address, status, content)


def refusal_in(address: str, status: int, content: bytes) -> Refused | Unreachable:
    """Return what an answer refuses, or that it is none of a hubbub server's."""
    try:
        answer = json.loads(content)
        refusal = str(answer["code"]), str(answer["detail"])
        temporary, retry_after = bool(answer["temporary"]), answer.get("retry_after")
    except (ValueError, KeyError, TypeError, RecursionError):
        return Unreachable(f"{address} answers {status}, but is no hubbub server")
    return Refused(*refusal, temporary=temporary, retry_after=retry_after)


def _plain(error: Exception) -> str | None:
    """Return what the system says, since the texts of aiohttp and asyncio name their internals."""
    cause = getattr(error, "os_error", None)
    if not isinstance(cause, OSError):
        return None
    if cause.errno is not None and cause.errno > 0:  # else it is the resolver's
        return os.strerror(cause.errno)
    return cause.strerror
