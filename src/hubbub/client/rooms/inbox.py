"""A room's bounded queue of events and markers, between the connection and the reader of the room."""

import asyncio
from collections import deque
from dataclasses import dataclass

from hubbub.events import Event, Gone, Posted, as_former, emptied, encode, gone_by
from hubbub.protocol.messages import Resumed, Snapshot


@dataclass(frozen=True, slots=True)
class Reset:
    """A gap in the events of a room. A snapshot replaces the missing ones, which won't arrive any more.

    Attributes:
        snapshot: the current state of the room. The next event is `snapshot.head + 1`.
        truncated: the first seq that the server still keeps, if events are missing because of retention.
            None if the log is a different one or too many events were missed.
    """

    snapshot: Snapshot
    truncated: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event of a kind that this version does not know. It only counts."""

    room: str
    seq: int


Marker = Resumed | Reset
Item = Event | Skipped | Marker


class Inbox:
    """At most `limit` events and the markers between them, oldest first.

    `is_drawn` tells whether the room is being read: each `take` sets it, and a wait for space that
    timed out clears it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._items: deque[Item] = deque()
        self._stir = asyncio.Event()
        self._has_ended = False
        self._error: Exception | None = None
        self.is_drawn = False

    @property
    def is_full(self) -> bool:
        """Whether there is no space for another event."""
        return len(self._items) >= self.limit

    @property
    def is_crowded(self) -> bool:
        """Whether more than half of the space is taken."""
        return len(self._items) > self.limit // 2

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._items

    def put(self, event: Event | Skipped) -> None:
        """Add the next event. If it erases others, such as those about a message, also erase those that are queued."""
        if isinstance(event, Event) and (gone := gone_by(event)):
            self._items = deque(_without(item, gone) for item in self._items)
        self._items.append(event)
        self._stir.set()

    def mark(self, marker: Marker) -> None:
        """Add a marker. It replaces markers directly before it, so that the queue stays bounded."""
        while self._items and isinstance(marker, Reset) and isinstance(self._items[-1], Marker):
            self._items.pop()
        if self._items and isinstance(marker, Resumed) and isinstance(self._items[-1], Resumed):
            self._items.pop()
        self._items.append(marker)
        self._stir.set()

    def end(self, error: Exception | None = None) -> None:
        """End the queue. The reader first gets what is left, then `error` if there is one."""
        self._has_ended = True
        self._error = error
        self._stir.set()

    def stall(self) -> None:
        """Take note that nobody seems to read the room."""
        self.is_drawn = False

    def take(self) -> Item | None:
        """Remove and return the oldest item. None if the queue is empty."""
        self.is_drawn = True
        return self._items.popleft() if self._items else None

    async def until_stirred(self) -> None:
        """Wait until there is something to take.

        Raises:
            StopAsyncIteration: the queue has ended.
            Exception: the error given to `end`.
        """
        if self._items:
            return
        if self._error:
            raise self._error
        if self._has_ended:
            raise StopAsyncIteration
        self._stir.clear()
        await self._stir.wait()


def _without(item: Item, gone: Gone) -> Item:
    """The item, erased if it is an event that is gone."""
    if not isinstance(item, Event) or not gone.takes(encode(item)):
        return item
    is_former = isinstance(item, Posted) and item.seq not in gone.messages
    return as_former(item) if is_former else emptied(item)
