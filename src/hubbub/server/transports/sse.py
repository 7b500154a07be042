"""Server-sent events: a room's log over plain HTTP, resumed by `Last-Event-ID`."""

import asyncio

from aiohttp import web

from hubbub.protocol.messages import Closing
from hubbub.protocol.wires import SSE, SSE_UNTIL_CLOSE, Sse
from hubbub.server.clients.base import ServedClient
from hubbub.server.transports.base import Links
from hubbub.server.transports.requests import begin_stream
from hubbub.server.transports.socket_outlet import SocketOutlet

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # otherwise nginx holds events back
}
RETRY = 1.0  # seconds; not less, since it applies to every attempt until the server is back


class SseStream:
    """An open response to which events are written. It receives nothing, so it only sends signs of life."""

    hears = False

    def __init__(self, outlet: SocketOutlet, wire: Sse) -> None:
        self.outlet = outlet
        self._wire = wire
        self.was_heard = True
        self.ended = asyncio.Event()

    def ping(self) -> None:
        """Write a comment; if the peer is gone, TCP will notice."""
        self.was_heard = True
        self.outlet.queue(self._wire.comment())

    def send(self, *messages: str | bytes) -> None:
        """Write messages without a position, as the data of events."""
        bodies = [m.encode() if isinstance(m, str) else m for m in messages]
        self.outlet.queue(self._wire.signals(bodies))

    def hang_up(self, code: int, reason: str = "") -> None:
        """End the response, after what was written."""
        self.outlet.seal()
        self.ended.set()

    def stop(self, notice: Closing) -> None:
        """End the response; each EventSource reconnects by itself, after its own delay."""
        self.outlet.queue(self._wire.retry(RETRY + notice.reconnect_after))
        self.ended.set()


async def serve_sse(request: web.Request, links: Links, client: ServedClient) -> web.StreamResponse:
    """Carry a client that only follows, until it goes."""
    response = web.StreamResponse(headers=HEADERS)
    wire = SSE if begin_stream(request, response) else SSE_UNTIL_CLOSE
    try:
        writer = await response.prepare(request)
        assert request.transport is not None and writer is not None
        outlet = SocketOutlet(request.transport, writer, wire, is_told=False)
        stream = SseStream(outlet, wire)
        links.add(stream)
        try:
            if (later := client.open(stream)) is not None:
                await later
            await stream.ended.wait()
        finally:
            links.discard(stream)
    finally:
        client.end()
    outlet.flush()
    return response
