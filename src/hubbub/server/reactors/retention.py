"""Deletes old events and messages as the settings say; the state document stays.

A made room may have a setting of its own, which its threads share. What an account or everyone must learn about rooms and people is told in own logs
and in the directory only for a while: whoever comes later starts anew.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hubbub import events
from hubbub.domain.tables.rooms import ROOM
from hubbub.protocol.keys import AUDIT, DIRECTORY, is_account_key, is_made_key, parent_of
from hubbub.server.stores.base import Store, Turn

EVENTS_AT_ONCE = 2000  # deleted in one transaction, which posts may have to wait for
EVERY = 3600.0  # seconds
TOLD_EVENTS, TOLD_DAYS = 10_000, 30  # that own logs and the directory keep


class Retained(NamedTuple):
    """How many of the newest events are kept, and what is younger than how many days; 0 keeps all."""

    events: int
    days: float


class Retention:
    """Keeps the newest events of each log, and those that are young enough. What is deleted twice is deleted once."""

    name = "retention"
    does = "delete old events"
    every = EVERY

    def __init__(
        self, store: Store, keep_events: int, keep_days: float, now: Callable[[], datetime]
    ) -> None:
        """What is kept of rooms that have no setting of their own."""
        self._store = store
        self._elsewhere = Retained(keep_events, keep_days)
        self._now = now

    def reads(self, log: str) -> bool:
        """All logs but the audit log, a chain with a beginning, which is kept for ever."""
        return log != AUDIT

    async def begin(self, _: Turn) -> None:
        """Nothing is prepared."""

    def end(self) -> None:
        """Nothing was prepared."""

    async def step(self, room: str, after: int, head: int) -> int:
        """Delete some events that are no longer to be kept, oldest first."""
        kept = await self._kept(room)
        most = min(after + EVENTS_AT_ONCE, head)
        upto = min(most, head - kept.events) if kept.events else after
        if kept.days and upto < most:
            upto = max(upto, await self._last_old(room, after, most, kept.days))
        if upto <= after:
            return after
        await self._store.trim(room, upto)
        return upto

    async def _kept(self, log: str) -> Retained:
        """Return what is kept of a log."""
        if log == DIRECTORY or is_account_key(log):
            return Retained(TOLD_EVENTS, TOLD_DAYS)
        rows = await self._store.rows(ROOM, parent_of(log)) if is_made_key(log) else []
        days = rows[0].keep_days if rows else 0
        return self._elsewhere._replace(days=days) if days else self._elsewhere

    async def _last_old(self, room: str, after: int, upto: int, days: float) -> int:
        """Return the last event before the first one that is young enough."""
        oldest = self._now().astimezone(UTC) - timedelta(days=days)
        while bodies := (await self._store.read(room, after, upto)).bodies:
            for body in bodies:
                if datetime.fromisoformat(events.outline(body).at) >= oldest:
                    return after
                after += 1
        return after
