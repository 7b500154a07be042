"""Logs in to a server with a password, and out, over its HTTP API."""

import asyncio
import json
import os
import platform
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from hubbub.client import Refused, Unreachable
from hubbub.client.address import websocket_url
from hubbub.terminal.credentials import Login

TIMEOUT = aiohttp.ClientTimeout(total=10.0)
MAX_BODY_BYTES = 65_536


def log_in(address: str, handle: str, password: str) -> Login:
    """Open a session. Raises Refused, Unreachable and ValueError."""
    given = {"handle": handle, "password": password, "wants": "token"}
    answer = asyncio.run(_post(address, "login", given))
    try:
        return Login(handle, str(answer["account"]), str(answer["token"]))
    except (KeyError, TypeError):
        raise Unreachable(f"Malformed answer from {address}: is it a hubbub server?") from None


def log_out(address: str, token: str) -> None:
    """End a session; one that has ended already will do. Raises Refused, Unreachable and ValueError."""
    try:
        asyncio.run(_post(address, "logout", None, token))
    except Refused as error:
        if error.code != "unauthenticated":
            raise


def is_encrypted(address: str) -> bool:
    """Whether nobody on the way can read what is sent there. Raises ValueError."""
    parts = urlsplit(websocket_url(address))
    return parts.scheme == "wss" or parts.hostname in ("localhost", "127.0.0.1", "::1")


async def _post(address: str, path: str, body: Any, token: str = "") -> Any:
    url = websocket_url(address).removesuffix("/ws").replace("ws", "http", 1)
    headers = {"User-Agent": f"hubbub on {platform.node() or 'a terminal'}"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT, headers=headers) as http,
            # a redirect would send the password to somebody else
            http.post(f"{url}/api/v1/{path}", json=body, allow_redirects=False) as answer,
        ):
            content = await answer.content.read(MAX_BODY_BYTES)
            return _answered(address, answer.status, content)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = _plain(error) or str(error) or "no answer in time"
        raise Unreachable(f"Can't reach {address}: {why}") from None


def _answered(address: str, status: int, content: bytes) -> Any:
    """Return what an answer says. Raises Refused, or Unreachable if it is none of a hubbub server's."""
    try:
        answer = json.loads(content)
        if 200 <= status < 300:
            return answer
        refusal = str(answer["code"]), str(answer["detail"])
        temporary, retry_after = bool(answer["temporary"]), answer.get("retry_after")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreachable(f"{address} answers {status}, but is no hubbub server") from None
    raise Refused(*refusal, temporary=temporary, retry_after=retry_after)


def _plain(error: Exception) -> str | None:
    """Return what the system says, since the texts of aiohttp and asyncio name their internals."""
    cause = getattr(error, "os_error", None)
    if not isinstance(cause, OSError):
        return None
    if cause.errno is not None and cause.errno > 0:  # else it is the resolver's
        return os.strerror(cause.errno)
    return cause.strerror
