"""Logs in to a server with a password, and out, over its HTTP API."""

import asyncio
import platform
from urllib.parse import urlsplit

from hubbub.client import Refused, Unreachable
from hubbub.client.wire.address import websocket_url
from hubbub.client.wire.http import bearer, post
from hubbub.terminal.credentials import Login

_DEVICE = {"User-Agent": f"hubbub on {platform.node() or 'a terminal'}"}


def log_in(address: str, handle: str, password: str) -> Login:
    """Open a session. Raises Refused, Unreachable and ValueError."""
    given = {"handle": handle, "password": password, "wants": "token"}
    answer = asyncio.run(post(address, "login", given, **_DEVICE))
    try:
        return Login(handle, str(answer["account"]), str(answer["token"]))
    except (KeyError, TypeError):
        raise Unreachable(f"Malformed answer from {address}: is it a hubbub server?") from None


def log_out(address: str, token: str) -> None:
    """End a session; one that has ended already will do. Raises Refused, Unreachable and ValueError."""
    try:
        asyncio.run(post(address, "logout", None, **_DEVICE, **bearer(token)))
    except Refused as error:
        if error.code != "unauthenticated":
            raise


def is_encrypted(address: str) -> bool:
    """Whether nobody on the way can read what is sent there. Raises ValueError."""
    parts = urlsplit(websocket_url(address))
    return parts.scheme == "wss" or parts.hostname in ("localhost", "127.0.0.1", "::1")
