"""Ends of credentials, in order: whatever this node delivers or shows, it first looks up what had ended when that was stored.

The store counts ends, and says with all that it commits and reads how many there were by then. So this costs a comparison,
unless something has ended.
"""

import asyncio
from collections.abc import Awaitable, Callable

from hubbub.server.stores.base import LogsReplaced, Records, StoreFailed

Refresh = Callable[[], Awaitable[bool]]


class Ends:
    """Knows how many ends this node has looked up."""

    def __init__(self, store: Records) -> None:
        self._store = store
        self._refreshing: tuple[Refresh, ...] = ()
        self._review: Callable[[], object] = lambda: None
        self._seen = 0
        self._looking: asyncio.Task[None] | None = None

    def are_new(self, upto: int | None = None) -> bool:
        """Whether any of so many ends was not looked up yet, or of those of which the store has said."""
        return (self._store.ends if upto is None else upto) > self._seen

    async def found_by(self, refreshing: tuple[Refresh, ...], review: Callable[[], object]) -> None:
        """Let these look things up again, each of which says whether it has learned of anything; then have the node reviewed.

        They have looked things up already. Raises StoreFailed.
        """
        self._seen = await self._store.count_ends()
        self._refreshing, self._review = refreshing, review

    def close(self) -> None:
        """Look no more: the store is about to close."""
        if self._looking is not None:
            self._looking.cancel()

    async def heed(self) -> None:
        """Have whoever may not get what was read from the store so far sent out. Raises StoreFailed."""
        while self.are_new():
            await self.look()

    async def look(self) -> None:
        """Look up what has ended or changed. Raises StoreFailed."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        upto, have_changed = await self._store.count_ends(), False
        failed: Exception | None = None
        try:
            for refresh in self._refreshing:
                try:
                    have_changed |= await refresh()
                except (StoreFailed, LogsReplaced):
                    raise
                except Exception as error:  # a mistake, which must not hold up the others
                    failed = failed or error
        finally:
            if have_changed:
                self._review()
        if failed is not None:
            raise failed
        self._seen = upto
