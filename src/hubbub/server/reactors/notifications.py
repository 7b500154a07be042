"""Notes who may have to be notified of a message by Web Push. Whether it is sent is decided some seconds later.

Of rooms it looks at messages, for those who want to be told of all, and for mentions of all; of own logs at mentions, which come there
by handle and by keyword.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import EVERYONE, Needs
from hubbub.domain.notifying.rule import THREAD, Venue
from hubbub.domain.records import AnyTable
from hubbub.domain.tables.markers import MARKER
from hubbub.domain.tables.rooms import MEMBER, PLACE, ROOM, PlaceKey, room_row
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS
from hubbub.events import Posted
from hubbub.events.reading import Mentioned
from hubbub.protocol.keys import is_account_key, is_made_key, is_thread_key, parent_of
from hubbub.server.stores.base import Store, Turn, by_account
from hubbub.server.stores.notifications import NOTIFICATIONS, OF_USE_FOR, Notification

EVENTS_AT_ONCE = 500  # looked through in one step


class Notifications:
    """Notes them with its own positions, so each is noted once, and only of messages since an account has a device to notify."""

    name = "notifications"
    does = "look for messages to notify people of"
    every = 60.0

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        """`now` gives seconds since 1970."""
        self._store = store
        self._now = now
        self._turn: Turn | None = None
        self._since: dict[str, float] = {}  # since when each account has a device to notify

    def reads(self, log: str) -> bool:
        """Made rooms with their threads, and own logs."""
        return is_made_key(log) or is_account_key(log)

    async def begin(self, turn: Turn) -> None:
        """Read who is to be notified at all."""
        self._turn, self._since = turn, {}
        async for row in by_account(self._store, SUBSCRIPTIONS):
            since = _seconds(row.since)
            self._since[row.account] = min(since, self._since.get(row.account, since))

    def end(self) -> None:
        """Forget it."""
        self._turn, self._since = None, {}

    async def step(self, room: str, after: int, head: int) -> int:
        """Look through some events, and note who may have to be notified."""
        if not self._since or (is_account_key(room) and room not in self._since):
            return head if head - after >= EVENTS_AT_ONCE else after
        page = await self._store.read(room, after, min(after + EVENTS_AT_ONCE, head))
        oldest = _time(self._now() - OF_USE_FOR)
        found = [each for each in map(RULES.events.decode, page.bodies) if each.at >= oldest]
        if is_account_key(room):
            rows = [_of_mention(each) for each in found if isinstance(each, Mentioned)]
        else:
            rows = await self._of_posts(room, [each for each in found if isinstance(each, Posted)])
        await self._note([row for row in rows if row.at >= self._since[row.account]])
        return after + len(page.bodies) if page.bodies else max(after, page.kept - 1)

    async def _of_posts(self, room: str, posts: list[Posted]) -> list[Notification]:
        """Return of which newest message each member may want to be told."""
        posts = [each for each in posts if not each.erased]
        of_all = [each for each in posts if EVERYONE in (each.calls or ())]
        found = []
        for account, level in (await self._levels(room) if posts else {}).items():
            wanted = {"all": posts, "mentions": of_all, "none": []}[level]
            others = [each for each in wanted if each.by != account]
            found += [Notification(account, room, e.seq, "", _seconds(e.at)) for e in others[-1:]]
        return found

    async def _levels(self, room: str) -> dict[str, str]:
        """Return of what those are to be told who are in a room, or follow a thread, and are notified at all."""
        table: AnyTable = MARKER if is_thread_key(room) else MEMBER
        people = {row.account for row in await self._store.rows(table, room)} & self._since.keys()
        parent = parent_of(room)
        wanted = Needs()
        wanted.row(ROOM, room_row(room))
        wanted.rows[PLACE] |= {PlaceKey(who, log) for who in people for log in (room, parent)}
        rows = (await self._store.find(wanted)).rows
        made, placed = rows[ROOM][room_row(room)], rows[PLACE]
        kind = THREAD if room != parent else made.kind if made else ""
        return {
            who: Venue(kind, placed[PlaceKey(who, room)], placed[PlaceKey(who, parent)]).level
            for who in people
        }

    async def _note(self, rows: list[Notification]) -> None:
        assert self._turn is not None
        if rows:
            await self._turn.put(NOTIFICATIONS, rows)


def _of_mention(event: Mentioned) -> Notification:
    return Notification(event.room, event.where, event.where_seq, "", _seconds(event.at))


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
