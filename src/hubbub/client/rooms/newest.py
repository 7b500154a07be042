"""A queue whose readers may miss items: a newer item replaces an older one with the same key."""

import asyncio
from collections.abc import Hashable
from typing import Generic, Self, TypeVar

Entry = TypeVar("Entry")


class Newest(Generic[Entry]):
    """Yields items in order of arrival, only the newest of each key.

    Holds at most `limit` items and drops the oldest beyond that. Ends after `end()`.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._items: dict[Hashable, Entry] = {}
        self._stir = asyncio.Event()
        self._has_ended = False

    def put(self, key: Hashable, item: Entry) -> None:
        """Add an item. Never waits."""
        self._items.pop(key, None)
        self._items[key] = item
        if len(self._items) > self._limit:
            del self._items[next(iter(self._items))]
        self._stir.set()

    def end(self) -> None:
        """End the queue. The reader first gets what is left."""
        self._has_ended = True
        self._stir.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Entry:
        while not self._items:
            if self._has_ended:
                raise StopAsyncIteration
            self._stir.clear()
            await self._stir.wait()
        return self._items.pop(next(iter(self._items)))
