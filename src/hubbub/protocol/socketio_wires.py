"""The wire forms of Socket.IO clients: a room's events as Socket.IO events, over WebSockets or in polling payloads."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from hubbub import events
from hubbub.events import Posted
from hubbub.protocol import engineio, socketio
from hubbub.protocol.codec import encode
from hubbub.protocol.engineio import MESSAGE, Packet
from hubbub.protocol.messages import Reply
from hubbub.protocol.wires import BINARY, frame

SEPARATOR = engineio.SEPARATOR.encode()
EVENT = MESSAGE + str(socketio.EVENT)
NAMELESS = "message"  # what messages of other doors are called: as `send()` calls its own

Form = Callable[[str | bytes], bytes]


def framed(message: str | bytes) -> bytes:
    """A message of Engine.IO's as a WebSocket frame."""
    whole = engineio.encode_frame(Packet(MESSAGE, message))
    return frame(whole, BINARY) if isinstance(whole, bytes) else frame(whole.encode())


def recorded(message: str | bytes) -> bytes:
    """A message of Engine.IO's as a part of a polling payload."""
    return engineio.encode_record(Packet(MESSAGE, message)).encode()


class SocketIoWire:
    """What who has joined a room is sent: each event under its name, with all that is in it.

    A message that came as a Socket.IO event is sent as that, too.
    """

    takes_signals = True

    def __init__(self, name: str, form: Form, separator: bytes) -> None:
        self.name = name
        self._form = form
        self._separator = separator

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """Packets for each event."""
        packets: list[bytes] = []
        for body in bodies:
            packets.append(self._named(body, len(b'{"event":"')))
            if b'"emitted_as":' in body:
                packets += self._emitted(body)
        return self._separator.join(packets)

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Each signal under its kind: typing, value, presence."""
        return self._separator.join([self._named(body, len(b'{"signal":"')) for body in bodies])

    def notice(self, body: bytes) -> bytes:
        """A notice under its kind: closing."""
        return self._named(body, len(b'{"notice":"'))

    def reply(self, reply: Reply) -> bytes:
        """The answer to a command: an acknowledgement if one is asked for, else an `error` event."""
        answer = {"ok": reply.ok} if reply.error is UNSET else {"error": reply.error}
        if isinstance(reply.re, int):
            return self._form(f"{socketio.ACK}{reply.re}[{encode(answer).decode()}]")
        return self._form(f'{socketio.EVENT}["error",{encode(reply.error).decode()}]')

    def packets(self, packet: socketio.Packet) -> bytes:
        """Any packet, with its attachments."""
        return self._separator.join(map(self._form, socketio.encode(packet)))

    def _named(self, body: bytes, begin: int) -> bytes:
        """An event whose name stands in the body itself."""
        name = body[begin : body.index(b'"', begin)]
        return self._form(f'{socketio.EVENT}["{name.decode()}",{body.decode()}]')

    def _emitted(self, body: bytes) -> list[bytes]:
        event = events.decode(body)
        is_shown = isinstance(event, Posted) and not event.erased
        return [self.packets(emission(event))] if is_shown else []


class RelayWire(SocketIoWire):
    """What every Socket.IO client is sent of its room: messages, as the events that they were emitted as.

    The last argument is the position, if it `has_offset`: Socket.IO's clients remember it, and say it
    when they come back.
    """

    takes_signals = False

    def __init__(self, name: str, form: Form, separator: bytes, *, has_offset: bool) -> None:
        super().__init__(name, form, separator)
        self._has_offset = has_offset

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """Packets for each message; other events have no such form."""
        packets = []
        for seq, body in enumerate(bodies, start=first):
            event = events.decode(body)
            if isinstance(event, Posted) and not event.erased:
                packet = emission(event)
                if self._has_offset:
                    packet = packet._replace(data=[*packet.data, str(seq)])
                packets.append(self.packets(packet))
        return self._separator.join(packets)


def emission(event: Posted) -> socketio.Packet:
    """The Socket.IO event that a message was, or might have been."""
    name = event.emitted_as or NAMELESS
    if event.arguments is not None:
        arguments = socketio.put_in(event.arguments, event.attachments or [])
        return socketio.Packet(socketio.EVENT, [name, *arguments])
    said: Any = event.text if event.bytes is None else event.bytes
    return socketio.Packet(socketio.EVENT, [name, said])


SOCKETIO = SocketIoWire("socketio", framed, b"")
SOCKETIO_POLLING = SocketIoWire("socketio-polling", recorded, SEPARATOR)
RELAY = RelayWire("socketio", framed, b"", has_offset=True)
RELAY_POLLING = RelayWire("socketio-polling", recorded, SEPARATOR, has_offset=True)
BARE_RELAY = RelayWire("socketio", framed, b"", has_offset=False)
BARE_RELAY_POLLING = RelayWire("socketio-polling", recorded, SEPARATOR, has_offset=False)
