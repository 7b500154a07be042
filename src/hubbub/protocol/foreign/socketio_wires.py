"""The wire forms of Socket.IO clients: a room's events as Socket.IO events, over WebSocket or in polling payloads."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from hubbub.protocol.codec import encode
from hubbub.protocol.foreign import engineio, socketio
from hubbub.protocol.foreign.engineio import MESSAGE, EngineIoPacket
from hubbub.protocol.messages import Reply
from hubbub.protocol.wires import BINARY, Said, frame, said

SEPARATOR = engineio.SEPARATOR.encode()
EVENT = MESSAGE + str(socketio.EVENT)
NAMELESS = "message"  # the event name of messages from other doors, like that of `send()`

PacketForm = Callable[[str | bytes], bytes]


def framed(message: str | bytes) -> bytes:
    """An Engine.IO message as a WebSocket frame."""
    whole = engineio.encode_frame(EngineIoPacket(MESSAGE, message))
    return frame(whole, BINARY) if isinstance(whole, bytes) else frame(whole.encode())


def recorded(message: str | bytes) -> bytes:
    """An Engine.IO message as a record of a polling payload."""
    return engineio.encode_record(EngineIoPacket(MESSAGE, message)).encode()


class SocketIoWire:
    """What a client that joined a room receives: each event under its name, with all its fields.

    A message that was emitted as a Socket.IO event is also sent as that event.
    """

    takes_signals = True

    def __init__(self, name: str, form: PacketForm, separator: bytes) -> None:
        self.name = name
        self._form = form
        self._separator = separator

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """One or two packets for each event."""
        packets: list[bytes] = []
        for body in bodies:
            packets.append(self._named(body, len(b'{"event":"')))
            if b'"emitted_as":' in body:
                packets += self._emitted(body)
        return self._separator.join(packets)

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Each signal under its kind: `typing`, `value` or `presence`."""
        return self._separator.join([self._named(body, len(b'{"signal":"')) for body in bodies])

    def notice(self, body: bytes) -> bytes:
        """A notice under its kind: `closing` or `unfollowed`."""
        return self._named(body, len(b'{"notice":"'))

    closing = notice

    def reply(self, reply: Reply) -> bytes:
        """The answer to a command: an acknowledgement if the client requested one, else an `error` event."""
        answer = {"ok": reply.ok} if reply.error is UNSET else {"error": reply.error}
        if isinstance(reply.re, int):
            return self._form(f"{socketio.ACK}{reply.re}[{encode(answer).decode()}]")
        return self._form(f'{socketio.EVENT}["error",{encode(reply.error).decode()}]')

    def packets(self, packet: socketio.SocketIoPacket) -> bytes:
        """Any packet, with its attachments."""
        return self._separator.join(map(self._form, socketio.encode(packet)))

    def _named(self, body: bytes, begin: int) -> bytes:
        """An event whose name is read from the body."""
        name = body[begin : body.index(b'"', begin)]
        return self._form(f'{socketio.EVENT}["{name.decode()}",{body.decode()}]')

    def _emitted(self, body: bytes) -> list[bytes]:
        message = said(body)
        return [] if message is None else [self._emission(message)]

    def _emission(self, message: Said, *more: str) -> bytes:
        """The Socket.IO event that a message was or could have been, with `more` arguments after its own."""
        name = message.emitted_as or NAMELESS
        if name in socketio.RESERVED_NAMES:  # in a log from before such names were refused
            name = NAMELESS
        if not len(message.arguments):
            content: Any = message.text if message.bytes is None else message.bytes
            return self.packets(socketio.SocketIoPacket(socketio.EVENT, [name, content, *more]))
        # The arguments are stored as on the wire, with placeholders for the attachments.
        members = [encode(name), bytes(message.arguments)[1:-1], *map(encode, more)]
        attachments = message.attachments or []
        kind = f"{socketio.BINARY_EVENT}{len(attachments)}-" if attachments else f"{socketio.EVENT}"
        text = f"{kind}[{b','.join(filter(None, members)).decode()}]"
        parts: list[str | bytes] = [text, *attachments]
        return self._separator.join(map(self._form, parts))


class RelayWire(SocketIoWire):
    """What every Socket.IO client receives from its room: messages as the events that they were emitted as.

    With `has_offset`, the last argument is the position, which Socket.IO clients remember and send
    when they reconnect.
    """

    takes_signals = False

    def __init__(self, name: str, form: PacketForm, separator: bytes, *, has_offset: bool) -> None:
        super().__init__(name, form, separator)
        self._has_offset = has_offset

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """The packets of each message. Other events have no such form."""
        packets = []
        for seq, body in enumerate(bodies, start=first):
            if message := said(body):
                packets.append(self._emission(message, *([str(seq)] if self._has_offset else [])))
        return self._separator.join(packets)


SOCKETIO = SocketIoWire("socketio", framed, b"")
SOCKETIO_POLLING = SocketIoWire("socketio-polling", recorded, SEPARATOR)
RELAY = RelayWire("socketio", framed, b"", has_offset=True)
RELAY_POLLING = RelayWire("socketio-polling", recorded, SEPARATOR, has_offset=True)
BARE_RELAY = RelayWire("socketio", framed, b"", has_offset=False)
BARE_RELAY_POLLING = RelayWire("socketio-polling", recorded, SEPARATOR, has_offset=False)
