"""Turns at looking through many rooms: nobody's requests delay those of everyone else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from hubbub.domain.principals import Principal
from hubbub.server.people.rates import Throttle

# Commands about many rooms. When all come back at once, more in progress would take memory, and finish none earlier.
AT_ONCE = 16


class Turns:
    """So many are taken at once on a node. `any` is for commands that name people, and are paced by that."""

    def __init__(self, throttle: Throttle) -> None:
        self.any = asyncio.Semaphore(AT_ONCE)
        self._throttle = throttle
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by principal

    @asynccontextmanager
    async def of(self, principal: Principal) -> AsyncIterator[None]:
        """Take a turn at looking through many rooms. Each principal has one at a time. Raises RefusalError if it asks too often."""
        self._throttle.pace_listing(principal)
        own = self._own.setdefault(principal.id, asyncio.Lock())
        async with own, self.any:
            yield
