"""Requests at each door, as bytes, to be spoilt in one way or another."""

import json
from collections.abc import Sequence
from uuid import uuid4

from tests.integration.raw import Raw

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

# What opens a session that polls, and where it posts; `ID` is its own, or the next that is free.
SESSIONS = {
    "GET /socket.io/?EIO=4&transport=polling": "/socket.io/?EIO=4&transport=polling&sid=ID",
    "POST /sockjs/000/ID/xhr": "/sockjs/000/ID/xhr_send",
    "POST /sockjs-plain/000/ID/xhr": "/sockjs-plain/000/ID/xhr_send",
}


async def session(raw: Raw, opening: str, headers: Sequence[str] = ()) -> str:
    """Open a session that polls; returns where it posts."""
    name = uuid4().hex
    method, target = opening.replace("ID", name).split()
    raw.send(head(target, ("Content-Length: 0", *headers), line=f"{method} {{}} HTTP/1.1"))
    response = await raw.response()
    assert response.status == 200, response
    if b'"sid":' in response.body:
        name = json.loads(response.body[1:])["sid"]
    return SESSIONS.get(opening, "").replace("ID", name)


def head(
    target: str,
    headers: Sequence[str] = (),
    *,
    line: str = "GET {} HTTP/1.1",
    host: Sequence[str] = ("Host: localhost",),
) -> bytes:
    """The head of a request; characters are bytes."""
    return "\r\n".join((line.format(target), *host, *headers, "", "")).encode("latin-1")
