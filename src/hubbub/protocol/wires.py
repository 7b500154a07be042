"""The wire forms of pushes: from a room's events, as stored, to the bytes for a socket.

An event is encoded as native JSON once, when it is committed. Each wire form turns many such bodies into
one buffer, which is the same for every client of that form.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hubbub.events import Base64
from hubbub.protocol.codec import encode
from hubbub.protocol.messages import Reply

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


class Wire(Protocol):
    """One form in which clients receive a room's events and signals."""

    @property
    def name(self) -> str:
        """The name of the form, such as `native`, `plain` or `sse`."""

    @property
    def takes_signals(self) -> bool:
        """Whether clients of this form receive signals."""

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """The events numbered from `first` on, as one buffer, which may be empty."""

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Signals, each given as native JSON, as one buffer."""

    def notice(self, body: bytes) -> bytes:
        """A notice, given as native JSON. Empty if this form has no notices."""

    def closing(self, body: bytes) -> bytes:
        """The last notice: the server stops. With it comes what else ends a session in this form."""

    def reply(self, reply: Reply) -> bytes:
        """The answer to a command. Empty if clients of this form send no commands."""


def frame(payload: bytes, first: int = TEXT) -> bytes:
    """One unmasked WebSocket frame (RFC 6455 section 5.2); `first` is its first byte."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 255)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class Native:
    """hubbub.v1 over WebSocket: one text frame per event."""

    name = "native"
    takes_signals = True

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """Each body in a frame."""
        return b"".join(map(frame, bodies))

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Each signal in a frame."""
        return b"".join(map(frame, bodies))

    def notice(self, body: bytes) -> bytes:
        """The notice in a frame."""
        return frame(body)

    closing = notice

    def reply(self, reply: Reply) -> bytes:
        """The reply in a frame."""
        return frame(encode(reply))


class Said(msgspec.Struct, frozen=True):
    """The content of a message, for forms that show nothing else. `arguments` stay encoded as they are stored."""

    event: str
    text: str | None = None
    bytes: Base64 | None = None
    emitted_as: str | None = None
    arguments: msgspec.Raw = msgspec.Raw()
    attachments: list[Base64] | None = None
    erased: bool = False


_decode_said = msgspec.json.Decoder(Said).decode


def said(body: bytes) -> Said | None:
    """The content of an event, if it is a message and has any: that is erased when it is deleted, and perhaps when edited."""
    found = _decode_said(body)
    if found.event != "posted" or found.erased:
        return None
    has_any = found.text is not None or found.bytes is not None or len(found.arguments)
    return found if has_any else None


class Plain:
    """The text of each message and nothing else."""

    name = "plain"
    takes_signals = False

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """A text or binary frame per message. Other events and deleted messages have no plain form."""
        return b"".join([self._frame(body) for body in bodies])

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Nothing: plain clients receive no signals."""
        return b""

    def notice(self, body: bytes) -> bytes:
        """Nothing: plain clients receive no notices."""
        return b""

    closing = notice

    def reply(self, reply: Reply) -> bytes:
        """Nothing: plain clients send no commands."""
        return b""

    def _frame(self, body: bytes) -> bytes:
        message = said(body)
        if message is None:
            return b""
        if message.bytes is not None:
            return frame(message.bytes, BINARY)
        return frame((message.text or "").encode())


class Sse:
    """Server-sent events, one HTTP/1.1 chunk (RFC 9112 section 7.1) per buffer, or without chunks for HTTP/1.0."""

    takes_signals = True

    def __init__(self, name: str, *, is_chunked: bool) -> None:
        self.name = name
        self._is_chunked = is_chunked

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """Each event with its position as the id, so that `Last-Event-ID` resumes after it."""
        prefix = b"id: " + epoch.encode() + b":"
        return self.chunk(
            b"".join(
                [
                    b"%b%d\ndata: %b\n\n" % (prefix, seq, body)
                    for seq, body in enumerate(bodies, start=first)
                ]
            )
        )

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Signals without ids, since no log contains them."""
        return self.chunk(b"".join([b"data: %b\n\n" % body for body in bodies]))

    def notice(self, body: bytes) -> bytes:
        """Nothing: an EventSource reconnects by itself."""
        return b""

    closing = notice

    def reply(self, reply: Reply) -> bytes:
        """Nothing: an EventSource sends no commands."""
        return b""

    def reset(self, epoch: str, head: int, snapshot: bytes) -> bytes:
        """The first event if the position can't be resumed: a snapshot and its position."""
        return self.chunk(
            b"event: reset\nid: %b:%d\ndata: %b\n\n" % (epoch.encode(), head, snapshot)
        )

    def position(self, epoch: str, seq: int) -> bytes:
        """The position of the stream, without an event. An EventSource sends it when it reconnects."""
        return self.chunk(b"id: %b:%d\n\n" % (epoch.encode(), seq))

    def comment(self) -> bytes:
        """A comment, which keeps proxies from closing an idle connection."""
        return self.chunk(b":\n\n")

    def retry(self, seconds: float) -> bytes:
        """How long an EventSource waits before it reconnects, from now on."""
        return self.chunk(b"retry: %d\n\n" % round(1000 * seconds))

    def chunk(self, payload: bytes) -> bytes:
        """One HTTP chunk. An empty payload gives none, since an empty chunk would end the body."""
        if not self._is_chunked:
            return payload
        return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


NATIVE, PLAIN = Native(), Plain()
SSE = Sse("sse", is_chunked=True)
SSE_UNTIL_CLOSE = Sse("sse-until-close", is_chunked=False)
