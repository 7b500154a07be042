"""Server-sent events: a room's log over plain HTTP, resumed by `Last-Event-ID`."""

import asyncio

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.messages import Closing, Join, Resumed, Snapshot
from hubbub.protocol.wires import SSE, SSE_UNTIL_CLOSE, Sse
from hubbub.server.hub.following import Following
from hubbub.server.people.door import Visit
from hubbub.server.stores.base import StoreFailed
from hubbub.server.transports.base import Links, begin_stream
from hubbub.server.transports.socket_outlet import SocketOutlet

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # otherwise nginx holds events back
}
RETRY = 1.0  # seconds; not less, since it applies to every attempt until the server is back


class SseStream:
    """An open response to which events are written. It receives nothing, so it only sends signs of life."""

    def __init__(self, outlet: SocketOutlet, wire: Sse) -> None:
        self.outlet = outlet
        self._wire = wire
        self.was_heard = True
        self.ended = asyncio.Event()

    def ping(self) -> None:
        """Write a comment; if the peer is gone, TCP will notice."""
        self.was_heard = True
        self.outlet.queue(self._wire.comment())

    def hang_up(self, code: Close) -> None:
        """End the response."""
        self.ended.set()

    def stop(self, notice: Closing) -> None:
        """End the response; each EventSource reconnects by itself, after its own delay."""
        self.outlet.queue(self._wire.retry(RETRY + notice.reconnect_after))
        self.ended.set()


async def serve_sse(
    request: web.Request,
    following: Following,
    links: Links,
    visit: Visit,
    join: Join,
    *,
    is_new: bool,
) -> web.StreamResponse:
    """Stream a room's events until the client leaves. `is_new`: the client sent no position."""
    response = web.StreamResponse(headers=HEADERS)
    wire = SSE if begin_stream(request, response) else SSE_UNTIL_CLOSE
    writer = await response.prepare(request)
    assert request.transport is not None and writer is not None
    outlet = SocketOutlet(request.transport, writer, wire, is_told=False)
    stream = SseStream(outlet, wire)
    visit.when_expelled(stream.ended.set)

    def tell(answer: Resumed | Snapshot) -> None:
        # Send something at once, so that the client knows that it is connected, and from which position.
        outlet.queue(wire.position(answer.epoch, answer.start) if is_new else wire.comment())
        if isinstance(answer, Snapshot):
            outlet.queue(wire.reset(answer.epoch, answer.head, encode(answer)))

    try:
        cursor = await following.follow(visit.principal, join, outlet, tell, stream.ended.set)
    except (
        RefusalError,
        StoreFailed,
    ):  # it passed the check before the headers; EventSource will reconnect
        return response
    links.add(stream)
    try:
        await stream.ended.wait()
    finally:
        links.discard(stream)
        following.unfollow(cursor)
    outlet.flush()
    return response
