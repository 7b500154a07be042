"""Following: receiving a room's log from a position on."""

from collections.abc import Callable

import msgspec

from hubbub.domain.access import Operation, refuse
from hubbub.domain.principals import Principal
from hubbub.domain.screening import require
from hubbub.protocol.messages import Follow, Resumed, Snapshot
from hubbub.protocol.wires import Wire
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Cursor
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.positions import Positions
from hubbub.server.hub.snapshots import Snapshots


class Following:
    """Lets clients follow rooms, each at its own position."""

    def __init__(self, fanout: FanOut, positions: Positions, snapshots: Snapshots) -> None:
        self._fanout = fanout
        self._positions = positions
        self._snapshots = snapshots

    def may_read(self, principal: Principal, room: str) -> bool:
        """Whether a principal may follow a room."""
        return refuse(principal, Operation.READ, room) is None

    async def check(self, principal: Principal, follow: Follow) -> Follow:
        """Raise RefusalError if `follow` would, while the client can still be told.

        Returns the command with a position, so that it misses nothing however late it is carried out.
        """
        require(principal, Operation.READ, follow.room)
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
        lost: Callable[[], None],
        wire: Wire | None = None,
    ) -> Cursor:
        """Follow a room with `outlet`, from a position or from a snapshot, which `tell` gets first.

        `wire` is the wire form, by default the outlet's. `lost` is called if the log can't be read for this follower
        any more. Raises RefusalError.
        """
        require(principal, Operation.READ, follow.room)
        with self._fanout.pinned(follow.room) as feed:
            seq, kept = await self._positions.resume(feed, follow)
            stored = await self._snapshots.read(feed) if seq is None else None
            feed.signals.enter(principal.person)
            # From here on there is no await: what is told now is followed by the very next event.
            if stored is not None:
                seq = stored.page.head
                tell(self._snapshots.show(feed, stored, kept))
            else:
                assert seq is not None and feed.head is not None
                head = max(seq, feed.head)
                tell(Resumed(follow.room, self._positions.epoch, head, head - seq))
            cursor = Cursor(feed, outlet, principal.person, seq, lost, wire)
            self._fanout.attach(cursor)
            if stored is None and cursor.task is None:  # else it comes with the snapshot, or later
                self._fanout.show_present(cursor)
        return cursor

    def move(self, cursor: Cursor, outlet: Outlet, wire: Wire | None = None) -> None:
        """Continue following on another outlet of the same client, or in another wire form."""
        self._fanout.move(cursor, outlet, wire)

    def unfollow(self, cursor: Cursor) -> None:
        """Stop following."""
        self._fanout.detach(cursor)
        cursor.feed.signals.exit(cursor.person)
