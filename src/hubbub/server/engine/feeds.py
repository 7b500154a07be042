"""Feeds and cursors: a followed room, and one follower's position in its log."""

import asyncio
from collections import deque
from collections.abc import Callable

from hubbub import events
from hubbub.domain.facts import Batch
from hubbub.protocol.foreign import deflate
from hubbub.protocol.people import Person
from hubbub.protocol.wires import Wire
from hubbub.server.engine.outlet import Outlet
from hubbub.server.engine.signals import Signals
from hubbub.server.stores.base import StoredRoom

MAX_TAIL_BYTES = 256 * 1024


class Cursor:
    """One follower's position in a room's log.

    `seq` is the last event written to it, which is the feed's head while the cursor is live.
    `lost` is called if the log can't be read from there.
    """

    __slots__ = ("feed", "lost", "outlet", "person", "seq", "task", "wire")

    def __init__(
        self,
        feed: "Feed",
        outlet: Outlet,
        person: Person,
        seq: int,
        lost: Callable[[], None],
        wire: Wire | None = None,
    ) -> None:
        self.feed = feed
        self.person = person
        self.seq = seq
        self.lost = lost
        self.outlet = outlet
        self.wire = _form(outlet, wire)
        self.task: asyncio.Task[None] | None = None  # which reads on, unless the cursor is live

    def move(self, outlet: Outlet, wire: Wire | None) -> None:
        """Write to this outlet from now on, in its wire form or another, from where it is."""
        if self.task is None:
            assert self.feed.head is not None
            self.seq = self.feed.head
        self.task = None
        self.outlet = outlet
        self.wire = _form(outlet, wire)

    def fall_behind(self, seq: int, task: "asyncio.Task[None]") -> None:
        """Stop being live: `task` reads on after `seq`."""
        self.seq, self.task = seq, task

    def step(self, count: int) -> None:
        """Advance by the number of events that were written."""
        self.seq += count

    def catch_up(self) -> None:
        """Become live: everything up to the head was read."""
        self.task = None


class Feed:
    """A followed room: its delivered head, its cursors and its signals."""

    def __init__(self, room: str, signals: Signals) -> None:
        self.room = room
        self.signals = signals
        self.since = asyncio.get_running_loop().time()
        self.head: int | None = None  # None: not known yet
        self.live: dict[Wire, dict[Outlet, Cursor]] = {}
        self.reading: set[Cursor] = set()  # whose turn it is to read
        self.pins = 0
        self.known = 0  # the head in the store, up to which events must be delivered
        self.filling: asyncio.Task[None] | None = None
        self.snapshot: StoredRoom | None = None  # as of the head
        self._tail: deque[Batch] = deque()  # batches that arrived while a cursor was reading
        self._tail_bytes = 0
        self._moved: asyncio.Future[None] | None = None

    @property
    def has_a_gap(self) -> bool:
        """Whether the store has events that were not delivered, and nothing reads them yet."""
        return self.filling is None and self.head is not None and self.known > self.head

    @property
    def is_idle(self) -> bool:
        """Whether the feed is unused."""
        return not (self.pins or any(self.live.values()) or self.signals.are_needed)

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

    def learn(self, head: int) -> None:
        """Take the head from the store, unless deliveries have set it already."""
        if self.head is None:
            self.head = head

    def advance(self, batch: Batch) -> None:
        """Move the head: remember the batch for cursors that are reading, and wake waiters."""
        is_next = self.head is not None and batch.first == self.head + 1
        self.head, self.snapshot = batch.last, None
        if self._tail and (gone := events.deleted_by(batch.bodies)):
            self._erase(gone)
        if self.reading and is_next:
            self._tail.append(batch)
            self._tail_bytes += sum(map(len, batch.bodies))
            while self._tail_bytes > MAX_TAIL_BYTES and len(self._tail) > 1:
                self._tail_bytes -= sum(map(len, self._tail.popleft().bodies))
        else:
            self._drop_tail()
        self.wake()

    def skip(self, head: int) -> None:
        """Move the head without delivering: the events in between are no longer kept."""
        self.head, self.snapshot = head, None
        self._drop_tail()
        self.wake()

    def keep(self, snapshot: StoredRoom) -> bool:
        """Cache a snapshot until the head moves. Returns False if it has moved already."""
        if self.head is None or snapshot.page.head < self.head:
            return False
        self.snapshot = snapshot
        return True

    def forget(self) -> None:
        """Drop the cached snapshot."""
        self.snapshot = None

    def close(self) -> None:
        """Let go of what the unused feed holds."""
        self.forget()
        self.signals.close()

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

    def _erase(self, messages: set[int]) -> None:
        """Erase what is remembered about some messages."""
        self._tail = deque(
            batch._replace(bodies=events.without(batch.bodies, messages)) for batch in self._tail
        )
        self._tail_bytes = sum(len(body) for batch in self._tail for body in batch.bodies)

    def _drop_tail(self) -> None:
        self._tail.clear()
        self._tail_bytes = 0

    def tail_after(self, seq: int) -> list[bytes] | None:
        """Return all events after `seq`, if they are still in memory."""
        if seq == self.head:
            return []
        if not self._tail or not self._tail[0].first <= seq + 1 <= self._tail[-1].last:
            return None
        bodies = [body for batch in self._tail for body in batch.bodies]
        return bodies[seq + 1 - self._tail[0].first :]


def _form(outlet: Outlet, wire: Wire | None) -> Wire:
    """Return the form in which to write to an outlet: its own or another, compressed if it takes that."""
    wire = wire or outlet.wire
    return deflate.form(wire) if outlet.is_compressed else wire
