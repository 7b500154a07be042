"""Snapshots: rooms as they are now. Clients that arrive together share one read."""

from collections import OrderedDict

from msgspec import UNSET

from hubbub.domain.threads import by_message
from hubbub.protocol.keys import is_room_key
from hubbub.protocol.messages import Snapshot
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.hub.authors import Authors, Named, replied_in
from hubbub.server.stores.base import Store, StoredRoom

SNAPSHOT_MESSAGES = 50
CACHED_SNAPSHOTS = 64


class Snapshots:
    """Reads rooms, and caches each until something happens in it."""

    def __init__(self, store: Store, fanout: FanOut, authors: Authors) -> None:
        self._store = store
        self._authors = authors
        self._fanout = fanout
        self._keeping: OrderedDict[Feed, None] = OrderedDict()  # newest last

    async def read(self, feed: Feed) -> StoredRoom:
        """Return the room as stored."""
        head = await self._fanout.head(feed)
        if (
            self._store.is_shared
        ):  # another node may have written since, and its client may have moved here
            head = (await self._store.head(feed.room)).seq
        cached = feed.snapshot
        if cached is not None and cached.page.head == head:
            return await self._with_threads(feed.room, cached) if self._store.is_shared else cached
        stored = await self._store.snapshot(feed.room, SNAPSHOT_MESSAGES)
        if feed.keep(stored):
            self._keeping[feed] = None
            self._keeping.move_to_end(feed)
            if len(self._keeping) > CACHED_SNAPSHOTS:
                self._keeping.popitem(last=False)[0].forget()
        return stored

    async def _with_threads(self, room: str, stored: StoredRoom) -> StoredRoom:
        """Return a room with its threads as they are now: another node may have changed them without a word."""
        page = stored.page
        if not page.messages or not is_room_key(room):
            return stored
        first, last = page.messages[0].seq, page.messages[-1].seq
        threads = await self._store.threads(room, first - 1, last, len(page.messages))
        return stored._replace(page=page._replace(threads=threads))

    async def people(self, feed: Feed, stored: StoredRoom) -> Named:
        """Return the accounts that a snapshot names: who wrote, who reacted, and who is there."""
        named = [*feed.signals.names(), *replied_in(stored.page.threads)]
        return await self._authors.of(stored.page.messages, named)

    def show(
        self, feed: Feed, stored: StoredRoom, people: Named, kept: int | None = None
    ) -> Snapshot:
        """Return what clients are shown of the room, with who is there now.

        `kept` is the first number that is kept, for a client that asked for older ones.
        """
        return Snapshot(
            room=feed.room,
            epoch=self._store.epoch,
            head=stored.page.head,
            messages=stored.page.messages,
            more=stored.page.more,
            people=people,
            threads=by_message(stored.page.threads),
            state=stored.document.value,
            state_seq=stored.document.seq,
            members=feed.signals.members(),
            live=feed.signals.live(),
            truncated=UNSET if kept is None else kept,
            pins=list(stored.pins) or UNSET,
        )
