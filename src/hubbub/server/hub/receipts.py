"""Receipts: how far members have read, shown to the others in rooms that allow it. They are signals, never events of the room.

What a member has read is told in its own log, so whoever commits that shows it; whoever follows a room later gets what the markers say.
"""

import asyncio
from collections.abc import Collection, Iterable

import msgspec

from hubbub.domain.aspects.people.preferences import PREFERENCES, PreferenceKey
from hubbub.domain.facts import Batch, Needs
from hubbub.domain.live.values import LiveReport, Stamped
from hubbub.domain.rules import Rules
from hubbub.domain.tables.markers import MARKER
from hubbub.domain.tables.rooms import MEMBER, ROOM, MemberKey, room_row
from hubbub.events import Event, tag_in
from hubbub.events.reading import Read
from hubbub.protocol.commands.preferences import RECEIPTS
from hubbub.protocol.keys import is_account_key, is_room_key
from hubbub.protocol.messages import Receipt
from hubbub.server.brokers.base import Broker
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.stores.base import Records, StoreFailed

MAX_MEMBERS = 100  # of a room with receipts: in larger ones, who has read what helps nobody
CURRENT_FOR = (
    5.0  # seconds for which a feed's receipts are not read again: meanwhile signals keep them so
)
ROOMS_AT_ONCE = 100  # whose members are looked up in one read
_READ = b"read"


class Receipts:
    """Knows which members show how far they have read."""

    def __init__(self, store: Records) -> None:
        self._store = store

    async def refresh(self, feeds: Iterable[Feed]) -> None:
        """Let the feeds of rooms have the receipts of their members as they are now. The guards' rows must be in memory."""
        due = {feed.room: feed for feed in feeds if is_room_key(feed.room) and _is_due(feed)}
        small = []
        for room, size in (await self._sizes(due)).items():
            if size <= MAX_MEMBERS:
                small.append(due[room])
            else:
                _show_none(due[room])
        for first in range(0, len(small), ROOMS_AT_ONCE):
            await self._refresh(small[first : first + ROOMS_AT_ONCE])

    async def _sizes(self, rooms: Collection[str]) -> dict[str, int]:
        wanted = Needs()
        for room in rooms:
            wanted.count(MEMBER, room)
        counts = (await self._store.find(wanted)).counts[MEMBER] if rooms else {}
        return {room: size for (room,), size in counts.items()}

    async def _refresh(self, feeds: Collection[Feed]) -> None:
        before = {feed: feed.signals.receipts() for feed in feeds}
        wanted = Needs()
        for feed in feeds:
            wanted.list(MARKER, feed.room)
        markers = (await self._store.find(wanted)).rows[MARKER].values()
        found: dict[str, list[Receipt]] = {feed.room: [] for feed in feeds}
        upto = {MemberKey(row.room, row.account): row.seq for row in markers}
        for key in await self.shown(upto):
            found[key.room].append(Receipt(key.room, key.account, upto[key]))
        for feed in feeds:
            feed.signals.replace_receipts(found[feed.room], before[feed])

    async def shown(self, keys: Iterable[MemberKey]) -> list[MemberKey]:
        """Return the members whose receipts are shown: their room allows it, is small, and they do not mind."""
        wanted = Needs()
        for key in keys:
            wanted.row(ROOM, room_row(key.room))
            wanted.count(MEMBER, key.room)
            wanted.row(MEMBER, key)
            wanted.row(PREFERENCES, PreferenceKey(key.account, RECEIPTS))
        found = await self._store.find(wanted)
        rows, sizes = found.rows, found.counts.get(MEMBER, {})
        return [
            key
            for key in keys
            if (room := rows[ROOM][room_row(key.room)])
            and room.shows_receipts
            and sizes[(key.room,)] <= MAX_MEMBERS
            and rows[MEMBER][key]
            and _allows(rows[PREFERENCES][PreferenceKey(key.account, RECEIPTS)])
        ]


class ReadersNews:
    """Shows how far members have read, as the commits of this node say; of each the newest."""

    def __init__(self, receipts: Receipts, fanout: FanOut, broker: Broker, rules: Rules) -> None:
        self._receipts = receipts
        self._fanout = fanout
        self._broker = broker
        self._rules = rules
        self._new: dict[MemberKey, int] = {}
        self._stir = asyncio.Event()

    def heed(self, batches: Iterable[Batch]) -> None:
        """Note what own logs say that a commit added to."""
        for batch in batches:
            for body in batch.bodies if is_account_key(batch.room) else ():
                if tag_in(body) == _READ:
                    self._note(self._rules.events.decode(body))

    def _note(self, event: Event) -> None:
        if isinstance(event, Read):
            self._new[MemberKey(event.where, event.room)] = event.upto
            self._stir.set()

    async def tell(self) -> None:
        """Wait for what is new, and show it to those who follow these rooms, on any node. Fails with `StoreFailed`."""
        await self._stir.wait()
        self._stir.clear()
        new, self._new = self._new, {}
        try:
            shown = await self._receipts.shown(new)
        except StoreFailed:
            self._new = new | self._new
            self._stir.set()
            raise
        for key in shown:
            receipt = Receipt(key.room, key.account, new[key])
            if feed := self._fanout.get(key.room):
                feed.signals.put_receipt(receipt)
            else:
                told = LiveReport(key.room, self._broker.node, [Stamped(receipt)])
                self._broker.share(told)


def _is_due(feed: Feed) -> bool:
    """Whether the receipts of a room must be read. If it shows none, none are kept."""
    room = feed.row(ROOM, room_row(feed.room))
    if room is None or not room.shows_receipts:
        _show_none(feed)
        return False
    now = asyncio.get_running_loop().time()
    return not feed.signals.has_receipts_since(now - CURRENT_FOR)


def _show_none(feed: Feed) -> None:
    feed.signals.replace_receipts([], feed.signals.receipts())


def _allows(preference: object) -> bool:
    """Whether an account shows how far it has read: unless its setting says otherwise."""
    value: bytes | None = getattr(preference, "value", None)
    return value is None or msgspec.json.decode(value) is not False
