"""Checks the opening handshake of a WebSocket (RFC 6455 section 4.2.1) more strictly than aiohttp."""

import re
from itertools import chain

from aiohttp import HttpVersion11, web

from hubbub.protocol.errors import RefusalError
from hubbub.protocol.fields import TOKEN, elements, words

VERSION = "13"
MAX_HEAD_BYTES = 16_384  # of all headers together
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64
_SUBPROTOCOL = re.compile(TOKEN)
_PARAMETER = rf"[ \t]*;[ \t]*{TOKEN}(?:[ \t]*=[ \t]*(?:{TOKEN}|\"{TOKEN}\"))?"
_EXTENSION = re.compile(rf"{TOKEN}(?:{_PARAMETER})*")


def is_handshake(request: web.Request) -> bool:
    """Whether the request asks for a WebSocket. Other upgrades, such as `h2c`, must be ignored."""
    return "websocket" in words(request.headers, "Upgrade")


def is_upgrade_by(request: web.Request, header: str) -> bool:
    """Whether this header, `Upgrade` or `Connection`, asks for a WebSocket."""
    if header == "Upgrade":
        return request.headers.get("Upgrade", "").strip().lower() == "websocket"
    lines = request.headers.getall("Connection", ())
    return "Upgrade" in lines or "upgrade" in words(request.headers, "Connection")


def require_handshake(
    request: web.Request, versions: frozenset[str] = frozenset({VERSION})
) -> None:
    """Raise RefusalError unless the request is a valid handshake for one of the versions."""
    headers = request.headers
    if not (is_upgrade_by(request, "Upgrade") and is_upgrade_by(request, "Connection")):
        missing = [name for name in ("Upgrade", "Connection") if not is_upgrade_by(request, name)]
        raise RefusalError(
            "upgrade_required",
            "This endpoint accepts only WebSocket connections",
            hint="Connect with ws:// or wss://; a proxy must pass on the headers Upgrade and Connection",
            missing=missing,
        )
    given = headers.getall("Sec-WebSocket-Version", [])
    if not given or not versions.issuperset(given):
        raise RefusalError("upgrade_required", f"Unsupported WebSocket version: use {VERSION}")
    if sum(map(len, chain.from_iterable(headers.items()))) > MAX_HEAD_BYTES:
        raise RefusalError(
            "head_too_large",
            f"Headers too large for a WebSocket: use at most {MAX_HEAD_BYTES} bytes",
        )
    has_body = request.body_exists or "Transfer-Encoding" in headers
    if request.method != "GET" or request.version < HttpVersion11 or has_body:
        raise RefusalError(
            "bad_request", "Malformed WebSocket handshake: send an HTTP/1.1 GET without a body"
        )
    for name in ("Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"):
        if len(headers.getall(name, [])) > 1:
            raise RefusalError("bad_request", f"More than one {name} header: send only one")
    if not _KEY.fullmatch(headers.get("Sec-WebSocket-Key", "")):
        raise RefusalError("bad_request", "Invalid Sec-WebSocket-Key: use 16 bytes in base64")
    if not all(map(_EXTENSION.fullmatch, elements(headers, "Sec-WebSocket-Extensions"))):
        raise RefusalError("bad_request", "Malformed Sec-WebSocket-Extensions header")


def offered_subprotocols(request: web.Request) -> list[str]:
    """Return the subprotocols that a client offers, best first. Raises RefusalError."""
    offered = elements(request.headers, "Sec-WebSocket-Protocol")
    if offered and not (
        all(map(_SUBPROTOCOL.fullmatch, offered)) and len(set(offered)) == len(offered)
    ):
        raise RefusalError(
            "bad_request", "Invalid Sec-WebSocket-Protocol: use a list of distinct tokens"
        )
    return offered


def offered_extensions(request: web.Request) -> list[str]:
    """Return the extensions that a client offers, best first, each with its parameters."""
    return elements(request.headers, "Sec-WebSocket-Extensions")
