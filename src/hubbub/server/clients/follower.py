"""A client that only follows one room, over a stream of server-sent events."""

from functools import partial

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.messages import Follow, Resumed, Snapshot
from hubbub.protocol.wires import Sse
from hubbub.server.clients.base import Hangup, Later, Transport
from hubbub.server.engine.feeds import Cursor
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials
from hubbub.server.stores.base import StoreFailed


class Follower:
    """Follows one room, from a position or from now on."""

    def __init__(self, hub: Hub, credentials: Credentials, join: Follow) -> None:
        """Enter. Raises RefusalError."""
        self._visit = hub.door.enter(credentials)
        self._hub = hub
        self._join = join
        self._is_new = join.since is None  # it sent no position, and so it is told one
        self._cursor: Cursor | None = None
        self._transport: Transport

    async def check(self) -> None:
        """Find out whether it may follow the room, while it can still be told, and from where. Raises RefusalError."""
        self._join = await self._hub.following.check(self._visit.principal, self._join)

    def open(self, transport: Transport) -> Later:
        """Follow the room."""
        self._transport = transport
        self._visit.when_expelled(partial(transport.hang_up, Close.UNAUTHENTICATED))
        return self._follow()

    def hear(self, message: str | bytes) -> None:
        """Refuse it: nothing is said over a stream."""
        raise Hangup(Close.UNSUPPORTED)

    def move(self, outlet: Outlet) -> None:
        """Go on with another outlet."""
        if self._cursor is not None:
            self._hub.following.move(self._cursor, outlet)

    def end(self) -> None:
        """Stop following, and release the name."""
        if self._cursor is not None:
            self._hub.following.unfollow(self._cursor)
        self._hub.door.exit(self._visit)

    async def _follow(self) -> None:
        outlet = self._transport.outlet
        lost = partial(self._transport.hang_up, Close.GOING_AWAY)
        try:
            self._cursor = await self._hub.following.follow(
                self._visit.principal, self._join, outlet, self._tell, lost
            )
        except (RefusalError, StoreFailed):  # it passed the check before; its client will come back
            self._transport.hang_up(Close.INTERNAL)

    def _tell(self, answer: Resumed | Snapshot) -> None:
        """Send something at once, so that the client knows that it is connected, and from which position."""
        outlet = self._transport.outlet
        wire = outlet.wire
        assert isinstance(wire, Sse)
        outlet.queue(wire.position(answer.epoch, answer.start) if self._is_new else wire.comment())
        if isinstance(answer, Snapshot):
            outlet.queue(wire.reset(answer.epoch, answer.head, encode(answer)))
