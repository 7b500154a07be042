"""A mailbox for what may be missed: a newer item takes the place of an older one of the same key."""

import asyncio
from collections.abc import Hashable
from typing import Generic, Self, TypeVar

Entry = TypeVar("Entry")


class Newest(Generic[Entry]):
    """Yields items in the order of their coming; of the same key, only the newest.

    Holds at most `limit` items; beyond that the oldest are dropped. Ends after `end()`.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._items: dict[Hashable, Entry] = {}
        self._stir = asyncio.Event()
        self._has_ended = False

    def put(self, key: Hashable, item: Entry) -> None:
        """Add an item; never waits."""
        self._items.pop(key, None)
        self._items[key] = item
        if len(self._items) > self._limit:
            del self._items[next(iter(self._items))]
        self._stir.set()

    def end(self) -> None:
        """Let the reader finish once it has what is here."""
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
