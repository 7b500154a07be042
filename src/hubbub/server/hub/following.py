"""Following: receiving a room's log from a position on."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import msgspec
from msgspec import UNSET

from hubbub.domain.access import Operation, refuse
from hubbub.domain.facts import Head
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import Follow, Resumed, RoomHead, Snapshot
from hubbub.protocol.wires import Wire
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor, Ended
from hubbub.server.engine.heads import Watch
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.positions import Positions
from hubbub.server.hub.receipts import Receipts
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.snapshots import Snapshots


class Following:
    """Lets clients follow rooms, each at its own position."""

    def __init__(
        self,
        fanout: FanOut,
        positions: Positions,
        snapshots: Snapshots,
        rights: Rights,
        receipts: Receipts,
    ) -> None:
        self._fanout = fanout
        self._positions = positions
        self._snapshots = snapshots
        self._rights = rights
        self._receipts = receipts

    async def check(self, principal: Principal, follow: Follow) -> Follow:
        """Raise RefusalError if `follow` would, while the client can still be told.

        Returns the command with a position, so that it misses nothing however late it is carried out.
        """
        await self._rights.require(principal, Operation.READ, follow.room)
        with self._fanout.pinned(follow.room) as feed:
            if follow.since is not None:
                await self._positions.resume(feed, follow)
                return follow
            head = await self._fanout.head(feed)
            return msgspec.structs.replace(follow, since=head, epoch=self._positions.epoch)

    async def follow(
        self,
        principal: Principal,
        follow: Follow,
        outlet: Outlet,
        tell: Callable[[Resumed | Snapshot], None],
        ended: Ended,
        wire: Wire | None = None,
    ) -> Cursor:
        """Follow a room with `outlet`, from a position or from a snapshot, which `tell` gets first.

        `wire` is the wire form, by default the outlet's. `ended` is called if this follower gets nothing more: with the
        reason if it may not read the log any more, or else with None. Raises RefusalError.
        """
        await self._rights.require(principal, Operation.READ, follow.room)
        with self._fanout.pinned(follow.room) as feed:
            seq, kept = await self._positions.resume(feed, follow)
            stored = await self._snapshots.read(feed) if seq is None else None
            shown = 0 if stored is None else stored.page.head
            people = await self._snapshots.people(feed, stored) if stored else UNSET
            if feed.guards:
                await self._receipts.refresh(feed)
                await self._rights.require_still(principal, Operation.READ, follow.room, shown)
            # From here on there is no await: what is told now is followed by the very next event.
            cursor = Cursor(follow.room, outlet, principal, seq or shown, ended, wire)
            feed.followers.come(cursor)
            if stored is not None:
                tell(self._snapshots.show(feed, stored, people, kept))
            else:
                assert seq is not None and feed.head is not None
                head = max(seq, feed.head)
                tell(Resumed(follow.room, self._positions.epoch, head, head - seq))
            self._fanout.attach(cursor)
            if stored is None and cursor.task is None:  # else it comes with the snapshot, or later
                self._fanout.show_present(cursor)
        return cursor

    async def require_resumable(self, principal: Principal, follow: Follow) -> None:
        """Raise RefusalError if `follow` would, or `reset` if it would give a snapshot."""
        await self._rights.require(principal, Operation.READ, follow.room)
        with self._fanout.pinned(follow.room) as feed:
            seq, _ = await self._positions.resume(feed, follow)
        if seq is None:
            why = "The log no longer has the events after this position, or was replaced"
            raise RefusalError("reset", why, hint="Follow the room without a position")

    @asynccontextmanager
    async def knowing(
        self, principal: Principal, rooms: Iterable[str]
    ) -> AsyncIterator[dict[str, Feed | Refusal]]:
        """Look up at once what following these rooms in the block will ask, one by one or by a glance.

        Yields what is known of each, or why it may not be read whatever its guards say. Raises StoreFailed.
        """
        told = {room: refuse(principal, Operation.READ, room) for room in rooms}
        known: dict[str, Feed | Refusal] = {room: each for room, each in told.items() if each}
        with self._fanout.all_pinned(told.keys() - known.keys()) as feeds:
            await self._fanout.know(feeds, principal)
            known.update([(feed.room, feed) for feed in feeds])
            yield known

    def watch(
        self,
        outlet: Outlet,
        principal: Principal,
        ended: Callable[[str, Refusal | None], None],
    ) -> Watch:
        """Return what tells a connection how far rooms have come, as `glance` lets it. See `Watch` for `ended`."""
        return Watch(self._fanout.herald, outlet, principal, ended)

    async def glance(
        self, watch: Watch, rooms: Mapping[str, Feed | Refusal]
    ) -> dict[str, RoomHead | Refusal]:
        """Tell a watch from now on how far these rooms come; return how far they are, or why they may not be read.

        `rooms` are what `knowing` told of them. Raises StoreFailed.
        """
        feeds = [each for each in rooms.values() if isinstance(each, Feed)]
        heads = await self._fanout.heads([feed for feed in feeds if feed.pulse is None])
        await self._fanout.know(feeds, watch.principal)
        while outrun := [feed for feed in feeds if feed.has_outrun(heads.get(feed.room))]:
            heads |= await self._fanout.heads(outrun)
        answers: dict[str, RoomHead | Refusal] = {
            room: each for room, each in rooms.items() if isinstance(each, Refusal)
        }
        for feed in feeds:
            refusal = feed.refusal(watch.principal)
            answers[feed.room] = refusal or feed.watch(watch, heads.get(feed.room, Head()))
        return answers

    def look_away(self, watch: Watch, room: str) -> None:
        """Tell no more how far a room comes."""
        self._fanout.look_away(watch, room)

    def move(self, cursor: Cursor, outlet: Outlet, wire: Wire | None = None) -> None:
        """Continue following on another outlet of the same client, or in another wire form."""
        self._fanout.move(cursor, outlet, wire)

    def go_on(self, cursor: Cursor, principal: Principal) -> None:
        """Continue with another credential of the same person, if it allows to follow this room."""
        cursor.admit(principal)
        self._cut_off(cursor.room, cursor)

    def look_on(self, watch: Watch, principal: Principal) -> None:
        """Continue with another credential of the same person, wherever it allows to follow a room."""
        watch.admit(principal)
        for room in [*watch.rooms]:
            self._cut_off(room, watch)

    def _cut_off(self, room: str, follower: Cursor | Watch) -> None:
        if refusal := self._rights.refusal(follower.principal, Operation.READ, room):
            self._fanout.cut_off(room, follower, refusal)

    def unfollow(self, cursor: Cursor) -> None:
        """Stop following."""
        self._fanout.detach(cursor)
