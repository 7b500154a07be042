"""Requests at each door, as bytes, to be spoilt in one way or another."""

from collections.abc import Sequence

HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
JSON = "Content-Type: application/json"
ROOM = "/api/v1/rooms/abused"

# target -> the headers that make it a right request
WEBSOCKETS = {"/": HANDSHAKE, "/ws": HANDSHAKE, "/echo": HANDSHAKE}
ADAPTERS = {
    "/socket.io/?EIO=4&transport=websocket": HANDSHAKE,
    "/sockjs/000/abused/websocket": HANDSHAKE,
}
STREAMS = {
    f"{ROOM}/events?wait=5": (),
    f"{ROOM}/events?since=0": ("Accept: text/event-stream",),
}
PAGES = {"/healthz": (), ROOM: ()}
DOORS: dict[str, tuple[str, ...]] = {**WEBSOCKETS, **ADAPTERS, **STREAMS, **PAGES}
BODIES = {
    ("POST", f"{ROOM}/messages"): JSON,
    ("PATCH", f"{ROOM}/messages/1"): JSON,
    ("PATCH", f"{ROOM}/state"): "Content-Type: application/merge-patch+json",
    ("POST", f"{ROOM}/signals"): JSON,
}


def head(
    target: str,
    headers: Sequence[str] = (),
    *,
    line: str = "GET {} HTTP/1.1",
    host: Sequence[str] = ("Host: localhost",),
) -> bytes:
    """The head of a request; characters are bytes."""
    return "\r\n".join((line.format(target), *host, *headers, "", "")).encode("latin-1")
