"""The wire forms of SockJS clients: native JSON, or plain text, as elements of an array or in a WebSocket's frame."""

from collections.abc import Sequence

from hubbub import events
from hubbub.events import Posted
from hubbub.protocol import sockjs
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close
from hubbub.protocol.messages import Reply
from hubbub.protocol.wires import frame

SEPARATOR = b","
RESTARTING = sockjs.closing(Close.RESTARTING, "restarting")


class SockJsWire:
    """Native JSON, each event a message."""

    takes_signals = True

    def __init__(self, name: str, *, is_framed: bool) -> None:
        self.name = name
        self._is_framed = is_framed

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """All as elements of one array."""
        return self.messages([body.decode() for body in bodies])

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """As events are."""
        return self.messages([body.decode() for body in bodies])

    def notice(self, body: bytes) -> bytes:
        """The server stops: the notice, and the frame that ends the session, unless others see to it."""
        return self.messages([body.decode()]) + self._end()

    def reply(self, reply: Reply) -> bytes:
        """The answer to a command."""
        return self.messages([encode(reply).decode()])

    def _end(self) -> bytes:
        return frame(RESTARTING.encode()) if self._is_framed else b""

    def messages(self, messages: Sequence[str]) -> bytes:
        """Messages as elements, or as a frame with an array of them."""
        if not messages:
            return b""
        elements = sockjs.elements(messages)
        return frame(sockjs.array(elements).encode()) if self._is_framed else elements.encode()


class PlainSockJsWire(SockJsWire):
    """The text of each message, and nothing else."""

    takes_signals = False

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """A message for each; SockJS carries no bytes, so those are left out."""
        decoded = map(events.decode, bodies)
        return self.messages(
            [
                event.text
                for event in decoded
                if isinstance(event, Posted) and event.text is not None
            ]
        )

    def notice(self, body: bytes) -> bytes:
        """Plain clients know no notices; only that it ends."""
        return self._end()


SOCKJS = SockJsWire("sockjs", is_framed=True)
SOCKJS_POLLING = SockJsWire("sockjs-polling", is_framed=False)
PLAIN_SOCKJS = PlainSockJsWire("sockjs-plain", is_framed=True)
PLAIN_SOCKJS_POLLING = PlainSockJsWire("sockjs-plain-polling", is_framed=False)
