"""What one client follows: rooms with their events, rooms of which it is only told the heads, and another protocol's relay."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from hubbub.domain.principals import Principal
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.messages import (
    AboutPresence,
    Error,
    Follow,
    FollowAll,
    Resumed,
    RoomHead,
    Snapshot,
    Unfollowed,
)
from hubbub.protocol.presence import Watched
from hubbub.protocol.watching import Away, WatchPeople
from hubbub.protocol.wires import Wire
from hubbub.server.clients.base import Transport
from hubbub.server.engine.devices import Device
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor, Ended
from hubbub.server.engine.heads import Watch
from hubbub.server.engine.outlet import Outlet
from hubbub.server.engine.presences import Onlooker
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.names import is_short

RELAY = ""  # stands for the relay among the rooms that a client follows; no room is called so

Tell = Callable[[Resumed | Snapshot], None]


class Followed:
    """All that is followed for a client. So whatever it may no longer read ends here."""

    __slots__ = ("_cursors", "_device", "_hub", "_onlooker", "_outlet", "_transport", "_watch")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._transport: Transport
        self._outlet: Outlet
        self._cursors: dict[str, Cursor] = {}
        self._watch: Watch | None = None
        self._onlooker: Onlooker | None = None
        self._device = Device(hub.watching.devices)

    def open(self, transport: Transport) -> None:
        """The client is connected."""
        self._transport = transport
        self._outlet = transport.outlet

    async def follow(self, follow: Follow, principal: Principal, tell: Tell) -> None:
        """Follow a room, in place of what was followed of it; `tell` gets the answer. Raises RefusalError, StoreFailed."""
        most = self._hub.limits.rooms
        count = len(self._cursors) - (RELAY in self._cursors)
        if follow.room not in self._cursors and count >= most:
            why = f"Too many rooms: a connection follows at most {most}"
            raise RefusalError("too_large", why)

        def told(answer: Resumed | Snapshot) -> None:
            self.unfollow(follow.room)
            tell(answer)

        cursor = await self._hub.following.follow(
            principal, follow, self._outlet, told, self._ending(follow.room)
        )
        self._cursors[follow.room] = cursor
        self._device.follow(principal)

    async def follow_all(self, command: FollowAll, principal: Principal) -> dict[str, Any]:
        """Follow many rooms, and be told of others how far they come. Events may come before the answer.

        Raises RefusalError, StoreFailed.
        """
        names = self._hub.names
        given = [
            (await names.key(principal, name) if is_short(name) else name, name)
            for name in command.names
        ]
        rooms = {key: command.rooms[name] for key, name in given if name in command.rooms}
        heads = {key: command.heads[name] for key, name in given if key not in rooms}
        resumed: dict[str, Resumed | Snapshot] = {}
        refused: dict[str, Error] = {}
        following = self._hub.following
        async with self._hub.turn, following.knowing(principal, [*rooms, *heads]) as known:
            for room, since in rooms.items():
                follow = Follow(room=room, since=since, epoch=command.epoch)
                try:
                    await following.require_resumable(principal, follow)
                    await self.follow(follow, principal, partial(resumed.__setitem__, room))
                except RefusalError as error:
                    refused[room] = Error.of(error.refusal)
            moved: dict[str, RoomHead] = {}
            for room, answer in (await self._glance(heads, principal, known)).items():
                if isinstance(answer, Refusal):
                    refused[room] = Error.of(answer)
                elif answer.head > heads[room]:
                    moved[room] = answer
        by_name = {name: refused[key] for key, name in given if key in refused}
        return {"rooms": resumed, "heads": moved, "refused": by_name}

    def unfollow(self, room: str) -> None:
        """Follow a room no longer, in whatever way."""
        if cursor := self._cursors.pop(room, None):
            self._hub.following.unfollow(cursor)
            self._stand()
        if self._watch is not None and room in self._watch.rooms:
            self._hub.following.look_away(self._watch, room)

    async def relay(
        self,
        follow: Follow,
        principal: Principal,
        tell: Tell,
        wire: Wire,
        idle: Callable[[], None],
    ) -> None:
        """Follow a room in a wire form of another protocol's, whatever else is followed. Raises RefusalError.

        `idle` is called if the client may not read that room any more, and follows no other.
        """

        def ended(why: Refusal | None) -> None:
            self._ended(RELAY, follow.room, why)
            if why is not None and not self._cursors:
                idle()

        self._cursors[RELAY] = await self._hub.following.follow(
            principal, follow, self._outlet, tell, ended, wire
        )
        self._device.follow(principal)

    async def attend(
        self, command: AboutPresence, principal: Principal
    ) -> Watched | dict[str, Any]:
        """Watch people, or say whether somebody is at this device. Raises RefusalError, StoreFailed."""
        if not isinstance(command, WatchPeople):
            self._hub.throttle.pace(principal)
            self._device.rest(is_away=isinstance(command, Away))
            return {}
        watching = self._hub.watching
        if self._onlooker is None:
            self._onlooker = watching.onlooker(self._outlet, principal)
        return await watching.watch(self._onlooker, command)

    def relay_in(self, wire: Wire) -> None:
        """Go on with the relay, if there still is one, in another wire form."""
        if cursor := self._cursors.get(RELAY):
            self._hub.following.move(cursor, self._outlet, wire)

    def move(self, outlet: Outlet, relayed_in: Wire | None) -> None:
        """Continue on another outlet of the same client."""
        self._outlet = outlet
        if self._watch is not None:
            self._watch.move(outlet)
        if self._onlooker is not None:
            self._onlooker.move(outlet)
        for room, cursor in self._cursors.items():
            self._hub.following.move(cursor, outlet, relayed_in if room == RELAY else None)

    def go_on(self, principal: Principal) -> None:
        """Continue with another credential of the same person, wherever it allows that."""
        for cursor in [*self._cursors.values()]:
            self._hub.following.go_on(cursor, principal)
        if self._watch is not None:
            self._hub.following.look_on(self._watch, principal)
        if self._onlooker is not None:
            self._hub.watching.go_on(self._onlooker, principal)

    def end(self) -> None:
        """Follow nothing any more, and watch nobody."""
        self._device.end()
        if self._onlooker is not None:
            self._hub.watching.stop(self._onlooker)
        for room in [*self._cursors, *(self._watch.rooms if self._watch else ())]:
            self.unfollow(room)
        self._watch = None  # which refers to this

    async def _glance(
        self, heads: Collection[str], principal: Principal, known: Mapping[str, Feed | Refusal]
    ) -> dict[str, RoomHead | Refusal]:
        """Be told how far some rooms come; return how far they are, or why that is not told."""
        if not heads:
            return {}
        following, most = self._hub.following, self._hub.limits.watched
        watch = self._watch or following.watch(self._outlet, principal, self._told_no_more)
        self._watch = watch
        if len(watch.rooms.union(heads)) > most:
            why = f"Too many rooms: a connection is told the heads of at most {most}"
            raise RefusalError("too_large", why)
        for room in (self._cursors.keys() | watch.rooms).intersection(heads):
            self.unfollow(room)
        return await following.glance(watch, {room: known[room] for room in heads})

    def _told_no_more(self, room: str, why: Refusal | None) -> None:
        self._ended(room, room, why)

    def _ending(self, room: str) -> Ended:
        return partial(self._ended, room, room)

    def _ended(self, key: str, room: str, why: Refusal | None) -> None:
        """It gets nothing more of a room: it may not read it any more, or the log can't be read from there."""
        if why is None:
            self._transport.hang_up(Close.GOING_AWAY)
            return
        self._cursors.pop(key, None)
        self._stand()
        self._hub.refused(why.code)
        notice = encode(Unfollowed(room, Error.of(why)))
        self._outlet.queue(self._outlet.wire.notice(notice))

    def _stand(self) -> None:
        """It follows one log less, perhaps the last."""
        if not self._cursors:
            self._device.stand()
