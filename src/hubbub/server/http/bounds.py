"""Connections with limits on their number and time, and our own answers to malformed requests."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from aiohttp import web

from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.server.http.admission import Admission
from hubbub.server.http.headers import protect
from hubbub.server.http.heads import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_LINE_BYTES,
    check_head,
    refusal_of,
)
from hubbub.server.http.problems import ALWAYS_SERVED, problem
from hubbub.server.transports.aiohttp_internals import (
    HEAD,
    BaseHandler,
    Flaw,
    SteppedConnection,
    SteppedRunner,
    SteppedServer,
)

KEEP_ALIVE = 75.0  # seconds between requests: longer than a proxy's usual 60
UNREAD_TIMEOUT = 30.0  # seconds within which a peer must accept some of what is sent
LINGER = 2.0  # seconds for a peer to read why it is disconnected
BACKLOG = 4096

log = logging.getLogger(__name__)


class Bounds(NamedTuple):
    """What bounds the connections of a server. `refused` gets the code of each refusal."""

    admission: Admission
    request_timeout: float  # seconds
    refused: Callable[[str], object]


class BoundedConnection(SteppedConnection):
    """One connection. Each head has a time limit, from the opening or its first byte, and so has each body."""

    __slots__ = ("_awaited", "_bounds", "_deadline", "_is_long")

    def __init__(self, bounds: Bounds, server: SteppedServer, **settings: Any) -> None:
        super().__init__(server, check_head, MAX_HEAD_BYTES, **settings)
        self._bounds = bounds
        self._awaited: object = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_long = False  # what it awaits, so that the time limit is for each part of that

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, to be refused if there are too many connections."""
        super().connection_made(transport)
        self.awaits(HEAD)
        if not self._bounds.admission.admit(self):
            self.serve_by(self._first_and_last)

    def connection_lost(self, reason: BaseException | None) -> None:
        """Forget the lost connection."""
        self.awaits(None)
        self._bounds.admission.leave(self)
        super().connection_lost(reason)

    def awaits(self, awaited: object) -> None:
        """Start the time limit of a head or body."""
        if awaited is self._awaited and not self._is_long:
            return
        self._is_long = self._is_long and awaited is self._awaited
        self._awaited = awaited
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if awaited is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self._bounds.request_timeout, self._give_up)

    def takes_long(self) -> None:
        """The body that is arriving may take any time, as long as some of it comes within each time limit."""
        self._is_long = True

    def rests(self) -> None:
        """A request was answered; another may follow."""
        self._bounds.admission.rest(self)

    def refusing(self, flaw: Flaw) -> BaseHandler:
        """Return what answers a malformed head."""
        return self._last_words(refusal_of(flaw))

    def failed(self, error: BaseException | None) -> web.StreamResponse:
        """Return the answer to a request whose handler failed unexpectedly."""
        log.error("A request failed", exc_info=error)
        return _response(Refusal("internal", "The server failed; its log has the details"))

    def _first_and_last(self, serve: BaseHandler) -> BaseHandler:
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
            response = await serve(request)
            response.force_close()
            return response

        return answer

    def _last_words(self, refusal: Refusal) -> BaseHandler:
        """Refuse any request, and discard the rest.

        TCP resets a connection that is closed with unread bytes, and our answer would be lost.
        """

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            self._bounds.refused(refusal.code)
            response = _response(refusal)
            self.close()
            await response.prepare(request)
            await response.write_eof()
            if self.transport is not None and self.transport.can_write_eof():
                self.transport.write_eof()
                await asyncio.sleep(LINGER)  # cancelled once the peer is gone
            return response

        return answer

    def _give_up(self) -> None:
        """The time limit has passed. Whoever reads a body gets the error and answers the sender."""
        if self._awaited is HEAD:
            self.force_close()
            return
        if self._is_long and self.is_held:  # it is our turn, not the peer's
            self.awaits(self._awaited)
            return
        timeout = self._bounds.request_timeout
        self.give_up_body(
            RefusalError("timed_out", f"The body did not arrive within {timeout:g} seconds")
        )


class BoundedRunner(SteppedRunner):
    """Runs an application whose connections are bounded."""

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
        bounds = Bounds(Admission(max_connections), request_timeout, refused)
        super().__init__(
            application,
            partial(BoundedConnection, bounds),
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
        self._request_timeout = request_timeout
        self._unread_timeout = unread_timeout

    async def listen(self, bound: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
        """Listen on a bound socket. Raises OSError."""
        assert self.server is not None
        listener = await asyncio.get_running_loop().create_server(
            self.server,
            sock=bound,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=self._request_timeout if tls else None,
        )
        for each in listener.sockets:  # their connections inherit the options
            each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end_if_unread(each, self._unread_timeout)
        return listener


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
