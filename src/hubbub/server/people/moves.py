"""Which logs of accounts may have got events since somebody last looked at them: less is read where nothing happens."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from hubbub.domain.facts import Batch
from hubbub.protocol.keys import ACCOUNT, DIRECTORY
from hubbub.server.stores.base import Store


class Moves:
    """Knows what this node commits, or is told by hints, and asks the store whether others may have written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: set[str] = set()
        self._others: int | None = None  # see `Store.version_of_others`

    def note(self, logs: Collection[str]) -> None:
        """These have moved."""
        self._told.update(logs)

    @asynccontextmanager
    async def among(self, logs: Collection[str]) -> AsyncIterator[set[str]]:
        """Yield those of some logs that may have moved, for a block that looks at them. If it fails, they still may have.

        What is asked about later is as it was read later, so the others that moved are forgotten. Raises StoreFailed.
        """
        others = await self._store.version_of_others()
        told, self._told = self._told, set()
        try:
            yield told.intersection(logs) if others == self._others else set(logs)
        except BaseException:
            self._told |= told
            raise
        self._others = others


def moved_in(batches: Collection[Batch]) -> set[str]:
    """Return the logs of accounts, and the directory, that batches have added to."""
    return {b.room for b in batches if b.room == DIRECTORY or b.room.startswith(ACCOUNT)}
