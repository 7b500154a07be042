"""The operations of the product: decides who may do what, and passes it to the journal or the fan-out.

Knows no transport. A refusal is a value or a `RefusalError`, never a crash.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from hubbub.domain.access import Operation, RoomKind, allowed, refuse
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.patterns import spans
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.domain.screening import screen_change, screen_signal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import (
    Change,
    History,
    Join,
    Page,
    Resumed,
    Signal,
    Snapshot,
)
from hubbub.protocol.wires import Wire
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Cursor, Feed
from hubbub.server.engine.journal import Journal
from hubbub.server.engine.outlet import Outlet
from hubbub.server.people.door import Door
from hubbub.server.people.rates import FRAME_COST, Inflow, Rates
from hubbub.server.stores.base import RoomRow, Store, StoredRoom

SNAPSHOT_MESSAGES = 50
CACHED_SNAPSHOTS = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one client."""

    message_bytes: int
    messages_per_s: float
    rooms: int = 1_000
    bytes_per_s: float = 0.0  # 0: no limit


class EventPage(NamedTuple):
    """A page of a room's log, as long-polling returns it."""

    epoch: str
    head: int
    bodies: list[bytes]


class Hub:
    """Rooms, and everything that can be done in them."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        fanout: FanOut,
        door: Door,
        limits: Limits,
        rules: Rules = RULES,
    ) -> None:
        self.door = door
        self.limits = limits
        self._store = store
        self._journal = journal
        self._fanout = fanout
        self.rules = rules
        self._rates = Rates(limits.messages_per_s)
        self._byte_rates = Rates(limits.bytes_per_s, largest=2.0 * limits.message_bytes)
        self.is_leaving = False  # still serving, but new clients should go elsewhere
        self.is_stopping = False
        self.refusals = Counter[str]()  # of commands and requests, by code
        self._keeping: OrderedDict[Feed, None] = OrderedDict()  # with cached snapshots, newest last

    @property
    def epoch(self) -> str:
        """The identity of the logs."""
        return self._store.epoch

    def submit(
        self, principal: Principal, change: Change, answer: Callable[[Answer], None]
    ) -> None:
        """Submit a change; `answer` is called once with the outcome."""
        if refusal := self._screen(principal, change) or self._over_rate(principal):
            answer(refusal)
        else:
            self._journal.submit(Proposal(principal, change), answer)

    async def commit(self, principal: Principal, change: Change) -> Answer:
        """Submit a change and wait for the answer."""
        refusal = self._screen(principal, change) or self._over_rate(principal)
        return refusal or await self._journal.commit(Proposal(principal, change))

    async def publish(self, principal: Principal, change: Change) -> Answer:
        """Commit a change of our own applications, which have no rate limit."""
        refusal = self._screen(principal, change)
        return refusal or await self._journal.commit(Proposal(principal, change))

    async def submit_in_turn(
        self, principal: Principal, change: Change, answer: Callable[[Answer], None]
    ) -> None:
        """Submit a change for clients that can't be told of a refusal: waits while they are too fast, or the server is busy."""
        loop = asyncio.get_running_loop()
        while delay := self._rates.wait(principal.counted_as, loop.time()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(delay)
        if self._journal.is_full:
            await self._journal.has_room()
        if refusal := self._screen(principal, change):
            answer(refusal)
        else:
            self._journal.submit(Proposal(principal, change), answer)

    def refused(self, code: str) -> None:
        """Count a refusal."""
        self.refusals[code] += 1

    def inflow(self, who: str) -> Inflow:
        """Return a counter of what a connection sends, for an address or a principal."""
        return Inflow(self._byte_rates, asyncio.get_running_loop().time, who)

    def charge(self, principal: Principal, size: int) -> None:
        """Count the body of a request, before it is read. Raises RefusalError."""
        now = asyncio.get_running_loop().time()
        if wait := self._byte_rates.wait(principal.counted_as, now, size + FRAME_COST):
            raise RefusalError.of(self.too_many_bytes(wait))

    def pace(self, principal: Principal) -> None:
        """Count a command that changes nothing but has a cost. Raises RefusalError."""
        if refusal := self._over_rate(principal):
            raise RefusalError.of(refusal)

    def too_many_bytes(self, wait: float) -> Refusal:
        """Return the refusal for a client that must wait `wait` seconds before it sends more."""
        return _rate_limited(f"{self.limits.bytes_per_s:,.0f} bytes", wait)

    def is_flooding(self, who: str) -> bool:
        """Whether the payer of a connection keeps sending despite being refused."""
        return self._rates.is_flooding(who) or self._byte_rates.is_flooding(who)

    async def join(
        self,
        principal: Principal,
        join: Join,
        outlet: Outlet,
        tell: Callable[[Resumed | Snapshot], None],
        lost: Callable[[], None],
        wire: Wire | None = None,
    ) -> Cursor:
        """Follow a room with `outlet`, from a position or from a snapshot, which `tell` gets first.

        `wire` is the wire form, by default the outlet's. `lost` is called if the log can't be read for this follower
        any more. Raises RefusalError.
        """
        self._allow(principal, Operation.READ, join.room)
        with self._fanout.pinned(join.room) as feed:
            seq, kept = await self._resume_point(feed, join)
            stored = await self._stored(feed) if seq is None else None
            feed.signals.enter(principal.person)
            # From here on there is no await: what is told now is followed by the very next event.
            if stored is not None:
                seq = stored.page.head
                tell(self._snapshot(feed, stored, kept))
            else:
                assert seq is not None and feed.head is not None
                head = max(seq, feed.head)
                tell(Resumed(join.room, self.epoch, head, head - seq))
            cursor = Cursor(feed, outlet, principal.person, seq, lost, wire)
            self._fanout.attach(cursor)
            if stored is None and cursor.task is None:  # else it comes with the snapshot, or later
                self._fanout.show_present(cursor)
        return cursor

    def move(self, cursor: Cursor, outlet: Outlet, wire: Wire | None = None) -> None:
        """Continue following on another outlet of the same client, or in another wire form."""
        self._fanout.move(cursor, outlet, wire)

    def leave(self, cursor: Cursor) -> None:
        """Stop following."""
        self._fanout.detach(cursor)
        cursor.feed.signals.exit(cursor.person)

    def signal(self, principal: Principal, signal: Signal) -> None:
        """Send a signal to everyone in the room. Raises RefusalError."""
        push = screen_signal(principal, signal)
        if isinstance(push, Refusal):
            raise RefusalError.of(push)
        self.pace(principal)
        with self._fanout.pinned(signal.room) as feed:
            if not feed.signals.put(push, principal.counted_as):
                why = "Too many live values: the room, you or the server has reached a limit"
                raise RefusalError("too_large", why)

    async def snapshot(self, principal: Principal, room: str) -> Snapshot:
        """Return the room as it is now. Raises RefusalError."""
        self._allow(principal, Operation.READ, room)
        with self._fanout.pinned(room) as feed:
            await self._fanout.meet([feed])
            return self._snapshot(feed, await self._stored(feed), None)

    async def history(self, principal: Principal, history: History) -> Page:
        """Return the messages just before or after a seq. Raises RefusalError."""
        self._allow(principal, Operation.READ, history.room)
        if history.before is not None and history.after is not None:
            raise RefusalError("bad_request", "Use either `before` or `after`, not both")
        head, messages, more = await self._store.history(
            history.room, history.before, history.after, history.limit
        )
        return Page(room=history.room, epoch=self.epoch, head=head, messages=messages, more=more)

    async def document(self, principal: Principal, room: str) -> Document:
        """Return the room's state document. Raises RefusalError."""
        self._allow(principal, Operation.READ, room)
        return await self._store.document(room)

    async def rooms(
        self, principal: Principal, after: str, limit: int
    ) -> list[tuple[RoomRow, int]]:
        """Return the rooms that a principal may list, by name, and how many people are in each. Raises RefusalError.

        Rooms that the principal may not know of are not even read; see `spans`.
        """
        if Operation.READ not in allowed(principal.role, principal.scopes, RoomKind.FREE):
            raise RefusalError("forbidden", f"Not allowed to {Operation.READ.value}")
        rows = await self._store.rooms(after, limit, spans(principal.rooms))
        counts = await self._fanout.counts([row.room for row in rows])
        return list(zip(rows, counts, strict=True))

    def may_read(self, principal: Principal, room: str) -> bool:
        """Whether a principal may follow a room."""
        return refuse(principal, Operation.READ, room) is None

    async def events(
        self,
        principal: Principal,
        room: str,
        since: int | None,
        epoch: str | None,
        wait: float,
    ) -> EventPage:
        """Return events after a position; if there are none yet, wait up to `wait` seconds for some.

        Raises RefusalError: `reset` if the log can't be read from there, `bad_position` if no log can.
        """
        self._allow(principal, Operation.READ, room)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        with self._fanout.pinned(room) as feed:
            head = await self._fanout.head(feed)
            since = head if since is None else since
            if epoch is not None and epoch != self.epoch:
                raise self._reset(head, "The log was replaced by another")
            await self._check_position(feed, since)
            while since >= head and not self.is_stopping and (left := until - loop.time()) > 0:
                await feed.moved(left)
                head = await self._fanout.head(feed)
            page = await self._store.read(room, since, head)
            if page.kept > since + 1:
                raise self._reset(
                    head, "The log no longer has the events after `since`", truncated=page.kept
                )
            return EventPage(self.epoch, max(since, head), page.bodies)

    async def check_join(self, principal: Principal, join: Join) -> Join:
        """Raise RefusalError if `join` would, while the client can still be told.

        Returns the join with a position, so that it misses nothing however late it is carried out.
        """
        self._allow(principal, Operation.READ, join.room)
        with self._fanout.pinned(join.room) as feed:
            if join.since is not None:
                await self._resume_point(feed, join)
                return join
            head = await self._fanout.head(feed)
            return msgspec.structs.replace(join, since=head, epoch=self.epoch)

    async def check(self) -> None:
        """Read from and write to the database, or raise StoreFailed."""
        await self._store.check()

    async def stop(self) -> None:
        """Accept no more changes, answer those accepted, and end waits for events."""
        self.is_stopping = True
        await self._journal.close()
        for feed in self._fanout:
            feed.wake()

    @property
    def waiting(self) -> int:
        """The number of changes that wait for a commit."""
        return self._journal.waiting

    def followers(self) -> tuple[int, int, int]:
        """Return how many cursors are live, how many are catching up, and how many rooms they follow."""
        feeds = list(self._fanout)
        live = sum(len(cursors) for feed in feeds for cursors in feed.live.values())
        return live, sum(len(feed.reading) for feed in feeds), len(feeds)

    def sweep(self) -> None:
        """Forget what is no longer needed. Must be called from time to time."""
        self._fanout.sweep()
        for rates in (self._rates, self._byte_rates):
            rates.sweep(asyncio.get_running_loop().time())

    async def _resume_point(self, feed: Feed, join: Join) -> tuple[int | None, int | None]:
        """Return the seq to resume after, or None if the join can't resume, with the first kept seq if that is the reason."""
        head = await self._fanout.head(feed)
        since = join.since
        if since is None or (join.epoch is not None and join.epoch != self.epoch):
            return None, None
        await self._check_position(feed, since)
        if join.max_missed is not None and head - since > join.max_missed:
            return None, None
        if since < head:
            kept = (await self._store.head(join.room)).kept
            if since + 1 < kept:
                return None, kept
        return since, None

    async def _check_position(self, feed: Feed, since: int) -> None:
        """Raise RefusalError if no log can be read from there.

        A position may be ahead of what is delivered: a snapshot shows what is committed, and a client
        may use its head before the commit's last step, the flush of a checkpoint, is done.
        """
        head = await self._fanout.head(feed)
        if since > head:
            head = (await self._store.head(feed.room)).seq
        if not 0 <= since <= head:
            raise RefusalError("bad_position", f"Invalid `since` {since}: use 0 to {head}")

    async def _stored(self, feed: Feed) -> StoredRoom:
        """Return the room as stored. Clients that join at the same time share one read."""
        head = await self._fanout.head(feed)
        if (
            self._store.is_shared
        ):  # another node may have written since, and its client may have moved here
            head = (await self._store.head(feed.room)).seq
        cached = feed.snapshot
        if cached is not None and cached.page.head == head:
            return cached
        stored = await self._store.snapshot(feed.room, SNAPSHOT_MESSAGES)
        if feed.keep(stored):
            self._keeping[feed] = None
            self._keeping.move_to_end(feed)
            if len(self._keeping) > CACHED_SNAPSHOTS:
                self._keeping.popitem(last=False)[0].snapshot = None
        return stored

    def _snapshot(self, feed: Feed, stored: StoredRoom, kept: int | None) -> Snapshot:
        return Snapshot(
            room=feed.room,
            epoch=self.epoch,
            head=stored.page.head,
            messages=stored.page.messages,
            more=stored.page.more,
            state=stored.document.value,
            state_seq=stored.document.seq,
            members=feed.signals.members(),
            live=feed.signals.live(),
            truncated=UNSET if kept is None else kept,
        )

    def _reset(self, head: int, why: str, **facts: int) -> RefusalError:
        hint = "Take a snapshot, and continue from its head"
        return RefusalError("reset", why, hint=hint, epoch=self.epoch, head=head, **facts)

    def _allow(self, principal: Principal, operation: Operation, room: str) -> None:
        if refusal := refuse(principal, operation, room):
            raise RefusalError.of(refusal)

    def _screen(self, principal: Principal, change: Change) -> Refusal | None:
        return screen_change(self.rules, principal, change, self.limits.message_bytes)

    def _over_rate(self, principal: Principal) -> Refusal | None:
        wait = self._rates.wait(principal.counted_as, asyncio.get_running_loop().time())
        return _rate_limited(f"{self.limits.messages_per_s:g} messages", wait) if wait else None


def _rate_limited(limit: str, wait: float) -> Refusal:
    detail = f"Too fast: send at most {limit} per second"
    return Refusal("rate_limited", detail, retry_after=round(max(wait, 0.001), 3))
