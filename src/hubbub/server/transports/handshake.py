"""What the opening handshake of a WebSocket must hold (RFC 6455 section 4.2.1); aiohttp asks for less."""

import re

from aiohttp import HttpVersion11, web

from hubbub.protocol.errors import Refused

VERSION = "13"
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64


def is_handshake(request: web.Request) -> bool:
    """Whether a WebSocket is asked for. Other upgrades, such as `h2c`, are to be ignored."""
    return "websocket" in _tokens(request, "Upgrade")


def require_handshake(request: web.Request) -> None:
    """Raise Refused unless a WebSocket is asked for, and rightly so."""
    if not is_handshake(request) or "upgrade" not in _tokens(request, "Connection"):
        raise Refused(
            "upgrade_required",
            "this door is for WebSockets",
            hint="connect with ws:// or wss://; behind a proxy, let it pass Upgrade and Connection",
        )
    if request.headers.get("Sec-WebSocket-Version") != VERSION:
        raise Refused("upgrade_required", f"only version {VERSION} of WebSocket is spoken here")
    if request.method != "GET" or request.version < HttpVersion11:
        raise Refused("bad_request", "a WebSocket begins with a GET of HTTP/1.1")
    if not _KEY.fullmatch(request.headers.get("Sec-WebSocket-Key", "")):
        raise Refused("bad_request", "Sec-WebSocket-Key is not 16 bytes in base64")


def _tokens(request: web.Request, header: str) -> list[str]:
    values = ",".join(request.headers.getall(header, []))
    return [token.strip().lower() for token in values.split(",")]
