"""Deletes old events and messages as the settings say; the state document stays."""

from datetime import UTC, datetime, timedelta

from hubbub import events
from hubbub.server.stores.base import Store

ROOMS_AT_ONCE = 500
EVENTS_AT_ONCE = 2000  # deleted in one transaction, which posts may have to wait for


class Retention:
    """Keeps the newest `keep_events` of each room and what is younger than `keep_days`; 0 keeps all."""

    def __init__(self, store: Store, keep_events: int, keep_days: float) -> None:
        self._store = store
        self._keep_events = keep_events
        self._keep_days = keep_days

    async def apply(self, now: datetime) -> None:
        """Go through all rooms once."""
        if not (self._keep_events or self._keep_days):
            return
        after = ""
        while rows := await self._store.rooms(after, ROOMS_AT_ONCE):
            for row in rows:
                await self._trim(row.room, row.head, now)
            after = rows[-1].room

    async def _trim(self, room: str, head: int, now: datetime) -> None:
        first_kept = (await self._store.head(room)).kept
        upto = head - self._keep_events if self._keep_events else 0
        if self._keep_days:
            oldest = now.astimezone(UTC) - timedelta(days=self._keep_days)
            upto = max(upto, await self._last_before(room, head, first_kept, oldest))
        for last in range(first_kept - 1 + EVENTS_AT_ONCE, upto, EVENTS_AT_ONCE):
            await self._store.trim(room, last)
        if upto >= first_kept:
            await self._store.trim(room, upto)

    async def _last_before(self, room: str, head: int, kept: int, oldest: datetime) -> int:
        """Return the number of the last event before a time."""
        last = kept - 1
        while bodies := (await self._store.read(room, last, head)).bodies:
            for body in bodies:
                if datetime.fromisoformat(events.outline(body).at) >= oldest:
                    return last
                last += 1
        return last
