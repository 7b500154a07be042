"""Bugs that can be sown into a server before it starts, each breaking one promise, to show that it shows.

`sow("name")` patches the code of this process. Faults of the rules are faulty aspects, which the server is given.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import asyncpg

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted, Batch, Commit, Needs, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.live.presence import Attendance
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.protocol.messages import Post
from hubbub.server import serving, upkeep
from hubbub.server.app import running
from hubbub.server.engine import signals
from hubbub.server.engine.catching_up import CatchingUp
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Door
from hubbub.server.stores.base import LogPage, StoreFailed
from hubbub.server.stores.postgres.commits import PostgresCommits
from hubbub.server.stores.postgres.writer import LockedRoom, PostgresWriter
from hubbub.server.stores.sqlite import store as sqlite_store
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.writer import SqliteWriter
from hubbub.server.transports.socket_outlet import SocketOutlet
from tests.support.faulty import keeping_no_keys, skipping, with_rule

WINDOW = 0.03  # seconds by which a race is widened, so that a kill falls into it

Sow = Callable[[], None]
_bugs: dict[str, Sow] = {}


def sow(name: str) -> None:
    """Sow a bug by its name."""
    _bugs[name]()


def is_bug(name: str) -> bool:
    """Whether there is one of that name."""
    return name in _bugs


def bug(sow: Sow) -> Sow:
    """Register what can be sown."""
    _bugs[sow.__name__] = sow
    return sow


def put(owner: Any, **others: Any) -> None:
    """Put other methods or constants in the place of a class's or module's own."""
    for name, other in others.items():
        setattr(owner, name, other)


def rule_by(rules: Rules) -> None:
    """Give the server other rules."""
    put(serving, running=partial(running, rules=rules))


@bug
def acknowledge_before_commit() -> None:
    """The answers go out when it is decided what to write; events are delivered after the commit."""
    taken: list[Any] = []
    take = Journal._take

    def remember(self: Journal) -> Any:
        taken[:] = take(self)
        return list(taken)

    def answer_now(commit: Commit) -> None:
        for (_, answer, _), outcome in zip(taken, commit.answers, strict=True):
            answer(outcome)

    put(Journal, _take=remember)
    put(Journal, _answer=lambda *call: call[2].batches)
    _when_decided(lambda: answer_now)


@bug
def deliver_before_commit() -> None:
    """Events are delivered when it is decided what to write; answers go out after the commit."""
    fanouts: list[FanOut] = []
    begin = FanOut.__init__

    def remember(self: FanOut, *args: Any) -> None:
        begin(self, *args)
        fanouts.append(self)

    put(FanOut, __init__=remember)
    _when_decided(lambda: lambda commit: fanouts[0].deliver(commit.batches))


def _when_decided(act: Callable[[], Callable[[Commit], None]]) -> None:
    """Act on a commit in the loop's thread, a little before it is made durable."""
    loops: list[asyncio.AbstractEventLoop] = []
    begin = Journal.__init__

    def remember(self: Journal, *args: Any) -> None:
        begin(self, *args)
        loops.append(asyncio.get_running_loop())

    def commit(self: SqliteWriter, proposals: list[Proposal], at: str) -> Commit:
        with self._transaction:
            wanted = self._rules.needs(proposals)
            ledger = Ledger(self._rules, wanted, self._facts(wanted), at)
            decided = ledger.decide(proposals)
            self._write(ledger)
            loops[0].call_soon_threadsafe(act(), decided)
            time.sleep(WINDOW)
        return decided

    write = PostgresWriter.write

    async def write_slowly(self: PostgresWriter, proposals: list[Proposal], at: str) -> Commit:
        decided = await write(self, proposals, at)
        act()(decided)
        await asyncio.sleep(WINDOW)
        return decided

    put(Journal, __init__=remember)
    put(SqliteWriter, commit=commit)
    put(PostgresWriter, write=write_slowly)


@bug
def resume_one_too_late() -> None:
    """Reading on leaves the first missed event out."""
    read = SqliteReader.read
    put(SqliteReader, read=lambda self, room, after, upto: read(self, room, after + 1, upto))


@bug
def resume_one_too_early() -> None:
    """Reading on gives the last seen event again."""
    read = SqliteReader.read

    def too_early(self: SqliteReader, room: str, after: int, upto: int) -> LogPage:
        return read(self, room, max(after - 1, 0), upto)

    put(SqliteReader, read=too_early)


@bug
def post_again_on_retry() -> None:
    """No client_message_id is kept; and answers are slow, so that kills leave some unknown."""

    def forgetful(wanted: Needs, _: Principal, __: Post) -> None:
        wanted.posts.clear()

    rule_by(with_rule(keeping_no_keys(RULES), Post, needs=forgetful))
    _answer_slowly()


def _answer_slowly() -> None:
    """Let some time pass between a commit and its answers."""
    commit = SqliteWriter.commit

    def slow(self: SqliteWriter, *args: Any) -> Commit:
        committed = commit(self, *args)
        time.sleep(WINDOW)
        return committed

    put(SqliteWriter, commit=slow)


