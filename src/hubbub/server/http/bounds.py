"""aiohttp's HTTP/1.1 server, with limits on steps, time and connections, and our own answers to malformed requests."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.server.http.headers import protect
from hubbub.server.http.heads import HEAD, MAX_HEADERS, MAX_LINE_BYTES, StrictParser, refusal_of
from hubbub.server.http.problems import ALWAYS_SERVED, problem

KEEP_ALIVE = 75.0  # seconds between requests: longer than a proxy's usual 60
UNREAD_TIMEOUT = 30.0  # seconds within which a peer must accept some of what is sent
LINGER = 2.0  # seconds for a peer to read why it is disconnected
SURPLUS = 32  # connections over the limit that still get an answer
BACKLOG = 4096
PIECE = 16_384  # bytes parsed in one step: 2,300 frames or 500 requests, if they are tiny

log = logging.getLogger(__name__)

BaseHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class BoundedConnection(web.RequestHandler):
    """One connection. Each head has a time limit, from the opening or its first byte, and so has each body.

    A read may bring 256 KiB. It is parsed piece by piece, while other connections take turns and nothing
    more is read from this one.
    """

    __slots__ = (
        "_awaited",
        "_deadline",
        "_heads",
        "_is_surplus",
        "_server",
        "_turn",
        "_unparsed",
    )

    def __init__(self, server: "BoundedServer", **settings: Any) -> None:
        super().__init__(server, **settings)
        self._server = server
        self._awaited: object = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_surplus = False
        self._unparsed = memoryview(b"")  # of what was received; empty while reading
        self._turn: asyncio.Handle | None = None  # to parse some of it
        self._heads: StrictParser = StrictParser(self._parser)
        self._parser: Any = self._heads

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, to be refused if there are too many connections."""
        super().connection_made(transport)
        self._wait_for(HEAD)
        self._is_surplus = not self._server.admit(self)
        if self._is_surplus:
            self._request_handler = self._first_and_last(self._request_handler)

    def connection_lost(self, reason: BaseException | None) -> None:
        """Forget the lost connection."""
        self._wait_for(None)
        self._unparsed = memoryview(b"")
        if self._turn is not None:
            self._turn.cancel()
        self._server.leave(self)
        super().connection_lost(reason)
        # They refer to us; the cycles would keep everything in memory for long.
        self._messages.clear()
        del self._heads

    def data_received(self, data: bytes) -> None:
        """Parse what was received: now, or in pieces. aiohttp gives nothing to parse what it has kept."""
        if not data or (len(data) <= PIECE and not self._unparsed):
            self._parse(data)
            return
        self._unparsed = memoryview(bytes(self._unparsed) + data)
        self._pause_transport_reading()
        if self._turn is None:
            self._parse_piece()

    def _parse_piece(self) -> None:
        """Parse the next piece, unless aiohttp has no room for it. Then it will ask to go on."""
        self._turn = None
        if self._is_held:
            return
        piece, self._unparsed = bytes(self._unparsed[:PIECE]), self._unparsed[PIECE:]
        self._parse(piece)
        if not self._is_held:
            self._resume_transport_reading()

    @property
    def _is_held(self) -> bool:
        """Whether aiohttp wants no more for now."""
        return self._reading_paused or self._buffer_paused

    def _resume_transport_reading(self) -> None:
        """Go on with what was received before, and only then read more."""
        if not self._unparsed:
            super()._resume_transport_reading()
        elif self._turn is None:
            self._turn = self._loop.call_soon(self._parse_piece)

    def _parse(self, data: bytes) -> None:
        """Take frames of a WebSocket, or part of a head or body."""
        if self._payload_parser is not None:
            if not (self._force_close or self._close) and self._payload_parser.feed_data(data)[0]:
                self.close()
            return
        super().data_received(data)
        if self._message_tail and not self._buffer_paused:
            # What follows a request to upgrade is parsed at once when that is answered.
            self._pause_reading_for_buffer()
        if self._heads.is_broken:
            self.close()
        self._wait_for(self._heads.awaited)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request or the rest of its head."""
        return self._current_request is None and not self._messages and not self._unparsed

    async def finish_response(self, request: Any, response: Any, *rest: Any) -> Any:
        """Finish a response; another request may follow."""
        self._server.rest(self)
        if isinstance(response, web.HTTPException):
            response.__traceback__ = None  # see RefusalError: aiohttp's frames refer to it
        return await super().finish_response(request, response, *rest)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request whose handler failed unexpectedly."""
        log.error("A request failed", exc_info=exc)
        return _response(Refusal("internal", "The server failed; its log has the details"))

    def _make_error_handler(self, error: Any) -> BaseHandler:
        log.debug("Not an HTTP/1.1 request: %s", error.message)
        error.exc.__traceback__ = None  # see RefusalError: the parser's frames refer to it
        return self._last_words(refusal_of(error.exc))

    def _first_and_last(self, serve: Any) -> BaseHandler:
        """On a surplus connection, answer health checks and refuse everything else."""
        refuse = self._last_words(
            Refusal(
                "unavailable",
                "The server has too many connections; try again later",
                retry_after=1.0,
            )
        )

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            if request.path not in ALWAYS_SERVED:
                return await refuse(request)
            response: web.StreamResponse = await serve(request)
            response.force_close()
            return response

        return answer

    def _last_words(self, refusal: Refusal) -> BaseHandler:
        """Refuse any request, and discard the rest.

        TCP resets a connection that is closed with unread bytes, and our answer would be lost.
        """

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            self._server.refused(refusal.code)
            response = _response(refusal)
            self.close()
            await response.prepare(request)
            await response.write_eof()
            if self.transport is not None and self.transport.can_write_eof():
                self.transport.write_eof()
                await asyncio.sleep(LINGER)  # cancelled once the peer is gone
            return response

        return answer

    def _wait_for(self, awaited: object) -> None:
        """Start the time limit of a head or body."""
        if awaited is self._awaited:
            return
        self._awaited = awaited
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if awaited is not None:
            self._deadline = self._loop.call_later(self._server.request_timeout, self._give_up)

    def _give_up(self) -> None:
        """The time limit has passed. Whoever reads a body gets the error and answers the sender."""
        if self._awaited is HEAD:
            self.force_close()
            return
        timeout = self._server.request_timeout
        self._heads.give_up_body(
            RefusalError("timed_out", f"The body did not arrive within {timeout:g} seconds")
        )
        self.close()


