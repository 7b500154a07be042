"""Deletes old events and messages as the settings say; the state document stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hubbub import events
from hubbub.protocol.keys import AUDIT
from hubbub.server.stores.base import Store

EVENTS_AT_ONCE = 2000  # deleted in one transaction, which posts may have to wait for
EVERY = 3600.0  # seconds


class Retention:
    """Keeps the newest `keep_events` of each room and what is younger than `keep_days`; 0 keeps all.

    What is deleted twice is deleted once.
    """

    name = "retention"
    does = "delete old events"
    every = EVERY

    def __init__(
        self, store: Store, keep_events: int, keep_days: float, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._keep_events = keep_events
        self._keep_days = keep_days
        self._now = now

    async def step(self, room: str, after: int, head: int) -> int:
        """Delete some events that are no longer to be kept, oldest first."""
        if room == AUDIT:  # a chain with a beginning, which is kept for ever
            return after
        most = min(after + EVENTS_AT_ONCE, head)
        upto = min(most, head - self._keep_events) if self._keep_events else after
        if self._keep_days and upto < most:
            upto = max(upto, await self._last_old(room, after, most))
        if upto <= after:
            return after
        await self._store.trim(room, upto)
        return upto

    async def _last_old(self, room: str, after: int, upto: int) -> int:
        """Return the last event before the first one that is young enough."""
        oldest = self._now().astimezone(UTC) - timedelta(days=self._keep_days)
        while bodies := (await self._store.read(room, after, upto)).bodies:
            for body in bodies:
                if datetime.fromisoformat(events.outline(body).at) >= oldest:
                    return after
                after += 1
        return after
