"""A client that only follows one room, over a stream of server-sent events."""

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close
from hubbub.protocol.messages import Follow, Resumed, Snapshot
from hubbub.protocol.wires import Sse
from hubbub.server.clients.base import Hangup
from hubbub.server.clients.room import RoomClient
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials


class Follower(RoomClient):
    """Follows one room, and says nothing."""

    __slots__ = ("_is_new",)

    def __init__(self, hub: Hub, credentials: Credentials, join: Follow) -> None:
        """Enter. Raises RefusalError."""
        super().__init__(hub, credentials, join)
        self._is_new = join.since is None  # it sent no position, and so it is told one

    def hear(self, message: str | bytes) -> None:
        """Refuse it: nothing is said over a stream."""
        raise Hangup(Close.UNSUPPORTED)

    def _tell(self, answer: Resumed | Snapshot) -> None:
        """Send something at once, so that the client knows that it is connected, and from which position."""
        outlet = self._transport.outlet
        wire = outlet.wire
        assert isinstance(wire, Sse)
        outlet.queue(wire.position(answer.epoch, answer.start) if self._is_new else wire.comment())
        if isinstance(answer, Snapshot):
            outlet.queue(wire.reset(answer.epoch, answer.head, encode(answer)))
