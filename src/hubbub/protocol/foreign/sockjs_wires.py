"""The wire forms of SockJS clients: native JSON or plain text, each for polling, WebSockets and raw WebSockets."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close
from hubbub.protocol.foreign import sockjs
from hubbub.protocol.messages import Reply
from hubbub.protocol.wires import frame, said

SEPARATOR = b","


class Framing(NamedTuple):
    """How a transport carries messages, and what it sends when the server stops."""

    messages: Callable[[Sequence[str]], bytes]
    end: bytes = b""


def _elements(messages: Sequence[str]) -> bytes:
    return sockjs.elements(messages).encode()


def _array(messages: Sequence[str]) -> bytes:
    return frame(sockjs.array(sockjs.elements(messages)).encode())


def _frames(messages: Sequence[str]) -> bytes:
    return b"".join([frame(message.encode()) for message in messages])


POLLED = Framing(_elements)
FRAMED = Framing(_array, end=frame(sockjs.closing(Close.RESTARTING, "restarting").encode()))
RAW = Framing(_frames)


class SockJsWire:
    """Native JSON, one message per event."""

    takes_signals = True

    def __init__(self, name: str, framing: Framing) -> None:
        self.name = name
        self._framing = framing

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """All events in one buffer."""
        return self.messages([body.decode() for body in bodies])

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """All signals in one buffer."""
        return self.messages([body.decode() for body in bodies])

    def notice(self, body: bytes) -> bytes:
        """A notice."""
        return self.messages([body.decode()])

    def closing(self, body: bytes) -> bytes:
        """The notice that the server stops, and the frame that ends the session if the transport has one."""
        return self.notice(body) + self._framing.end

    def reply(self, reply: Reply) -> bytes:
        """The answer to a command."""
        return self.messages([encode(reply).decode()])

    def messages(self, messages: Sequence[str]) -> bytes:
        """Messages in the framing of this transport."""
        return self._framing.messages(messages) if messages else b""


class PlainSockJsWire(SockJsWire):
    """The text of each message, and nothing else."""

    takes_signals = False

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """The text of each message. SockJS can't carry bytes, so binary messages are left out."""
        messages = filter(None, map(said, bodies))
        return self.messages([message.text for message in messages if message.text is not None])

    def notice(self, body: bytes) -> bytes:
        """Nothing: plain clients know no notices."""
        return b""


class Wires(NamedTuple):
    """The wire forms of one service, by transport."""

    polled: SockJsWire
    framed: SockJsWire
    raw: SockJsWire


NATIVE = Wires(
    SockJsWire("sockjs-polling", POLLED),
    SockJsWire("sockjs", FRAMED),
    SockJsWire("sockjs-raw", RAW),
)
PLAIN = Wires(
    PlainSockJsWire("sockjs-plain-polling", POLLED),
    PlainSockJsWire("sockjs-plain", FRAMED),
    PlainSockJsWire("sockjs-plain-raw", RAW),
)
