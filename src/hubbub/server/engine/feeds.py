"""A feed: a followed room, as this node has it in memory."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from hubbub import events
from hubbub.domain.access import Operation, Permission, RoomKind, kind_of
from hubbub.domain.facts import EVERYONE, Batch, Facts, Head, Needs
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import AnyTable, Index, K, NotInMemory, R, Table
from hubbub.domain.rules import Guard, survey
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import RoomHead
from hubbub.server.engine.followers import Cursor, Followers
from hubbub.server.engine.heads import Pulse, Watch
from hubbub.server.engine.signals import Signals
from hubbub.server.stores.base import StoredRoom

IN_PUBLIC = (RoomKind.FREE, RoomKind.MADE)  # where one sees who is there
MAX_TAIL_BYTES = 256 * 1024
UNKNOWN = Refusal(
    "unavailable",
    "The server is still finding out who may do this here; try again",
    retry_after=1.0,
)


class Feed:
    """A followed room: its delivered head, its followers and its signals.

    Attributes:
        guards: who must be asked who may read it; none in free rooms.
        index: the rows of this log that guards look at, as of the head or later, as far as they were asked for.
        turns: how many events have changed such rows.
        supports: the feeds of other logs at whose rows the guards look as well.
        supported: the feeds whose guards look at rows of this log.
        overhear: is told of the events that were delivered; None instead of them if they were skipped.
        readers: by id, those about whom all that guards look at is in memory: each with the scopes with which they may read,
            once the guards have allowed that, until an event affects them; or else with None.
    """

    __slots__ = (
        "_moved",
        "_now",
        "_tail",
        "_tail_bytes",
        "filling",
        "followers",
        "guards",
        "head",
        "index",
        "kept",
        "known",
        "overhear",
        "pins",
        "pulse",
        "readers",
        "room",
        "signals",
        "since",
        "snapshot",
        "supported",
        "supports",
        "turns",
    )

    def __init__(
        self,
        room: str,
        signals: Signals,
        now: Callable[[], float],
        guards: tuple[Guard, ...] = (),
        supports: "tuple[Feed, ...]" = (),
    ) -> None:
        self.room = room
        self.signals = signals
        self._now = now
        self.followers = Followers(signals, are_seen=kind_of(room) in IN_PUBLIC)
        self.guards = guards
        self.index = Index(now)
        self.turns = 0
        self.supports = supports
        self.readers: dict[str, frozenset[Scope] | None] = {}
        self.supported: set[Feed] = set()
        for each in supports:
            each.support(self)
        self.since = asyncio.get_running_loop().time()
        self.head: int | None = None  # None: not known yet
        self.pins = 0
        self.kept = 0  # the first event that the store keeps, as far as it is known
        self.known = 0  # the head in the store, up to which events must be delivered
        self.filling: asyncio.Task[None] | None = None
        self.snapshot: StoredRoom | None = None  # as of the head
        self.overhear: Callable[[str, list[bytes] | None], None] | None = None
        self.pulse: Pulse | None = None  # once someone is told how far the room has come
        self._tail: list[Batch] = []  # batches that arrived while a cursor was reading
        self._tail_bytes = 0
        self._moved: asyncio.Future[None] | None = None

    @property
    def has_a_gap(self) -> bool:
        """Whether the store has events that were not delivered, and nothing reads them yet."""
        return self.filling is None and self.head is not None and self.known > self.head

    @property
    def is_idle(self) -> bool:
        """Whether the feed is unused."""
        is_followed = self.followers.count_live or self.followers.watches
        return not (self.pins or is_followed or self.signals.are_needed)

    @property
    def parent(self) -> "Feed | None":
        """The feed of the room that a thread is in; None of other logs."""
        parent = parent_of(self.room)
        return next((each for each in self.supports if each.room == parent), None)

    def is_ahead(self, batch: Batch) -> bool:
        """Whether a batch of a thread is newer than what was delivered of its parent."""
        head = self.parent.head if self.parent else None
        return head is not None and head < batch.after

    def refusal(
        self, principal: Principal, operation: Permission = Operation.READ
    ) -> Refusal | None:
        """Return why the guards refuse an operation now, or None. What is not in memory they refuse as well."""
        if operation is not Operation.READ:
            return self._ask(principal, operation)
        if self.is_read_by(principal):
            return None
        if not (refusal := self._ask(principal, operation)) and principal.id in self.readers:
            self.readers[principal.id] = principal.scopes
        return refusal

    def _ask(self, principal: Principal, operation: Permission) -> Refusal | None:
        try:
            for guard in self.guards:
                if refusal := guard.refuse(self, principal, operation, self.room):
                    return refusal
        except NotInMemory:
            return UNKNOWN
        return None

    def is_read_by(self, principal: Principal) -> bool:
        """Whether the guards have allowed a principal to read, and no event has affected it since."""
        return self.readers.get(principal.id) == principal.scopes

    def doubt(self, ids: Collection[str]) -> None:
        """An event has affected these people: the guards must be asked again."""
        affected = self.readers if EVERYONE in ids else self.readers.keys() & ids
        self.readers.update(dict.fromkeys(affected))

    @property
    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self._now()

    def row(self, table: Table[K, R], key: K) -> R | None:
        """Return a row of this log, or of one of its supports, as it is now. Raises NotInMemory."""
        index = self.index
        if (log := key[0]) != self.room:
            for feed in self.supports:
                if feed.room == log:
                    index = feed.index
        try:
            row: R | None = index.rows[table][key]
        except KeyError:
            raise NotInMemory(table, key) from None
        return row

    def count(self, table: AnyTable, *prefix: Any) -> int:
        """Raise NotInMemory: only some rows are."""
        raise NotInMemory(table, prefix)

    def support(self, feed: "Feed") -> None:
        """Keep in memory what the guards of another feed look at in this log, until that feed is closed."""
        self.pin()
        self.supported.add(feed)

    def turn(self, apply: Callable[[Index], None]) -> None:
        """An event changes what guards look at. Rows that are just being read may be too old then."""
        self.turns += 1
        with suppress(NotInMemory):  # then it changes nothing that anyone asked for
            apply(self.index)

    def survey(self, principal: Principal) -> None:
        """It is from now on. So the guards can say whether it may read."""
        refusal = self._ask(principal, Operation.READ)
        self.readers[principal.id] = None if refusal else principal.scopes

    def lose_track(self) -> None:
        """What the guards look at may have changed in an unknown way."""
        self.turns, self.index = self.turns + 1, Index(self._now)
        for each in (self, *self.supported):
            each.forget_surveys()

    def forget_surveys(self) -> None:
        """Something that the guards look at is no longer in memory."""
        self.readers.clear()

    def __enter__(self) -> "Feed":
        """Keep the feed until the end of a block."""
        self.pins += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.pins -= 1

    def pin(self) -> None:
        """Keep the feed until it is unpinned as often."""
        self.pins += 1

    def unpin(self) -> None:
        """Release one pin."""
        self.pins -= 1

    def expect(self, head: int) -> None:
        """Note that the store has events up to `head`."""
        self.known = max(self.known, head)

    def fill(self, filling: "asyncio.Task[None] | None") -> None:
        """Remember the task that delivers events from the store, or None once there is none."""
        self.filling = filling

    def learn(self, head: Head) -> None:
        """Take the head from the store, unless deliveries have set it already."""
        if self.head is None:
            self.head = head.seq
            self.pulse = self.pulse or Pulse(head)

    def advance(self, batch: Batch) -> None:
        """Move the head: remember the batch for cursors that are reading, and wake waiters."""
        is_next = self.head is not None and batch.first == self.head + 1
        self.head, self.snapshot = batch.last, None
        if self.pulse is not None:
            self._beat(self.pulse, batch)
        if self.overhear is not None:
            self.overhear(self.room, batch.bodies)
        if self._tail and (gone := events.gone_in(batch.bodies)):
            self._erase(gone)
        if self.followers.reading and is_next:
            self._tail.append(batch)
            self._tail_bytes += sum(map(len, batch.bodies))
            while self._tail_bytes > MAX_TAIL_BYTES and len(self._tail) > 1:
                self._tail_bytes -= sum(map(len, self._tail.pop(0).bodies))
        else:
            self._drop_tail()
        self.wake()

    def is_past(self, head: Head) -> bool:
        """Whether events were delivered after the store told this head."""
        return (self.head or 0) > head.seq

    def has_outrun(self, head: Head | None) -> bool:
        """Likewise, and nobody has counted them."""
        return self.pulse is None and self.is_past(head or Head())

    def watch(self, watch: Watch, head: Head) -> RoomHead:
        """Tell someone how far the room comes from now on; return how far it is. `head` is as the store knows it."""
        if self.pulse is None:
            self.pulse = Pulse(head)
        self.followers.watches.add(watch)
        watch.rooms.add(self.room)
        return self.pulse.position

    def _beat(self, pulse: Pulse, batch: Batch) -> None:
        if not self.followers.watches:
            self.pulse = None
            return
        pulse.beat(batch)
        for watch in self.followers.watches:
            watch.note(self.room, pulse.position)

    def overheard_by(self, overhear: Callable[[str, list[bytes] | None], None]) -> None:
        """Tell somebody else what is delivered, from now on."""
        self.overhear = overhear

    def skip(self, head: int) -> None:
        """Move the head without delivering: the events in between are no longer kept."""
        self.head, self.snapshot = head, None
        if self.overhear is not None:
            self.overhear(self.room, None)
        self._drop_tail()
        self.wake()

    def trim(self, kept: int) -> None:
        """Let go of events before the first number that the store keeps."""
        self.kept = kept
        if self.snapshot and self._is_trimmed(self.snapshot):
            self.snapshot = None
        if self._tail and self._tail[0].first < kept:
            self._drop_tail()

    def keep(self, snapshot: StoredRoom) -> bool:
        """Cache a snapshot until the head moves. Returns False if it has moved already, or if the snapshot shows what was trimmed."""
        if self.head is None or snapshot.page.head < self.head or self._is_trimmed(snapshot):
            return False
        self.snapshot = snapshot
        return True

    def _is_trimmed(self, snapshot: StoredRoom) -> bool:
        messages = snapshot.page.messages
        return bool(messages) and messages[0].seq < self.kept

    def forget(self) -> None:
        """Drop the cached snapshot."""
        self.snapshot = None

    def close(self) -> None:
        """Let go of what the unused feed holds."""
        self.forget()
        self.signals.close()
        for each in self.supports:
            each.supported.discard(self)
            each.unpin()

    def wake(self) -> None:
        """Wake everyone who waits for the head to move."""
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None

    async def moved(self, timeout: float | None = None) -> None:
        """Wait until the head moves, at most `timeout` seconds."""
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._moved], timeout=timeout)

    def _erase(self, gone: events.Gone) -> None:
        """Erase what is remembered and gone."""
        self._tail = [
            batch._replace(bodies=events.without(batch.bodies, gone)) for batch in self._tail
        ]
        self._tail_bytes = sum(len(body) for batch in self._tail for body in batch.bodies)

    def _drop_tail(self) -> None:
        self._tail.clear()
        self._tail_bytes = 0

    def rest_for(self, cursor: Cursor) -> list[bytes] | None:
        """Return all that a cursor may still get, if it is in memory."""
        if cursor.until is not None and cursor.seq >= cursor.until:
            return []
        rest = self.tail_after(cursor.seq)
        return rest if rest is None or cursor.until is None else rest[: cursor.until - cursor.seq]

    def tail_after(self, seq: int) -> list[bytes] | None:
        """Return all events after `seq`, if they are still in memory."""
        if seq == self.head:
            return []
        if not self._tail or not self._tail[0].first <= seq + 1 <= self._tail[-1].last:
            return None
        bodies = [body for batch in self._tail for body in batch.bodies]
        return bodies[seq + 1 - self._tail[0].first :]


def not_in_memory(
    feeds: Collection[Feed], involved: Mapping[str, Feed], principal: Principal
) -> Needs:
    """Return what the guards of these feeds need to know about a principal and isn't in memory."""
    needs, wanted = Needs(), Needs()
    survey(
        needs,
        [(principal, feed.room) for feed in feeds],
        {feed.room: feed.guards for feed in feeds},
    )
    for table, keys in needs.rows.items():
        lacking = {
            key
            for key in keys  # without a call for each: there are many
            if table not in (rows := involved[key[0]].index.rows) or key not in rows[table]
        }
        if lacking:
            wanted.rows[table] = lacking
    return wanted


def keep_in_memory(feeds: Mapping[str, Feed], found: Facts) -> None:
    """Know the rows that were found which belong to logs of these feeds."""
    for table, rows in found.rows.items():
        for key, row in rows.items():
            if key[0] not in feeds:
                continue
            index = feeds[key[0]].index
            if row is None and table in index.rows:  # most have no restraint: a call fewer
                index.rows[table][key] = None
            else:
                index.learn(table, key, row)
