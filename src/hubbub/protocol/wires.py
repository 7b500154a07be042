"""The wire forms of what is pushed: from a room's events, as stored, to the bytes that go to a socket.

An event is encoded once, when it is committed; its body is that native JSON. Each wire form makes
one buffer of many bodies, and that buffer is the same for every client of the form.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hubbub.events import Base64
from hubbub.protocol.codec import encode

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


class Wire(Protocol):
    """One form in which a client can be sent a room's events and signals."""

    @property
    def name(self) -> str:
        """The form's name: native, plain, sse."""

    @property
    def takes_signals(self) -> bool:
        """Whether clients of this form are sent signals."""

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """The events numbered from `first` on, as one buffer; may be empty."""

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Signals, each encoded as native JSON, as one buffer."""

    def notice(self, body: bytes) -> bytes:
        """A notice, encoded as native JSON; empty if clients of this form know none."""


def frame(payload: bytes, first: int = TEXT) -> bytes:
    """One unmasked WebSocket frame (RFC 6455 section 5.2); `first` is its first byte."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 255)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class Native:
    """hubbub.v1 over WebSocket: each event a text frame."""

    name = "native"
    takes_signals = True

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """The bodies as they are, framed."""
        return b"".join(map(frame, bodies))

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Signals are framed as events are."""
        return b"".join(map(frame, bodies))

    def notice(self, body: bytes) -> bytes:
        """So are notices."""
        return frame(body)


class Said(msgspec.Struct, frozen=True):
    """What forms show that show nothing but messages; `arguments` stay the JSON that they are stored as."""

    event: str
    text: str | None = None
    bytes: Base64 | None = None
    emitted_as: str | None = None
    arguments: msgspec.Raw = msgspec.Raw()
    attachments: list[Base64] | None = None
    erased: bool = False


_decode_said = msgspec.json.Decoder(Said).decode


def said(body: bytes) -> Said | None:
    """What an event's body says, if it is a message that is still there."""
    found = _decode_said(body)
    return found if found.event == "posted" and not found.erased else None


class Plain:
    """The text of each message, verbatim, and nothing else."""

    name = "plain"
    takes_signals = False

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """A text or binary frame for each message; other events, and erased ones, have no plain form."""
        return b"".join([self._frame(body) for body in bodies])

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """Plain clients know no signals."""
        return b""

    def notice(self, body: bytes) -> bytes:
        """Nor notices."""
        return b""

    def _frame(self, body: bytes) -> bytes:
        message = said(body)
        if message is None:
            return b""
        if message.bytes is not None:
            return frame(message.bytes, BINARY)
        return frame((message.text or "").encode())


class Sse:
    """Server-sent events, in HTTP/1.1 chunks (RFC 9112 section 7.1), one a buffer; or as they are, for HTTP/1.0."""

    takes_signals = True

    def __init__(self, name: str, *, is_chunked: bool) -> None:
        self.name = name
        self._is_chunked = is_chunked

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """Each event with its position as the id, so that `Last-Event-ID` resumes."""
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
        """Signals have no id: they are in no log."""
        return self.chunk(b"".join([b"data: %b\n\n" % body for body in bodies]))

    def notice(self, body: bytes) -> bytes:
        """An EventSource comes back by itself."""
        return b""

    def reset(self, epoch: str, head: int, snapshot: bytes) -> bytes:
        """What comes first when the position can't be resumed: a snapshot, and where it stands."""
        return self.chunk(
            b"event: reset\nid: %b:%d\ndata: %b\n\n" % (epoch.encode(), head, snapshot)
        )

    def position(self, epoch: str, seq: int) -> bytes:
        """Where the stream stands: no event, but an EventSource that comes back says it."""
        return self.chunk(b"id: %b:%d\n\n" % (epoch.encode(), seq))

    def comment(self) -> bytes:
        """A line that means nothing and keeps proxies from hanging up."""
        return self.chunk(b":\n\n")

    def retry(self, seconds: float) -> bytes:
        """How long an EventSource is to wait before it comes back, from now on."""
        return self.chunk(b"retry: %d\n\n" % round(1000 * seconds))

    def chunk(self, payload: bytes) -> bytes:
        """One HTTP chunk; an empty payload makes none, since that would end the body."""
        if not self._is_chunked:
            return payload
        return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


NATIVE, PLAIN = Native(), Plain()
SSE = Sse("sse", is_chunked=True)
SSE_UNTIL_CLOSE = Sse("sse-until-close", is_chunked=False)


def native_frame(push: object) -> bytes:
    """Any reply, signal or notice as one native frame."""
    return frame(encode(push))
