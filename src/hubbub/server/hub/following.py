"""Following: receiving a room's log from a position on."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import msgspec
from msgspec import UNSET

from hubbub.domain.access import Operation, refused
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

RESET = Refusal(
    "reset",
    "The log no longer has the events after this position, or was replaced",
    hint="Follow the room without a position",
)


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
        *,
        must_resume: bool = False,
    ) -> Cursor:
        """Follow a room with `outlet`, from a position or from a snapshot, which `tell` gets first.

        `wire` is the wire form, by default the outlet's. `ended` is called if this follower gets nothing more: with the
        reason if it may not read the log any more, or else with None. Raises RefusalError: `reset` if it `must_resume`, and
        would get a snapshot.
        """
        await self._rights.require(principal, Operation.READ, follow.room)
        with self._fanout.pinned(follow.room) as feed:
            seq, kept = await self._positions.resume(feed, follow)
            if seq is None and must_resume:
                raise RefusalError.of(RESET)
            stored = await self._snapshots.read(feed) if seq is None else None
            shown = 0 if stored is None else stored.page.head
            people = await self._snapshots.people(feed, stored) if stored else UNSET
            await self._fanout.ends.heed()
            if feed.guards:
                await self._receipts.refresh([feed])
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

    @asynccontextmanager
    async def knowing(
        self, principal: Principal, rooms: Collection[str], in_full: Collection[str] = ()
    ) -> AsyncIterator[tuple[list[Feed], dict[str, Refusal]]]:
        """Look up at once what following these rooms in the block will ask: some of them `in_full`, and others by a glance.

        Yields the feeds, and why the others may not be read whatever their guards say. Raises StoreFailed.
        """
        told = refused(principal, Operation.READ, rooms)
        with self._fanout.all_pinned([room for room in rooms if room not in told]) as feeds:
            await self._fanout.know(feeds, principal)
            await self._receipts.refresh(
                feed for feed in feeds if feed.room in in_full and feed.is_read_by(principal)
            )
            yield feeds, told

    def watch(
        self,
        outlet: Outlet,
        principal: Principal,
        ended: Callable[[str, Refusal | None], None],
    ) -> Watch:
        """Return what tells a connection how far rooms have come, as `glance` lets it. See `Watch` for `ended`."""
        return Watch(self._fanout.herald, outlet, principal, ended)

    def unseen(self, principal: Principal, rooms: Collection[str]) -> set[str]:
        """Return those of some rooms for which a glance would have to look something up."""
        return set(rooms).difference(
            [feed.room for feed in self._fanout.glances.glimpsed(principal, rooms)]
        )

    async def glance(
        self, watch: Watch, rooms: Collection[str]
    ) -> tuple[dict[str, RoomHead], dict[str, Refusal]]:
        """Tell a watch from now on how far these rooms come; return how far they are, or why they may not be read. Raises StoreFailed."""
        answers, refused = self._fanout.glances.glimpse(watch, rooms), dict[str, Refusal]()
        if len(answers) < len(rooms):
            rest = [room for room in rooms if room not in answers]
            async with self.knowing(watch.principal, rest) as (feeds, refused):
                heads = await self._fanout.heads([feed for feed in feeds if feed.pulse is None])
                await self._fanout.know(feeds, watch.principal)
                while outrun := [feed for feed in feeds if feed.has_outrun(heads.get(feed.room))]:
                    heads |= await self._fanout.heads(outrun)
                for feed in feeds:
                    if refusal := feed.refusal(watch.principal):
                        refused[feed.room] = refusal
                    else:
                        answers[feed.room] = feed.watch(watch, heads.get(feed.room, Head()))
        return answers, refused

    def look_away(self, watch: Watch, rooms: Collection[str]) -> None:
        """Tell no more how far these rooms come."""
        self._fanout.glances.look_away(watch, rooms)

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
