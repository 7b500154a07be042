"""A room's bounded queue between the socket and whoever reads the room, and the marks in it."""

import asyncio
from collections import deque
from dataclasses import dataclass

from hubbub.events import AnyEvent, Deleted, Event, concerns, emptied
from hubbub.protocol.messages import Resumed, Snapshot


@dataclass(frozen=True, slots=True)
class Reset:
    """A snapshot took the place of the log: events between were not received and won't be.

    Attributes:
        snapshot: the room as it is now; the next event is `snapshot.head + 1`.
        truncated: the first seq that the server still keeps, if the hole is there because older
            events were deleted; None if the log is another one or too much was missed.
    """

    snapshot: Snapshot
    truncated: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event of a kind that this version does not know; it only counts."""

    room: str
    seq: int


Marker = Resumed | Reset
Item = AnyEvent | Skipped | Marker


class Inbox:
    """At most `limit` events, and the markers between them, oldest first.

    `is_drawn` tells whether somebody reads: set by each `take`, taken back by whoever has waited
    in vain for space.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._stir = asyncio.Event()
        self._has_ended = False
        self._error: Exception | None = None
        self.is_drawn = False

    @property
    def is_full(self) -> bool:
        """Whether no more events should be put in."""
        return len(self._items) >= self._limit

    @property
    def is_crowded(self) -> bool:
        """Whether more than half of the space is taken."""
        return len(self._items) > self._limit // 2

    @property
    def is_empty(self) -> bool:
        """Whether everything was taken."""
        return not self._items

    def put(self, event: AnyEvent | Skipped) -> None:
        """Add the next event. What it deletes is not kept for the reader, either."""
        if isinstance(event, Deleted):
            self._items = deque(_without(item, event.message) for item in self._items)
        self._items.append(event)
        self._stir.set()

    def mark(self, marker: Marker) -> None:
        """Add a marker. One that directly follows others stands for them too, so the bound holds."""
        while self._items and isinstance(marker, Reset) and isinstance(self._items[-1], Marker):
            self._items.pop()
        if self._items and isinstance(marker, Resumed) and isinstance(self._items[-1], Resumed):
            self._items.pop()
        self._items.append(marker)
        self._stir.set()

    def end(self, error: Exception | None = None) -> None:
        """Let the reader finish, with `error` if there is one, once it has what is here."""
        self._has_ended = True
        self._error = error
        self._stir.set()

    def take(self) -> Item | None:
        """The oldest item, or None if there is none just now."""
        self.is_drawn = True
        return self._items.popleft() if self._items else None

    async def until_stirred(self) -> None:
        """Wait until there is something to take.

        Raises:
            StopAsyncIteration: there won't be anything more.
            Exception: what `end` was given.
        """
        if self._items:
            return
        if self._error:
            raise self._error
        if self._has_ended:
            raise StopAsyncIteration
        self._stir.clear()
        await self._stir.wait()


def _without(item: Item, message: int) -> Item:
    """The item, emptied if it is an event about that message."""
    return emptied(item) if isinstance(item, Event) and concerns(item, (message,)) else item
