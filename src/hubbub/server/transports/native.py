"""hubbub.v1 over WebSocket: JSON text frames in both directions."""

from aiohttp import web

from hubbub.protocol.errors import Close
from hubbub.protocol.wires import NATIVE
from hubbub.rooms.access import Principal
from hubbub.server.connection import Connection, Hangup
from hubbub.server.hub import Hub
from hubbub.server.transports.base import Links
from hubbub.server.transports.websocket import Socket

SUBPROTOCOL = "hubbub.v1"


async def serve_native(
    request: web.Request, hub: Hub, links: Links, principal: Principal | None, protocol: str | None
) -> web.WebSocketResponse:
    """Serve one native client until it goes."""
    socket = Socket(links, hub.limits.message_bytes, protocol)
    try:
        response = await socket.open(request, NATIVE)
    except BaseException:
        if principal is not None:
            hub.door.exit(principal)
        raise
    connection = Connection(hub, socket.outlet, principal, lambda: socket.hang_up(Close.GOING_AWAY))
    try:
        while (received := await socket.receive()) is not None:
            if isinstance(received, bytes):
                raise Hangup(Close.UNSUPPORTED)
            await connection.hear(received)
    except Hangup as hangup:
        socket.hang_up(hangup.code)
    except ConnectionError:
        pass  # the peer is gone; what it left is cleared away below
    finally:
        connection.end()
        await socket.end()
    return response
