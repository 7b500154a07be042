"""Sends every message back: for trying a connection, and for protocol test suites."""

from aiohttp import web

from hubbub.protocol.wires import BINARY, NATIVE, TEXT, frame
from hubbub.server.transports.aiohttp_internals import Response
from hubbub.server.transports.base import Links
from hubbub.server.transports.websocket import Socket


async def serve_echo(
    request: web.Request, links: Links, max_bytes: int, protocol: str | None
) -> Response:
    """Echo until the client goes."""
    socket = Socket(links, max_bytes, protocol)
    response = await socket.open(request, NATIVE)
    outlet = socket.outlet
    try:
        while (received := await socket.receive()) is not None:
            if isinstance(received, str):
                outlet.queue(frame(received.encode(), TEXT))
            else:
                outlet.queue(frame(received, BINARY))
            await outlet.drained()
    except ConnectionError:
        pass
    finally:
        await socket.end()
    return response
