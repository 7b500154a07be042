"""Fan-out: writes to live followers, and lets the others catch up from the log.

A follower is a cursor over a log. Joining, resuming and falling behind are one operation: reading on
from a position. A cursor at the head is live, and each commit goes to all live cursors as one buffer.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Batch, Facts, Head
from hubbub.domain.live.allotment import Allotment
from hubbub.domain.live.values import LiveReport
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.protocol.errors import Refusal
from hubbub.protocol.wires import Wire
from hubbub.server.brokers.base import Broker, Local
from hubbub.server.engine.catching_up import CatchingUp
from hubbub.server.engine.feeds import Feed, keep_in_memory, not_in_memory
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.glances import Glances
from hubbub.server.engine.heads import Herald, Watch
from hubbub.server.engine.hints import together
from hubbub.server.engine.outlet import Outlet, write_to_all
from hubbub.server.engine.presences import Presences
from hubbub.server.engine.shutting_out import ShuttingOut
from hubbub.server.engine.signals import Signals
from hubbub.server.engine.threads import ThreadNews
from hubbub.server.mistakes import place_of
from hubbub.server.people.ends import Ends
from hubbub.server.setbacks import Setbacks
from hubbub.server.stores.base import LogsReplaced, Store, StoreFailed

REACHES_WITHIN = 5.0  # seconds in which what is committed must be delivered here, before the store counts as failed
FIRST_SECONDS, MOST_SECONDS = 1.0, 60.0  # to leave a room alone whose events could not be delivered

log = logging.getLogger(__name__)


class FanOut:
    """Delivers what was committed, so that every cursor gets every event once, in order."""

    def __init__(
        self,
        store: Store,
        broker: Broker | None = None,
        rules: Rules = RULES,
        ends: Ends | None = None,
        failed: Callable[[], object] = lambda: None,
        *,
        now: Callable[[], float],
    ) -> None:
        """`failed` is called at each unexpected failure to deliver what the store has; `now` gives seconds since 1970."""
        self.now = now
        self._store = store
        self.ends = ends or Ends(store)
        self._setbacks = Setbacks(failed, FIRST_SECONDS, MOST_SECONDS)
        self._unread: set[str] = set()  # rooms whose events the store could not give
        self._replaced: LogsReplaced | None = None
        self._rules = rules
        self._broker = broker or Local()
        self._allotment = Allotment()
        self._feeds: dict[str, Feed] = {}
        self._kept: dict[int, list[Feed]] = {}  # see `all_pinned`
        self._heard: list[tuple[Feed, Batch]] = []
        self._catching_up = CatchingUp(store)
        self.herald = Herald()
        self.glances = Glances(self._feeds)
        self._shutting_out = ShuttingOut(rules, self.glances)
        self.presences = Presences(self.pinned, now)
        self._threads = ThreadNews(store, self._broker, self._feeds.get, self._signal)

    def __iter__(self) -> Iterator[Feed]:
        return iter(list(self._feeds.values()))

    @property
    def has_failed(self) -> bool:
        """Whether something that is to be delivered could not be read, so that a `look` is due."""
        return bool(self._replaced or self._unread or not self._setbacks.are_over)

    def get(self, room: str) -> Feed | None:
        """Return the room's feed, if anyone follows it."""
        return self._feeds.get(room)

    def present(self, room: str) -> list[str]:
        """Return the names of those who are in a room, as far as they are known."""
        return feed.signals.attendance.names() if (feed := self.get(room)) else []

    def pinned(self, room: str) -> Feed:
        """Return the room's feed, for a `with` that keeps it at least until the end of its block."""
        return self._feeds.get(room) or self._open(room)

    @contextmanager
    def all_pinned(self, rooms: Iterable[str]) -> Iterator[list[Feed]]:
        """Keep the feeds of some rooms at least until the end of a block."""
        feeds = [self._feeds[r] if r in self._feeds else self._open(r) for r in rooms]
        self._kept[id(feeds)] = feeds  # to pin each would cost as much as the rest
        try:
            yield feeds
        finally:
            del self._kept[id(feeds)]

    def _open(self, room: str) -> Feed:
        guards = self._rules.guards_of(room)
        logs = dict.fromkeys(
            log for guard in guards for log in guard.elsewhere(room) if log != room
        )
        supports = tuple(self._feeds.get(log) or self._open(log) for log in logs)
        heed = self.presences.devices.heeding(room)
        signals = Signals(
            room, lambda bodies: self._signal(room, bodies), self._broker, self._allotment, heed
        )
        feed = self._feeds[room] = Feed(room, signals, self.now, guards, supports)
        self._broker.follow(room)
        signals.ask()
        return feed

    def followers(self) -> tuple[int, int, int]:
        """Return how many cursors are live, how many are catching up, and how many rooms they follow."""
        live = sum(feed.followers.count_live for feed in self)
        return live, sum(len(feed.followers.reading) for feed in self), len(self._feeds)

    def sweep(self) -> None:
        """Forget unused feeds."""
        kept = set(chain.from_iterable(self._kept.values()))
        for feed in self:
            feed.signals.sweep()
            if feed.is_idle and feed not in kept:
                feed.close()
                self._no_longer_fails(feed.room)
                del self._feeds[feed.room]
                self._broker.leave(feed.room)

    async def close(self) -> None:
        """Tell other nodes that nobody is left on this node, and fall silent."""
        self.presences.close()
        self.ends.close()
        for feed in self:
            feed.signals.close()
            if feed.filling is not None:
                feed.filling.cancel()
        self.herald.close()
        self._threads.close()
        await self._broker.close()

    async def meet(self, feeds: Iterable[Feed]) -> None:
        """Wait until other nodes have reported live state of newly followed rooms."""
        now = asyncio.get_running_loop().time()
        since = max((feed.since for feed in feeds), default=now)
        if (rest := since + self._broker.answers_within - now) > 0:
            await asyncio.sleep(rest)

    async def counts(self, rooms: Sequence[str]) -> list[int]:
        """Return how many people are in each of these rooms, on all nodes."""
        if self._broker.answers_within:
            with self.all_pinned(rooms) as feeds:
                await self.meet(feeds)
                return [feed.signals.members().count for feed in feeds]
        return [feed.signals.members().count if feed else 0 for feed in map(self.get, rooms)]

    async def head(self, feed: Feed) -> int:
        """Return the feed's delivered head, from the store if it isn't known."""
        if feed.head is None:
            self.learn(feed, await self._store.head(feed.room))
        assert feed.head is not None
        return feed.head

    async def know(self, feeds: Collection[Feed], principal: Principal) -> None:
        """Know the delivered heads of rooms, and what their guards look at about a principal, as of these heads or later.

        Raises StoreFailed.
        """
        who = principal.id
        while feeds := [f for f in feeds if f.head is None or (f.guards and who not in f.readers)]:
            involved = {each.room: each for feed in feeds for each in (feed, *feed.supports)}
            wanted = not_in_memory(feeds, involved, principal)
            wanted.logs.update(room for room, feed in involved.items() if feed.head is None)
            turns = {room: feed.turns for room, feed in involved.items()}
            found = await self._store.find(wanted) if wanted.logs or wanted.rows else Facts()
            heads = {room: found.heads.get(room, Head()) for room in wanted.logs}
            outdated = {each for room, each in involved.items() if each.turns != turns[room]}
            outdated |= {involved[room] for room in heads if involved[room].is_past(heads[room])}
            for room, head in heads.items():
                self.learn(involved[room], head)
            keep_in_memory({r: each for r, each in involved.items() if each not in outdated}, found)
            for feed in feeds:
                if not outdated or outdated.isdisjoint((feed, *feed.supports)):
                    feed.survey(principal)

    async def reach_head(self, feed: Feed, upto: int) -> None:
        """Wait until a room's events up to `upto` are delivered. Raises StoreFailed."""
        while (head := await self.head(feed)) < upto:
            self.reach(feed, upto)
            await feed.moved(REACHES_WITHIN)
            if feed.head == head:
                raise StoreFailed(f"the events after {head} could not be read")

    async def heads(self, feeds: Sequence[Feed]) -> dict[str, Head]:
        """Return how far rooms have come, from the store, and know their delivered heads. Raises StoreFailed."""
        heads = await self._store.heads([feed.room for feed in feeds]) if feeds else {}
        for feed in [each for each in feeds if each.head is None]:
            self.learn(feed, heads.get(feed.room, Head()))
        return heads

    def learn(self, feed: Feed, head: Head) -> None:
        """Know a feed's head from the store, and deliver what hints told meanwhile."""
        feed.learn(head)
        self.reach(feed, feed.known)

    def attach(self, cursor: Cursor) -> None:
        """Start following from the cursor's position."""
        feed = self._feeds[cursor.room]
        if cursor.seq == feed.head and cursor.until is None:
            feed.followers.go_live(cursor)
        else:
            self._catching_up.read_on(feed, cursor, cursor.seq)

    def show_present(self, cursor: Cursor) -> None:
        """Send the current signals to a cursor that may have missed some."""
        if cursor.wire.takes_signals:
            signals = self._feeds[cursor.room].signals
            cursor.outlet.queue(cursor.wire.signals(signals.present()))

    def detach(self, cursor: Cursor) -> None:
        """Stop following."""
        if cursor.task is not None:
            cursor.task.cancel()
        self._feeds[cursor.room].followers.go(cursor)

    def move(self, cursor: Cursor, outlet: Outlet, wire: Wire | None) -> None:
        """Continue on another outlet, after everything written to the previous one."""
        feed = self._feeds[cursor.room]
        feed.followers.leave(cursor)
        if cursor.task is not None:
            cursor.task.cancel()
            cursor.stand()
        else:
            cursor.stand(feed.head)
        cursor.move(outlet, wire)
        self.attach(cursor)

    def cut_off(self, room: str, follower: Cursor | Watch, why: Refusal) -> None:
        """Cut a follower off at the last event that was delivered."""
        self._shutting_out.cut_off(self._feeds[room], follower, why)

    def deliver(self, batches: list[Batch]) -> None:
        """Write each batch to the live cursors of its room: one buffer per wire form, one write per cursor."""
        for batch in batches:
            if feed := self._feeds.get(batch.room):
                if self.ends.are_new(batch.ends):  # these must be looked up before it is delivered
                    self.reach(feed, batch.last)
                else:
                    self._deliver_in_order(feed, batch)
            if batch.after:  # only those of threads have it
                self._threads.note(batch.room)

    def hear(self, told: Batch | LiveReport) -> None:
        """Deliver what was committed on another node; a hint without bodies says how far to read."""
        if (feed := self._feeds.get(told.room)) is None:
            return
        if isinstance(told, LiveReport):
            feed.signals.hear(told)
            self._threads.hear(told)
        elif feed.head is None or not told.bodies or self.ends.are_new(told.ends):
            self.reach(feed, told.last)  # an old hint must not set the head
        else:
            if not self._heard:
                asyncio.get_running_loop().call_soon(self._deliver_heard)
            self._heard.append((feed, told))

    def _deliver_heard(self) -> None:
        """Deliver what was heard in this turn of the loop, as few batches.

        So a node with many followers keeps up with one that commits often: under load, its batches grow.
        """
        heard, self._heard = self._heard, []
        for feed, batch in together(heard):
            self._deliver_in_order(feed, batch)

    async def look(self) -> None:
        """Ask the store for the head of each followed room, since other nodes write too, and what it keeps of it.

        Raises StoreFailed, LogsReplaced.
        """
        if self._replaced is not None:
            raise self._replaced
        rooms = [feed.room for feed in self if feed.head is not None]
        for room, head in (await self._store.heads(rooms)).items():
            if feed := self._feeds.get(room):  # it may have been swept meanwhile
                self.reach(feed, head.seq)
                feed.trim(head.kept)
                if self.has_failed and feed.head == feed.known:
                    self._no_longer_fails(room)

    def reach(self, feed: Feed, head: int) -> None:
        """Deliver a room's events up to `head` from the store, unless that has failed a short time ago."""
        feed.expect(head)
        now = asyncio.get_running_loop().time()
        if feed.has_a_gap and not self._setbacks.holds(feed.room, now):
            feed.pin()
            feed.fill(asyncio.create_task(self._fill(feed)))

    async def _fill(self, feed: Feed) -> None:
        try:
            while feed.head is not None and feed.head < feed.known:
                page = await self._store.read(feed.room, after := feed.head, feed.known)
                if not page.bodies:
                    self._skip(feed)
                else:
                    await self.ends.heed()
                    await self.reach_supports(feed)
                    self._deliver_in_order(feed, self._batch(feed, after + 1, page.bodies))
        except LogsReplaced as error:  # the next look raises it
            self._replaced = error
        except StoreFailed as error:  # the next look tries again
            if feed.room not in self._unread:
                log.warning("Can't read events in %s: %s", feed.room, error)
            self._unread.add(feed.room)
        except Exception as error:  # a mistake, which must not end the server
            seconds = self._setbacks.note(feed.room, asyncio.get_running_loop().time())
            again = "Can't read events in %s; trying again in %d s: %s"
            log.error(again, feed.room, seconds, place_of(error))
        else:
            self._no_longer_fails(feed.room)
        finally:
            feed.fill(None)
            feed.unpin()

    def _no_longer_fails(self, room: str) -> None:
        if self._setbacks.over(room) or room in self._unread:
            log.warning("Recovered: can read events in %s again", room)
        self._unread.discard(room)

    async def reach_supports(self, feed: Feed) -> None:
        """Deliver what its guards look at in other logs: rights that were taken before a room's events are taken here first."""
        if feed.supports:
            heads = await self.heads(feed.supports)
            for support in feed.supports:
                await self.reach_head(support, heads.get(support.room, Head()).seq)

    def _batch(self, feed: Feed, first: int, bodies: list[bytes]) -> Batch:
        """Return events from the store as the batch that they were."""
        affected = self._rules.affected_by(first, bodies) if feed.guards else ()
        return Batch(feed.room, first, bodies, affected)

    def _skip(self, feed: Feed) -> None:
        """Events were deleted before delivery: tell the followers that waited for them."""
        for live in feed.followers.live.values():
            behind = list(live)
            self._fall_behind(feed, live, behind)
        feed.skip(feed.known)
        for watch in list(feed.followers.watches):  # it is not known how many messages there were
            watch.ended(feed.room, None)
        if feed.guards:  # one of those events may have taken someone's right to follow
            self._shutting_out.lose_track(feed)

    def _deliver_in_order(self, feed: Feed, batch: Batch) -> None:
        """Deliver the new part of a batch, after reading the events missing before it."""
        if batch.after and feed.is_ahead(batch):  # of rights that its parent's events have taken
            self.reach(feed, batch.last)
        elif feed.head is None or batch.first == feed.head + 1:
            self._deliver_next(feed, batch)
        elif batch.first > feed.head:  # events from another node are missing in between
            self.reach(feed, batch.last)
        elif batch.last > feed.head:
            self._deliver_next(feed, batch.beyond(feed.head))

    def _deliver_next(self, feed: Feed, batch: Batch) -> None:
        if batch.affected and feed.guards:
            for part in batch.apart():
                self._deliver_to_all(feed, part)
                if part.affected:
                    self._shutting_out.take_rights(feed, part)
        else:
            self._deliver_to_all(feed, batch)

    def _deliver_to_all(self, feed: Feed, batch: Batch) -> None:
        for wire, live in feed.followers.live.items():
            if live and (buffer := wire.events(self._store.epoch, batch.first, batch.bodies)):
                self._fall_behind(feed, live, write_to_all(live, buffer))
        feed.advance(batch)

    def _signal(self, room: str, bodies: list[bytes]) -> int:
        """Send signals to live cursors. One that can't take them gets the newest once it has drained."""
        feed = self._feeds[room]
        watchers = 0
        for wire, live in feed.followers.live.items():
            if wire.takes_signals and live:
                watchers += len(live)
                self._fall_behind(feed, live, write_to_all(live, wire.signals(bodies)))
        return watchers

    def _fall_behind(self, feed: Feed, live: dict[Outlet, Cursor], behind: list[Outlet]) -> None:
        for outlet in behind:
            assert feed.head is not None
            self._catching_up.read_on(feed, live.pop(outlet), feed.head)
