"""The wire forms of SockJS clients: native JSON or plain text, each for polling, for WebSockets, and for raw WebSockets."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hubbub.protocol import sockjs
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close
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
    """Native JSON, each event a message."""

    takes_signals = True

    def __init__(self, name: str, framing: Framing) -> None:
        self.name = name
        self._framing = framing

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """All events in one buffer."""
        return self.messages([body.decode() for body in bodies])

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """As events are."""
        return self.messages([body.decode() for body in bodies])

    def notice(self, body: bytes) -> bytes:
        """The server stops: the notice, and the frame that ends the session, if the transport has one."""
        return self.messages([body.decode()]) + self._framing.end

    def reply(self, reply: Reply) -> bytes:
        """The answer to a command."""
        return self.messages([encode(reply).decode()])

    def messages(self, messages: Sequence[str]) -> bytes:
        """Messages as this transport carries them."""
        return self._framing.messages(messages) if messages else b""


class PlainSockJsWire(SockJsWire):
    """The text of each message, and nothing else."""

    takes_signals = False

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """A message for each; SockJS carries no bytes, so binary messages are left out."""
        messages = filter(None, map(said, bodies))
        return self.messages([message.text for message in messages if message.text is not None])

    def notice(self, body: bytes) -> bytes:
        """Plain clients know no notices; only that it ends."""
        return self._framing.end


class Wires(NamedTuple):
    """One service's wire forms, by transport."""

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
