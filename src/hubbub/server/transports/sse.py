"""Server-sent events: a room's log over plain HTTP, resumed by `Last-Event-ID`."""

import asyncio

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, Refused
from hubbub.protocol.messages import Closing, Join, Resumed, Snapshot
from hubbub.protocol.wires import SSE
from hubbub.server.door import Visit
from hubbub.server.hub import Hub
from hubbub.server.outlet import Outlet
from hubbub.server.stores.base import StoreFailed
from hubbub.server.transports.base import Links

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}
RETRY = 1.0  # seconds; not less, since it holds for each try until the server is back


class Stream:
    """An open response to which events are written. It hears nothing, so it only gives signs of life."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.was_heard = True
        self.ended = asyncio.Event()

    def ping(self) -> None:
        """Write a comment; if the peer is gone, TCP will find out."""
        self.was_heard = True
        self.outlet.queue(SSE.comment())

    def hang_up(self, code: Close) -> None:
        """Let the response end."""
        self.ended.set()

    def stop(self, notice: Closing) -> None:
        """Let the response end; EventSource comes back by itself, each at another moment."""
        self.outlet.queue(SSE.retry(RETRY + notice.reconnect_after))
        self.ended.set()


async def serve_sse(
    request: web.Request, hub: Hub, links: Links, visit: Visit, join: Join
) -> web.StreamResponse:
    """Stream a room's events until the client goes."""
    response = web.StreamResponse(headers=HEADERS)
    response.enable_chunked_encoding()
    writer = await response.prepare(request)
    assert request.transport is not None and writer is not None
    outlet = Outlet(request.transport, writer, SSE, is_told=False)
    stream = Stream(outlet)
    visit.when_expelled(stream.ended.set)

    def tell(answer: Resumed | Snapshot) -> None:
        outlet.queue(SSE.comment())  # the headers go out, so that the client knows it is connected
        if isinstance(answer, Snapshot) and join.since is not None:
            outlet.queue(SSE.reset(answer.epoch, answer.head, encode(answer)))

    try:
        cursor = await hub.join(visit.principal, join, outlet, tell, stream.ended.set)
    except (Refused, StoreFailed):  # it was fine before the headers; EventSource comes back
        return response
    links.add(stream)
    try:
        await stream.ended.wait()
    finally:
        links.discard(stream)
        hub.leave(cursor)
    outlet.flush()
    return response
