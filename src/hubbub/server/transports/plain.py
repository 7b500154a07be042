"""Plain WebSockets, the program that hubbub grew from: every frame goes to everyone in the room, unchanged."""

from functools import partial

from aiohttp import web

from hubbub.domain.facts import Answer
from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.messages import Join, Post
from hubbub.protocol.wires import PLAIN
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.writing import Policy
from hubbub.server.people.door import Visit
from hubbub.server.stores.base import StoreFailed
from hubbub.server.transports.aiohttp_internals import Response
from hubbub.server.transports.base import Links
from hubbub.server.transports.websocket import Socket


async def serve_plain(
    request: web.Request,
    hub: Hub,
    links: Links,
    visit: Visit,
    protocol: str | None,
    join: Join,
) -> Response:
    """Serve one plain client until it goes."""
    socket = Socket(links, hub.limits.message_bytes, protocol)
    response = await socket.open(request, PLAIN)

    visit.when_expelled(partial(socket.hang_up, Close.UNAUTHENTICATED))
    lost = partial(socket.hang_up, Close.GOING_AWAY)
    answer = partial(_answer, hub, socket)
    inflow = hub.throttle.inflow(visit.principal.counted_as)
    cursor = None
    try:
        cursor = await hub.following.follow(
            visit.principal, join, socket.outlet, lambda _: None, lost
        )
        while (received := await socket.receive()) is not None:
            await inflow.take(len(received))
            text, binary = (received, None) if isinstance(received, str) else (None, received)
            post = Post(room=join.room, text=text, bytes=binary)
            await hub.writing.submit(visit.principal, post, answer, Policy.WAIT)
            if socket.outlet.is_full:
                await socket.outlet.drained()
    except ConnectionError:
        pass
    except (RefusalError, StoreFailed):  # after the handshake, refusals can't be expressed
        socket.hang_up(Close.INTERNAL)
    finally:
        if cursor is not None:
            hub.following.unfollow(cursor)
        await socket.end()
    return response


def _answer(hub: Hub, socket: Socket, answer: Answer) -> None:
    """Handle an answer. This protocol can't express refusals, so a message with invalid content is dropped.

    After any other refusal the connection is closed: the next message would be refused as well, and
    silence would be misleading.
    """
    if isinstance(answer, Refusal):
        hub.refused(answer.code)
        if not answer.is_of_content:
            socket.hang_up(Close.INTERNAL)
