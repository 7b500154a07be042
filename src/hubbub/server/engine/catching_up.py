"""Catching up: cursors that are not at the head read pages of the log, or what is still in memory, until they are live."""

import asyncio
import logging

from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor
from hubbub.server.stores.base import Store, StoreFailed

log = logging.getLogger(__name__)


class CatchingUp:
    """Brings cursors to the head. The step from there to live has no `await`, so nothing can come in between."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read_on(self, feed: Feed, cursor: Cursor, seq: int) -> None:
        """Let a cursor of a feed read on from a position, in a task of its own."""
        feed.pin()
        task = asyncio.create_task(self._catch_up(feed, cursor))
        task.add_done_callback(lambda _: feed.unpin())
        cursor.fall_behind(seq, task)
        feed.followers.fall_behind(cursor)

    async def _catch_up(self, feed: Feed, cursor: Cursor) -> None:
        outlet = cursor.outlet
        rest: list[bytes] | None = None
        try:
            while rest is None:
                async with outlet.turn:  # all rooms of a connection share its bound
                    rest = await self._read_some(feed, cursor)
        except (ConnectionError, asyncio.CancelledError):
            return  # the connection is being taken down, or the cursor was detached
        except StoreFailed as error:
            log.warning("Can't bring a client of %s up to date: %s", feed.room, error)
            cursor.ended(None)
            return
        except Exception:  # a follower must learn that it will get nothing more
            log.exception("Can't bring a client of %s up to date", feed.room)
            cursor.ended(None)
            return
        if rest:
            outlet.queue(cursor.wire.events(self._store.epoch, cursor.seq + 1, rest))
        cursor.stand()
        if cursor.until is not None:
            feed.followers.end_if_there(cursor)
            return
        feed.followers.go_live(cursor)
        if cursor.wire.takes_signals:
            outlet.queue(cursor.wire.signals(feed.signals.present()))

    async def _read_some(self, feed: Feed, cursor: Cursor) -> list[bytes] | None:
        """Read one page when the peer can take it. Returns the remaining events if they are in memory by then."""
        reading = feed.followers.reading
        reading.add(cursor)  # only now, so that one connection keeps only one room's tail
        await cursor.outlet.drained()
        if (rest := feed.rest_for(cursor)) is None:
            await self._read_page(feed, cursor)
            rest = feed.rest_for(cursor)
        if rest is None:
            reading.discard(cursor)
        return rest

    async def _read_page(self, feed: Feed, cursor: Cursor) -> None:
        outlet = cursor.outlet
        assert feed.head is not None
        if cursor.seq > feed.head:  # a snapshot may be ahead of what is delivered
            await feed.moved()
            return
        page = await self._store.read(feed.room, cursor.seq, cursor.upto(feed.head))
        if not page.bodies:
            raise StoreFailed(f"the events after {cursor.seq} are no longer kept")
        # Queued, since `write` may refuse: a drained peer can still have a little to take.
        outlet.queue(cursor.wire.events(self._store.epoch, cursor.seq + 1, page.bodies))
        cursor.step(len(page.bodies))
