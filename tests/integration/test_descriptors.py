"""A descriptor is written to only while it is the connection's own."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import IPPROTO_TCP, SO_LINGER, SOL_SOCKET, TCP_NODELAY

import pytest
import uvloop
from aiohttp import web

from hubbub.protocol.wires import PLAIN
from hubbub.server.http.bounds import BoundedRunner
from hubbub.server.http.problems import Handler
from hubbub.server.process.listening import bound
from hubbub.server.transports.base import Links
from hubbub.server.transports.socket_outlet import SocketOutlet
from hubbub.server.transports.websocket import Socket
from tests.integration.raw import HANDSHAKE, connected


class Watched:
    """Serves WebSockets, and looks at the descriptor while the loss of one is told."""

    def __init__(self) -> None:
        self.seen: asyncio.Future[tuple[int, bool]] = asyncio.get_running_loop().create_future()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        connection = Socket(Links(), 1024, None)
        response = await connection.open(request, PLAIN)
        assert connection.outlet.is_direct
        self._watch(connection)
        try:
            await connection.receive()
        finally:
            await connection.end()
        return response

    def _watch(self, connection: Socket) -> None:
        outlet: SocketOutlet = connection.outlet
        fd = outlet.fileno()
        inode = os.fstat(fd).st_ino

        def lost() -> None:
            is_ours = os.fstat(fd).st_ino == inode  # raises OSError if it is closed
            outlet.lost()
            self.seen.set_result((outlet.fileno(), is_ours))

        assert connection._response.reader.lost == outlet.lost
        connection._response.reader.lost = lost


@asynccontextmanager
async def serving(door: Handler) -> AsyncIterator[int]:
    """The port of a server with nothing but this door."""
    application = web.Application()
    application.router.add_get("/", door)
    runner = BoundedRunner(application, max_connections=10, request_timeout=10, shutdown_timeout=1)
    await runner.setup()
    [listener] = [await runner.listen(each, None) for each in bound("127.0.0.1", 0)]
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await runner.cleanup()


@pytest.mark.parametrize("how", ["closed", "reset"])
async def test_an_outlet_lets_go_before_its_descriptor_is_given_away(how: str) -> None:
    watched = Watched()
    async with serving(watched.serve) as port, connected(port) as raw:
        assert (await raw.request("GET / HTTP/1.1", {"Host": "x"} | HANDSHAKE)).status == 101
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            raw.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        raw.writer.transport.abort()
        async with asyncio.timeout(30):
            assert await watched.seen == (-1, True)


@pytest.mark.parametrize("make_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_no_small_write_waits_for_more(
    make_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def look(request: web.Request) -> web.Response:
        assert request.transport is not None
        descriptor = request.transport.get_extra_info("socket")
        return web.Response(text=str(descriptor.getsockopt(IPPROTO_TCP, TCP_NODELAY)))

    async def ask() -> bytes:
        async with serving(look) as port, connected(port) as raw:
            return (await raw.request("GET / HTTP/1.1", {"Host": "x"})).body

    with asyncio.Runner(loop_factory=make_loop) as loop:
        assert loop.run(ask()) == b"1"
