"""What one client follows: rooms with their events, rooms of which it is only told the heads, and another protocol's relay."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from hubbub.domain.principals import Principal
from hubbub.protocol.codec import encode
from hubbub.protocol.commands.watching import Away, WatchPeople
from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.keys import ME
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
from hubbub.protocol.wires import Wire
from hubbub.server.clients.base import Transport
from hubbub.server.engine.devices import Device
from hubbub.server.engine.followers import Cursor, Ended
from hubbub.server.engine.heads import Watch
from hubbub.server.engine.outlet import Outlet
from hubbub.server.engine.presences import Onlooker
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.names import MARK

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

    async def follow(
        self, follow: Follow, principal: Principal, tell: Tell, *, must_resume: bool = False
    ) -> None:
        """Follow a room, in place of what was followed of it; `tell` gets the answer. See `Following.follow`."""
        most = self._hub.limits.rooms
        count = len(self._cursors) - (RELAY in self._cursors)
        if follow.room not in self._cursors and count >= most:
            why = f"Too many rooms: a connection follows at most {most}"
            raise RefusalError("too_large", why)

        def told(answer: Resumed | Snapshot) -> None:
            self.unfollow(follow.room)
            tell(answer)

        cursor = await self._hub.following.follow(
            principal,
            follow,
            self._outlet,
            told,
            self._ending(follow.room),
            must_resume=must_resume,
        )
        self._cursors[follow.room] = cursor
        self._device.follow(principal)

    async def follow_all(self, command: FollowAll, principal: Principal) -> dict[str, Any]:
        """Follow many rooms, and be told of others how far they come. Events may come before the answer.

        Raises RefusalError, StoreFailed.
        """
        async with self._hub.turns.of(principal):
            return await self._follow_all(command, principal)

    async def _follow_all(self, command: FollowAll, principal: Principal) -> dict[str, Any]:
        rooms, heads, called = command.rooms, command.heads, dict[str, str]()
        for name in [name for name in command.names if name == ME or name[0] == MARK]:
            called[name] = await self._hub.names.key(principal, name)
        if called.keys() & rooms:
            rooms = {called.get(name, name): seq for name, seq in rooms.items()}
        if called.keys() & heads:
            heads = {called.get(name, name): seq for name, seq in heads.items()}
        resumed: dict[str, Resumed | Snapshot] = {}
        heads = {room: seq for room, seq in heads.items() if room not in rooms}
        following = self._hub.following
        asked = [*rooms, *following.unseen(principal, heads)]
        async with following.knowing(principal, asked, rooms):
            refused = await self._follow_each(rooms, command.epoch, principal, resumed)
            positions, unread = await self._glance(heads, principal)
        moved = {room: told for room, told in positions.items() if told.head > heads[room]}
        refused |= unread
        errors = (
            {
                name: Error.of(refused[key])
                for name in command.names
                if (key := called.get(name, name)) in refused
            }
            if refused
            else {}
        )
        return {"rooms": resumed, "heads": moved, "refused": errors}

    async def _follow_each(
        self,
        rooms: Mapping[str, int],
        epoch: str | None,
        principal: Principal,
        resumed: dict[str, Resumed | Snapshot],
    ) -> dict[str, Refusal]:
        """Follow rooms from positions; `resumed` gets the answers. Returns why others are not followed."""
        refused: dict[str, Refusal] = {}
        for room, since in rooms.items():
            follow = Follow(room=room, since=since, epoch=epoch)
            try:
                tell = partial(resumed.__setitem__, room)
                await self.follow(follow, principal, tell, must_resume=True)
            except RefusalError as error:
                refused[room] = error.refusal
        return refused

    def unfollow(self, room: str) -> None:
        """Follow a room no longer, in whatever way."""
        if cursor := self._cursors.pop(room, None):
            self._hub.following.unfollow(cursor)
            self._stand()
        if self._watch is not None and room in self._watch.rooms:
            self._hub.following.look_away(self._watch, {room})

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
        for room in [*self._cursors]:
            self.unfollow(room)
        if self._watch is not None:
            self._hub.following.look_away(self._watch, [*self._watch.rooms])
        self._watch = None  # which refers to this

    async def _glance(
        self, heads: Collection[str], principal: Principal
    ) -> tuple[dict[str, RoomHead], dict[str, Refusal]]:
        """Be told how far some rooms come; return how far they are, or why that is not told."""
        if not heads:
            return {}, {}
        following, most = self._hub.following, self._hub.limits.watched
        watch = self._watch or following.watch(self._outlet, principal, self._told_no_more)
        self._watch = watch
        if len(watch.rooms.union(heads)) > most:
            why = f"Too many rooms: a connection is told the heads of at most {most}"
            raise RefusalError("too_large", why)
        for room in (self._cursors.keys() | watch.rooms).intersection(heads):
            self.unfollow(room)
        return await following.glance(watch, heads)

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