@bug
def leave_numbers_out() -> None:
    """As a database's own sequence does: what is taken and not used is gone."""
    rule_by(skipping(RULES, lambda seq: seq % 50 == 0))


@bug
def deliver_twice_after_reading_on() -> None:
    """One that has caught up from memory is written the last batch again."""
    catch_up = CatchingUp._catch_up

    async def forgetful(self: CatchingUp, feed: Feed, cursor: Cursor) -> None:
        await catch_up(self, feed, cursor)
        if feed.head and cursor.task is None:
            page = await self._store.read(feed.room, feed.head - 1, feed.head)
            cursor.outlet.write(cursor.wire.events(self._store.epoch, feed.head, page.bodies))

    put(CatchingUp, _catch_up=forgetful)


@bug
def drop_what_a_slow_reader_cannot_take() -> None:
    """One that can't keep up stays live, and misses what it could not take."""
    put(FanOut, _fall_behind=lambda *_: None)


@bug
def queue_without_bound() -> None:
    """All is queued for one that reads nothing."""
    put(SocketOutlet, has_room_for=lambda *_: True)


@bug
def acknowledge_what_failed() -> None:
    """A commit that failed is answered as if it had not."""

    async def hopeful(_: Journal, committing: "asyncio.Future[Commit]", taken: Any) -> Commit:
        try:
            return await committing
        except StoreFailed:
            return Commit([Accepted(1, "now")] * len(taken), [])

    put(Journal, _outcome=hopeful)


@bug
def stop_before_answering() -> None:
    """The connections are closed while commits are still under way; and answers are slow, so that one nearly always is."""

    async def hasty(self: Hub) -> None:
        self.reading.stop()

    put(Hub, stop=hasty)
    _answer_slowly()


@bug
def break_the_door() -> None:
    """It no longer finds out who may not stay, by a fault that nobody expects."""

    def review(*_: object) -> None:
        raise LookupError("the door is stuck")

    put(Door, review=review)


@bug
def small_cache_of_what_is_read() -> None:
    """No bug, but memory that a test of what else grows would have to allow for: a reader's cache may fill 16 MB."""
    put(sqlite_store, READER_CACHE_KIB=1000)


# --- of several nodes ---


def lose_some_commits() -> None:
    """Each seventh commit's connection is cut right before it: no bug, but what shows some."""
    execute = asyncpg.Connection.execute
    count = itertools.count(1)

    async def cut(self: asyncpg.Connection, sql: str, *values: object, **more: object) -> object:
        if sql == "COMMIT" and next(count) % 7 == 0:
            self.terminate()
            raise ConnectionResetError("cut")
        return await execute(self, sql, *values, **more)

    put(asyncpg.Connection, execute=cut)


@bug
def short_leases() -> None:
    """No bug, but patience that a test has not: nodes remind each other often, and forget soon."""
    put(signals, LEASE=4.0)
    put(upkeep, REMIND_EVERY=1.0)


@bug
def forget_nobody() -> None:
    """Who was on a node that crashed stays in the room."""
    put(Attendance, expire=lambda *_: None)


@bug
def ignore_a_gap() -> None:
    """What another node committed is delivered at once, whatever lies between."""

    def careless(self: FanOut, feed: Feed, batch: Batch) -> None:
        if feed.head is None or batch.last > feed.head:
            self._deliver_next(feed, batch)

    put(FanOut, _deliver_in_order=careless)


@bug
def trust_a_lost_commit() -> None:
    """A commit whose answer was lost is taken for done."""

    async def trusting(*_: object) -> bool:
        return True

    lose_some_commits()
    put(PostgresCommits, _was_committed=trusting)


@bug
def numbers_from_a_sequence() -> None:
    """Numbers that were given out once are not given again, although their commit failed."""
    lock, write = PostgresWriter.lock, PostgresWriter.write

    async def ahead(self: PostgresWriter, names: Iterable[str]) -> dict[str, LockedRoom]:
        rooms = await lock(self, names)
        for name, (room_id, head) in list(rooms.items()):
            sequence = f"hubbub.numbers_{room_id}"
            await self._connection.execute(f"CREATE SEQUENCE IF NOT EXISTS {sequence}")
            given = await self._connection.fetchval(
                f"SELECT last_value * is_called::int FROM {sequence}"
            )
            rooms[name] = LockedRoom(room_id, head._replace(seq=max(head.seq, given)))
        return rooms

    async def remembered(self: PostgresWriter, *args: Any) -> Commit:
        commit = await write(self, *args)
        for batch in commit.batches:
            sequence = f"hubbub.numbers_{self._rooms[batch.room].id}"
            await self._connection.execute(f"SELECT setval('{sequence}', {batch.last})")
        return commit

    lose_some_commits()
    put(PostgresWriter, lock=ahead, write=remembered)