class BoundedServer(web.Server):
    """Creates such connections. `refused` gets the code of each refusal."""

    def __init__(
        self,
        plain: web.Server,
        max_connections: int,
        request_timeout: float,
        refused: Callable[[str], object],
    ) -> None:
        super().__init__(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            **plain._kwargs,
        )
        self._max_connections = max_connections
        self._admitted: set[BoundedConnection] = set()
        self._idle: dict[BoundedConnection, None] = {}  # candidates; longest idle first
        self._surplus: dict[BoundedConnection, None] = {}  # oldest first
        self.request_timeout = request_timeout
        self.refused = refused

    def __len__(self) -> int:
        return len(self._connections)

    def admit(self, connection: BoundedConnection) -> bool:
        """Whether there is room for a connection. An idle one is closed to make room.

        Without room it is a surplus connection, and the oldest of those is closed.
        """
        if len(self._admitted) >= self._max_connections:
            self._end_an_idle_one()
        if len(self._admitted) < self._max_connections:
            self._admitted.add(connection)
            self.rest(connection)
            return True
        self._surplus[connection] = None
        if len(self._surplus) > SURPLUS:
            oldest = next(iter(self._surplus))
            del self._surplus[oldest]
            oldest.force_close()
        return False

    def rest(self, connection: BoundedConnection) -> None:
        """Note that a connection is idle."""
        if connection in self._admitted:
            self._idle.pop(connection, None)
            self._idle[connection] = None

    def leave(self, connection: BoundedConnection) -> None:
        """Note that a connection has ended."""
        self._admitted.discard(connection)
        self._idle.pop(connection, None)
        self._surplus.pop(connection, None)

    def _end_an_idle_one(self) -> None:
        while self._idle:
            connection = next(iter(self._idle))
            del self._idle[connection]
            if connection.is_idle:
                self._admitted.discard(connection)
                connection.force_close()
                return

    def __call__(self) -> BoundedConnection:
        """Return the protocol of a new connection."""
        return BoundedConnection(self, loop=self._loop, **self._kwargs)


class BoundedRunner(web.AppRunner):
    """Runs an application on such a server."""

    def __init__(
        self,
        application: web.Application,
        *,
        max_connections: int,
        request_timeout: float,
        refused: Callable[[str], object] = lambda _: None,
        shutdown_timeout: float,
        unread_timeout: float = UNREAD_TIMEOUT,
    ) -> None:
        super().__init__(
            application,
            access_log=None,
            auto_decompress=False,
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
            max_line_size=MAX_LINE_BYTES,
            shutdown_timeout=shutdown_timeout,
            tcp_keepalive=False,  # `listen` sets it, once for all connections
        )
        self._bounds = (max_connections, request_timeout, refused)
        self._unread_timeout = unread_timeout

    async def listen(self, bound: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
        """Listen on a bound socket. Raises OSError."""
        assert self.server is not None
        listener = await asyncio.get_running_loop().create_server(
            self.server,
            sock=bound,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=self._bounds[1] if tls else None,
        )
        for each in listener.sockets:  # their connections inherit the options
            each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            end_if_unread(each, self._unread_timeout)
        return listener

    async def _make_server(self) -> web.Server:
        return BoundedServer(await super()._make_server(), *self._bounds)


def end_if_unread(listener: Any, seconds: float) -> None:
    """Where possible, let TCP end connections whose peer acknowledges or accepts nothing (RFC 5482)."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = round(seconds * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def _response(refusal: Refusal) -> web.Response:
    """Return a refusal as a response, without an application."""
    response = problem(refusal)
    protect(response)
    response.force_close()
    return response
