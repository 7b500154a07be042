"""hubbub.v1 over WebSocket: JSON text frames in both directions."""

import asyncio

from aiohttp import web

from hubbub.protocol.errors import Close
from hubbub.protocol.wires import NATIVE
from hubbub.server.connection import Connection, Hangup
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials
from hubbub.server.transports.aiohttp_internals import Response
from hubbub.server.transports.base import Links
from hubbub.server.transports.websocket import Socket

SUBPROTOCOL = "hubbub.v1"
HELLO_TIMEOUT = 10.0  # seconds for clients that need a token


async def serve_native(
    request: web.Request, hub: Hub, links: Links, credentials: Credentials, protocol: str | None
) -> Response:
    """Serve one native client until it goes."""
    is_known = credentials.name is not None or credentials.token is not None
    visit = hub.door.enter(credentials) if is_known else None
    socket = Socket(links, hub.limits.message_bytes, protocol)
    try:
        response = await socket.open(request, NATIVE)
    except BaseException:
        if visit is not None:
            hub.door.exit(visit)
        raise
    connection = Connection(hub, socket.outlet, socket.hang_up, visit, credentials.place)
    if not (is_known or hub.door.has_guests):
        asyncio.get_running_loop().call_later(HELLO_TIMEOUT, connection.require_hello)
    try:
        while (received := await socket.receive()) is not None:
            if isinstance(received, bytes):
                raise Hangup(Close.UNSUPPORTED)
            await connection.hear(received)
    except Hangup as hangup:
        socket.hang_up(hangup.code)
    except ConnectionError:
        pass  # the peer is gone
    finally:
        connection.end()
        await socket.end()
    return response
