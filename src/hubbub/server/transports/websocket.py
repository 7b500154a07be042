"""One WebSocket (RFC 6455): the opening handshake, incoming frames, heartbeats, and a clean close from either side."""

import asyncio
import logging
from collections import deque
from functools import partial

from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.foreign import deflate
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.messages import Closing
from hubbub.protocol.states import State, step
from hubbub.protocol.wires import BINARY, CLOSE, PING, PONG, Wire, frame
from hubbub.server.clients.base import Hangup, ServedClient
from hubbub.server.transports.aiohttp_internals import Response
from hubbub.server.transports.base import Links
from hubbub.server.transports.handshake import offered_extensions
from hubbub.server.transports.socket_outlet import SocketOutlet

COMPRESSES = web.AppKey("compresses", bool)  # whether permessage-deflate may be negotiated
MAX_REASON_BYTES = 123  # of a close frame (RFC 6455 section 5.5)
CLOSE_TIMEOUT = 5.0  # seconds for the peer to answer our close frame
# To look members up would cost every message a tenth of a microsecond each.
_DATA = (WSMsgType.TEXT, WSMsgType.BINARY)
_OPEN = State.OPEN
PEERS_MAY_SEND = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})

log = logging.getLogger(__name__)
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)  # clients may offer anything


class Socket:
    """A WebSocket opened for a request, and its outlet.

    Frames come from aiohttp's reader. Everything sent goes through the outlet, which keeps the order;
    so the closing handshake happens here too.
    """

    hears = True
    __slots__ = (
        "_deadline",
        "_is_broken",
        "_is_listening",
        "_links",
        "_max_bytes",
        "_response",
        "_state",
        "_subprotocol",
        "outlet",
        "was_heard",
    )

    def __init__(self, links: Links, max_message_bytes: int, subprotocol: str | None) -> None:
        self._links = links
        self._state = State.OPENING
        self._deadline: asyncio.TimerHandle | None = None
        self._is_broken = False
        self._is_listening = False
        self._max_bytes = max_message_bytes
        self._subprotocol = subprotocol
        self._response: Response
        self.outlet: SocketOutlet
        self.was_heard = True

    async def open(self, request: web.Request, wire: Wire) -> Response:
        """Answer the handshake with 101, or raise the HTTP error that says why not."""
        agreed = deflate.agreement(offered_extensions(request)) if _compresses(request) else None
        self._response = Response(self._subprotocol, self._max_bytes, agreed)
        writer = await self._response.prepare(request)
        assert request.transport is not None and writer is not None
        self.outlet = SocketOutlet(
            request.transport, writer, wire, is_told=True, is_compressed=agreed is not None
        )
        self._response.reader.watch(self.outlet.lost, partial(self.hang_up, Close.TOO_FAST))
        self._step(State.OPEN)
        self._links.add(self)
        return self._response

    async def receive(self) -> str | bytes | None:
        """Return the next message, as text or bytes; None when the connection has ended."""
        response, step = self._response, self._response.reader.step
        while True:
            if step.is_over():
                await step.pause()
            self._is_listening = True
            message = await response.receive()
            self._is_listening = False
            step.begin()
            self.was_heard = True
            if message.type in _DATA:
                if self._state is not _OPEN:
                    continue
                marks = response.reader.compressed
                return message.data if marks is None else self._decompressed(message, marks)
            match message.type:
                case WSMsgType.PING:
                    self.outlet.queue(frame(message.data, PONG))
                    if self.outlet.is_full:  # it sends pings but doesn't read the pongs
                        await self.outlet.drained()
                case WSMsgType.PONG:
                    pass
                case _:
                    self._over(message)
                    return None

    def _decompressed(self, message: WSMessage, marks: deque[bool]) -> str | bytes | None:
        """Return the content of a message; None, after ending the connection, if it can't be decoded."""
        said: bytes = message.data
        try:
            if marks.popleft():
                said = deflate.decompressed(said, self._max_bytes)
            return said.decode() if message.type is WSMsgType.TEXT else said
        except deflate.TooLarge as error:
            why = WebSocketError(Close.TOO_BIG, str(error))
        except ValueError as error:  # it can't be decompressed, or is not UTF-8
            why = WebSocketError(Close.BAD_UTF8, str(error))
        self._over(WSMessage(WSMsgType.ERROR, why, None))
        return None

    async def carry(self, client: ServedClient) -> None:
        """Let a client open and hear until one side has hung up. It ends elsewhere."""
        try:
            if (later := client.open(self)) is not None:
                await later
            outlet = self.outlet
            while (received := await self.receive()) is not None:
                try:
                    if (later := client.hear(received)) is not None:
                        await later
                except RefusalError:
                    pass  # nothing can be told here
                if not outlet.is_direct and outlet.is_full:
                    await outlet.drained()
        except Hangup as hangup:
            self.hang_up(hangup.code)
        except BadPacket:
            self.hang_up(Close.PROTOCOL_ERROR)
        except ConnectionError:
            pass  # the peer is gone

    def send(self, *messages: str | bytes) -> None:
        """Queue messages, each in a frame."""
        for message in messages:
            if isinstance(message, str):
                self.outlet.queue(frame(message.encode()))
            else:
                self.outlet.queue(frame(message, BINARY))

    def ping(self) -> None:
        """Ask for a sign of life. One isn't noticed while a message is carried out, which is no fault of the peer's."""
        self.was_heard = not (self._is_listening or self.outlet.is_full)
        self._response.reader.count_anew()
        self.outlet.queue(frame(b"", PING))

    def hang_up(self, code: int, reason: str = "") -> None:
        """Begin to close: nothing more is sent, and `receive` ends when the peer has answered."""
        if self._state is State.OPEN:
            self._send_close(code, reason)
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(CLOSE_TIMEOUT, self.outlet.abort)

    def hang_up_normally(self) -> None:
        """Begin to close normally."""
        self.hang_up(Close.NORMAL)

    def stop(self, notice: Closing) -> None:
        """Tell the client that the server stops, if the wire form can express it, and close."""
        self.outlet.queue(self.outlet.wire.closing(encode(notice)))
        self.hang_up(Close.RESTARTING)

    async def end(self) -> None:
        """Read no more messages: complete our closing handshake and let go."""
        try:
            self.hang_up(Close.NORMAL)
            while self._state is State.CLOSING:
                await self.receive()
            if self._is_broken:
                await self._linger()
        finally:
            self._links.discard(self)
            if self._deadline is not None:
                self._deadline.cancel()

    def _over(self, message: WSMessage) -> None:
        """The peer has sent a close frame, or broken the protocol, or is gone."""
        if self._state is State.OPEN:
            if message.type is WSMsgType.CLOSE:
                self._send_close(_answer_to(message.data))
            elif isinstance(message.data, WebSocketError):
                self._send_close(message.data.code)
                self._is_broken = True
                message.data.with_traceback(None)  # see RefusalError: aiohttp's reader keeps it
        self._step(State.CLOSED, f"{message.type.name} {message.data}")
        if self._is_broken:
            self.outlet.finish()
        else:
            self.outlet.close()

    async def _linger(self) -> None:
        """Wait for a peer that broke the protocol to hang up; aiohttp discards what it still sends.

        TCP resets a connection that is closed with bytes unread, and our close frame would be lost.
        """
        await asyncio.sleep(CLOSE_TIMEOUT)  # cancelled by aiohttp once the peer is gone
        self.outlet.abort()

    def _send_close(self, code: int, reason: str = "") -> None:
        said = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self.outlet.queue(frame(code.to_bytes(2, "big") + said.encode(), CLOSE))
        self.outlet.seal()
        self._response.closing(code)
        self._step(State.CLOSING, str(code))

    def _step(self, to: State, why: str = "") -> None:
        log.debug("= %s -> %s (%s)", self._state, to, why)
        self._state = step(self._state, to)


async def serve_websocket(
    request: web.Request, socket: Socket, wire: Wire, client: ServedClient
) -> Response:
    """Carry a client over a WebSocket of its own until it goes."""
    try:
        response = await socket.open(request, wire)
    except BaseException:
        client.end()
        raise
    try:
        await socket.carry(client)
    finally:
        client.end()
        await socket.end()
    return response


def _compresses(request: web.Request) -> bool:
    return request.app.get(COMPRESSES, False)


def _answer_to(code: int) -> int:
    """Return the code for answering a close frame: the peer's, if peers may send it (section 7.4)."""
    if not code:
        return Close.NORMAL
    return code if code in PEERS_MAY_SEND or 3000 <= code < 5000 else Close.PROTOCOL_ERROR
