"""One WebSocket (RFC 6455): the opening handshake, frames in, heartbeats, and a clean close from either side."""

import asyncio

from aiohttp import WSMsgType, web

from hubbub.protocol.errors import Close
from hubbub.protocol.wires import PING, PONG, Wire, frame
from hubbub.server.outlet import Outlet
from hubbub.server.transports.base import Links

CLOSE_TIMEOUT = 5.0  # seconds for the peer to answer our close frame
SENDABLE = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class Socket:
    """A WebSocket that was opened for `request`, and its outlet.

    Everything but close frames is written through the outlet, so that order is kept.
    """

    def __init__(self, links: Links, max_frame_bytes: int) -> None:
        self._links = links
        self._max_frame_bytes = max_frame_bytes
        self._ws: web.WebSocketResponse
        self._hanging_up: asyncio.Task[object] | None = None
        self.was_heard = True
        self.outlet: Outlet

    async def open(
        self, request: web.Request, wire: Wire, protocol: str | None
    ) -> web.WebSocketResponse:
        """Answer the handshake with 101, or raise the HTTP error that says why not."""
        self._ws = ws = web.WebSocketResponse(
            protocols=(protocol,) if protocol else (),
            compress=False,
            autoping=False,
            autoclose=False,
            timeout=CLOSE_TIMEOUT,
            max_msg_size=self._max_frame_bytes,
        )
        writer = await ws.prepare(request)
        assert request.transport is not None and writer is not None
        self.outlet = Outlet(request.transport, writer, wire)
        self._links.add(self)
        return ws

    async def receive(self) -> str | bytes | None:
        """The next message's text or bytes; None when the connection is over."""
        while True:
            message = await self._ws.receive()
            self.was_heard = True
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    received: str | bytes = message.data
                    return received
                case WSMsgType.PING:
                    self.outlet.queue(frame(message.data, PONG))
                case WSMsgType.PONG:
                    pass
                case WSMsgType.CLOSE:
                    await self.close(_answer_to(message.data))
                    return None
                case _:  # closed by us, cut, or broken and already answered with the right code
                    return None

    def ping(self) -> None:
        """Ask for a sign of life."""
        self.outlet.queue(frame(b"", PING))

    def hang_up(self, code: Close) -> None:
        """Begin to close; `receive` then returns None."""
        if self._hanging_up is None:
            self._hanging_up = asyncio.create_task(self.close(code))

    def stop(self, notice: bytes) -> None:
        """The server stops: say so, if this wire form has words for it, and close."""
        if notice and self.outlet.wire.takes_signals:
            self.outlet.queue(notice)
        self.hang_up(Close.RESTARTING)

    async def close(self, code: int) -> None:
        """Send a close frame, and wait a while for the peer's, if that has not come yet."""
        self.outlet.flush()
        await self._ws.close(code=code)

    async def end(self) -> None:
        """Nothing more will be read or written."""
        self._links.discard(self)
        if self._hanging_up is not None:
            await self._hanging_up
        elif not self._ws.closed:
            await self.close(Close.NORMAL)


def _answer_to(code: int) -> int:
    """The code to answer a peer's close frame with: the same, if a peer may send it (section 7.4)."""
    if not code:
        return Close.NORMAL
    return code if code in SENDABLE or 3000 <= code < 5000 else Close.PROTOCOL_ERROR
