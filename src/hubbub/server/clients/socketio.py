"""Socket.IO 5, as an Engine.IO session carries it: namespaces, and for each a handler that hears events."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from hubbub.protocol.codec import BadFrame
from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.foreign import socketio
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.foreign.socketio import Decoder, SocketIoPacket
from hubbub.server.clients.base import Later, Transport
from hubbub.server.engine.outlet import Outlet

CONNECT_TIMEOUT = 10.0  # seconds for a client to connect to a namespace
MAX_CONNECT_BYTES = 12_288  # bytes of each message until then

Acknowledge = Callable[[Sequence[Any]], None]


class NamespaceHandler(Protocol):
    """What a namespace does for one client."""

    async def connect(self, auth: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> None:
        """Admit a client: `answer` confirms the connection and adds fields. Raises RefusalError."""

    async def hear(self, event: SocketIoPacket) -> None:
        """Handle an event. Its `id` is that of the acknowledgement, if the client asked for one."""

    def refuse(self, flaw: BadFrame, ack: int | None) -> None:
        """Refuse an event with invalid content."""

    def move(self, outlet: Outlet) -> None:
        """Write to another outlet from now on."""

    def end(self) -> None:
        """The client has left."""


class Namespace:
    """One client's connection to a namespace, with methods to send to it."""

    def __init__(self, transport: Transport, name: str, leave: Callable[[], None]) -> None:
        """`leave` is called when the client has been disconnected."""
        self.transport = transport
        self.name = name
        self._leave = leave
        self.sid = secrets.token_urlsafe(15)

    def emit(self, event: str, *arguments: Any) -> None:
        """Send an event."""
        self._send(SocketIoPacket(socketio.EVENT, [event, *arguments], self.name))

    def acknowledge(self, ack: int, arguments: Sequence[Any]) -> None:
        """Acknowledge an event."""
        self._send(SocketIoPacket(socketio.ACK, list(arguments), self.name, ack))

    def disconnect(self) -> None:
        """Disconnect the client from the namespace, after what it is being answered."""
        asyncio.get_running_loop().call_soon(self._disconnect)

    def _disconnect(self) -> None:
        self._send(SocketIoPacket(socketio.DISCONNECT, None, self.name))
        self._leave()

    def _send(self, packet: SocketIoPacket) -> None:
        self.transport.send(*socketio.encode(packet))


class SocketIo:
    """A client that passes events to the handlers of its namespaces."""

    def __init__(
        self,
        namespaces: Mapping[str, Callable[[Namespace], NamespaceHandler]],
        connect_timeout: float = CONNECT_TIMEOUT,
        decoder: Decoder | None = None,
        take: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """`take` gets the size of each message before it is parsed, and may delay it."""
        self._namespaces = namespaces
        self._connect_timeout = connect_timeout
        self._decoder = decoder or Decoder()
        self._take = take
        self._handlers: dict[str, NamespaceHandler] = {}
        self._is_over = False
        self._transport: Transport
        self._deadline: asyncio.TimerHandle | None = None

    def open(self, transport: Transport) -> None:
        """Wait for the client to connect to a namespace."""
        self._transport = transport
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._connect_timeout, transport.hang_up, Close.TIMED_OUT)

    def hear(self, message: str | bytes) -> Later:
        """A message came."""
        return self._hear(message)

    def move(self, outlet: Outlet) -> None:
        """Write to another outlet from now on."""
        for handler in self._handlers.values():
            handler.move(outlet)

    def end(self) -> None:
        """The client is gone."""
        self._is_over = True
        self._meet_deadline()
        while self._handlers:
            self._handlers.popitem()[1].end()

    async def _hear(self, message: str | bytes) -> None:
        if self._take is not None:
            await self._take(len(message))
        if len(message) > MAX_CONNECT_BYTES and not self._handlers:
            raise BadPacket("Not connected to any namespace")
        packet = self._decoder.feed(message)
        if packet is None:
            return None
        if packet.kind == socketio.CONNECT:
            return await self._connect(packet)
        handler = self._handlers.get(packet.namespace)
        if handler is None:
            raise BadPacket("Not connected to that namespace")
        match packet.kind:
            case socketio.EVENT if packet.flaw is not None:
                handler.refuse(packet.flaw, packet.id)
            case socketio.EVENT:
                await handler.hear(packet)
            case socketio.DISCONNECT:
                self._leave(packet.namespace)
            case socketio.ACK:
                pass  # ours never request one
            case _:
                raise BadPacket("Unexpected packet type from a client")
        return None

    async def _connect(self, packet: SocketIoPacket) -> None:
        name = packet.namespace
        if packet.flaw is not None:
            return self._refuse(name, _told(packet.flaw))
        make = self._namespaces.get(name)
        if make is None:
            return self._refuse(name, {"message": "Invalid namespace"})
        if name in self._handlers:
            raise BadPacket("Already connected to that namespace")
        namespace = Namespace(self._transport, name, partial(self._leave, name))
        handler = make(namespace)

        def answer(more: dict[str, Any]) -> None:
            self._meet_deadline()
            self._handlers[name] = handler
            told = SocketIoPacket(socketio.CONNECT, {"sid": namespace.sid, **more}, name)
            self._transport.send(*socketio.encode(told))

        try:
            await handler.connect(packet.data or {}, answer)
        except RefusalError as error:
            self._refuse(name, _told(error))
        if self._is_over:  # it left while it was being admitted
            self.end()
        return None

    def _leave(self, name: str) -> None:
        if handler := self._handlers.pop(name, None):
            handler.end()

    def _meet_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _refuse(self, name: str, why: dict[str, Any]) -> None:
        self._transport.send(*socketio.encode(SocketIoPacket(socketio.CONNECT_ERROR, why, name)))


def _told(error: RefusalError) -> dict[str, Any]:
    refusal = error.refusal
    return {
        "message": refusal.detail,
        "data": {"code": refusal.code, "hint": refusal.hint},
    }
