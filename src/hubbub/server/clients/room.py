"""What clients of a single room have in common: they enter, follow it from the start, and never leave it."""

from msgspec.structs import replace

from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.messages import Follow, Resumed, Snapshot
from hubbub.server.clients.base import Later, Transport
from hubbub.server.engine.devices import Device
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.names import is_short
from hubbub.server.people.door import Credentials
from hubbub.server.stores.base import StoreFailed


class RoomClient:
    """Follows one room, from a position or from now on. Subclasses decide what to do with messages."""

    __slots__ = ("_cursor", "_device", "_hub", "_join", "_transport", "_visit")

    def __init__(self, hub: Hub, credentials: Credentials, join: Follow) -> None:
        """Enter. Raises RefusalError."""
        self._visit = hub.door.enter(credentials)
        self._hub = hub
        self._join = join
        self._cursor: Cursor | None = None
        self._device = Device(hub.watching.devices)
        self._transport: Transport

    async def check(self) -> None:
        """Find out whether it may follow the room, while it can still be told, and from where. Raises RefusalError."""
        principal = self._visit.principal
        follow = self._join
        if is_short(follow.room):
            follow = replace(follow, room=await self._hub.names.key(principal, follow.room))
        self._join = await self._hub.following.check(principal, follow)

    def open(self, transport: Transport) -> Later:
        """Follow the room."""
        self._transport = transport
        self._visit.open(transport)
        return self._follow()

    def move(self, outlet: Outlet) -> None:
        """Go on with another outlet."""
        if self._cursor is not None:
            self._hub.following.move(self._cursor, outlet)

    def end(self) -> None:
        """Stop following, and release the name."""
        self._device.end()
        if self._cursor is not None:
            self._hub.following.unfollow(self._cursor)
            self._cursor = None
        self._hub.door.exit(self._visit)

    def _tell(self, answer: Resumed | Snapshot) -> None:
        """Tell the client from where it follows, if its kind can."""

    def _ended(self, why: Refusal | None) -> None:
        """It gets nothing more: it may not read the room any more, or the log can't be read from there."""
        if why is None:
            self._transport.hang_up(Close.GOING_AWAY)
            return
        self._cursor = None
        self._device.stand()
        self._hub.refused(why.code)
        self._transport.hang_up(Close.SHUT_OUT)

    async def _follow(self) -> None:
        try:
            self._cursor = await self._hub.following.follow(
                self._visit.principal, self._join, self._transport.outlet, self._tell, self._ended
            )
            self._device.follow(self._visit.principal)
        except RefusalError as error:
            self._transport.hang_up(error.refusal.close, error.refusal.detail)
        except StoreFailed:
            self._transport.hang_up(Close.INTERNAL)
