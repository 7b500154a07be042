"""Bugs that can be sown into a server before it starts, each breaking one promise, to show that it shows.

Each is in a part that the server is given: nothing is patched, and types are checked, so that no part changes something that isn't there any more. `core_bugs` has those for a simulated node.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
from asyncpg import Connection
from typing_extensions import override

from hubbub.domain.facts import Accepted, Batch, Commit, Needs, Proposal
from hubbub.domain.live.presence import Attendance
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Post
from hubbub.server.engine.catching_up import CatchingUp
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.journal import Journal
from hubbub.server.engine.outlet import write_to_all
from hubbub.server.hub.hub import Hub
from hubbub.server.parts import Parts
from hubbub.server.people.door import Door
from hubbub.server.stores.base import LogPage, StoreFailed
from hubbub.server.stores.postgres.commits import PostgresCommits
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.postgres.writer import LockedRoom, PostgresWriter
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.writer import SqliteWriter
from tests.support.faulty import catching_up_by, keeping_no_keys, kinds_of, skipping, with_rule

WINDOW = 0.03  # seconds by which a race is widened, so that a kill falls into it

Sow = Callable[[Parts], Parts]
_bugs: dict[str, Sow] = {}


def sown(name: str, parts: Parts) -> Parts:
    """Return these parts with a bug in them."""
    return _bugs[name](parts)


def is_bug(name: str) -> bool:
    """Whether there is one of that name."""
    return name in _bugs


def bug(sow: Sow) -> Sow:
    """Register what can be sown."""
    _bugs[sow.__name__] = sow
    return sow


@bug
def acknowledge_before_commit(parts: Parts) -> Parts:
    """The answers go out when it is decided what to write; events are delivered after the commit."""
    hasty: list[Callable[[Commit], object]] = []

    class Hasty(Journal):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            hasty.append(self.answer_now)

        @override
        def _take(self) -> Any:
            self.taken = super()._take()
            return list(self.taken)

        def answer_now(self, commit: Commit) -> None:
            super()._answer(self.taken, commit)

        @override
        def _answer(self, _: Any, commit: Commit) -> list[Batch]:
            return commit.batches

    early = _when_decided(lambda commit: hasty[0](commit))  # noqa: PLW0108 - there is none yet
    return replace(parts, journal=Hasty, kind_of=early)


@bug
def deliver_before_commit(parts: Parts) -> Parts:
    """Events are delivered when it is decided what to write; answers go out after the commit."""
    fanouts: list[FanOut] = []

    class Remembered(FanOut):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            fanouts.append(self)

    early = _when_decided(lambda commit: fanouts[0].deliver(commit.batches))
    return replace(parts, fanout=Remembered, kind_of=early)


def _when_decided(act: Callable[[Commit], object]) -> Any:
    """Return stores that act on a commit in the loop's thread, a little before it is made durable."""

    class Early(SqliteStore):
        @override
        def commit(self, proposals: Sequence[Proposal], at: str) -> "asyncio.Future[Commit]":
            loop = asyncio.get_running_loop()

            def commit(writer: SqliteWriter) -> Commit:
                with writer._transaction:
                    decided = writer._decide(proposals, at)
                    loop.call_soon_threadsafe(act, decided)
                    time.sleep(WINDOW)
                return decided

            return self._write(commit)

    class EarlyCommits(PostgresCommits):
        @override
        async def _write(self, *args: Any) -> Commit:
            decided = await super()._write(*args)
            act(decided)
            await asyncio.sleep(WINDOW)
            return decided

    return kinds_of(Early, _committing_by(EarlyCommits))


def _committing_by(
    commits: type[PostgresCommits], over: type[PostgresStore] = PostgresStore
) -> type[PostgresStore]:
    class Faulty(over):  # type: ignore[valid-type,misc]
        @override
        async def _open(self, connection: Connection, *args: Any) -> None:
            await super()._open(connection, *args)
            its = (self._begin, self._rules, self.epoch)
            self._commits = commits(self.connect, connection, *its)

    return Faulty


@bug
def resume_one_too_late(parts: Parts) -> Parts:
    """Reading on leaves the first missed event out."""
    return _reading_from(parts, 1)


@bug
def resume_one_too_early(parts: Parts) -> Parts:
    """Reading on gives the last seen event again."""
    return _reading_from(parts, -1)


def _reading_from(parts: Parts, shift: int) -> Parts:
    class Shifted(SqliteStore):
        @override
        async def read(self, room: str, after: int, upto: int) -> LogPage:
            return await super().read(room, max(after + shift, 0), upto)

    return replace(parts, kind_of=kinds_of(Shifted))


@bug
def post_again_on_retry(parts: Parts) -> Parts:
    """No client_message_id is kept; and answers are slow, so that kills leave some unknown."""

    def forgetful(wanted: Needs, _: Principal, __: Post) -> None:
        wanted.posts.clear()

    rules = with_rule(keeping_no_keys(parts.rules), Post, needs=forgetful)
    return _answering_slowly(replace(parts, rules=rules))


def _answering_slowly(parts: Parts) -> Parts:
    """Let some time pass between a commit and its answers."""

    class Slow(SqliteStore):
        @override
        def commit(self, proposals: Sequence[Proposal], at: str) -> "asyncio.Future[Commit]":
            def commit(writer: SqliteWriter) -> Commit:
                committed = writer.commit(proposals, at)
                time.sleep(WINDOW)
                return committed

            return self._write(commit)

    return replace(parts, kind_of=kinds_of(Slow))


@bug
def leave_numbers_out(parts: Parts) -> Parts:
    """As a database's own sequence does: what is taken and not used is gone."""
    return replace(parts, rules=skipping(parts.rules, lambda seq: seq % 50 == 0))


@bug
def deliver_twice_after_reading_on(parts: Parts) -> Parts:
    """One that has caught up from memory is written the last batch again."""

    class Forgetful(CatchingUp):
        @override
        async def _catch_up(self, feed: Feed, cursor: Cursor) -> None:
            await super()._catch_up(feed, cursor)
            if feed.head and cursor.task is None:
                page = await self._store.read(feed.room, feed.head - 1, feed.head)
                cursor.outlet.write(cursor.wire.events(self._store.epoch, feed.head, page.bodies))

    return replace(parts, fanout=catching_up_by(Forgetful))


@bug
def drop_what_a_slow_reader_cannot_take(parts: Parts) -> Parts:
    """One that can't keep up stays live, and misses what it could not take."""

    class Careless(FanOut):
        @override
        def _fall_behind(self, *_: Any) -> None:
            """Go on."""

    return replace(parts, fanout=Careless)


@bug
def queue_without_bound(parts: Parts) -> Parts:
    """All is queued for one that reads nothing."""

    class Boundless(FanOut):
        @override
        def _deliver_to_all(self, feed: Feed, batch: Batch) -> None:
            for wire, live in feed.followers.live.items():
                if buffer := wire.events(self._store.epoch, batch.first, batch.bodies):
                    for outlet in write_to_all(live, buffer):
                        outlet.append(buffer)
            feed.advance(batch)

    return replace(parts, fanout=Boundless)


@bug
def acknowledge_what_failed(parts: Parts) -> Parts:
    """A commit that failed is answered as if it had not."""

    class Hopeful(Journal):
        @override
        async def _outcome(self, committing: "asyncio.Future[Commit]", taken: Any) -> Commit:
            try:
                return await committing
            except StoreFailed:
                return Commit([Accepted(1, "now")] * len(taken), [])

    return replace(parts, journal=Hopeful)


@bug
def stop_before_answering(parts: Parts) -> Parts:
    """The connections are closed while commits are still under way; and answers are slow, so that one nearly always is."""

    class Hasty(Hub):
        @override
        async def stop(self) -> None:
            self.reading.stop()

    return _answering_slowly(replace(parts, hub=Hasty))


@bug
def break_the_door(parts: Parts) -> Parts:
    """It no longer finds out who may not stay, by a fault that nobody expects."""

    class Stuck(Door):
        @override
        def review(self) -> None:
            raise LookupError("the door is stuck")

    return replace(parts, door=Stuck)


@bug
def small_cache_of_what_is_read(parts: Parts) -> Parts:
    """No bug, but memory that a test of what else grows would have to allow for: a reader's cache may fill 16 MB."""

    class Small(SqliteStore):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self._read_only.execute("PRAGMA cache_size = -1000")

    return replace(parts, kind_of=kinds_of(Small))


# --- of several nodes ---


def _losing_some_commits() -> type[PostgresStore]:
    """Each seventh commit's connection is cut right before it: no bug, but what shows some."""
    count = itertools.count(1)

    class Cut(Connection):  # type: ignore[misc]
        @override
        async def execute(self, query: str, *args: Any, **more: Any) -> Any:
            if query == "COMMIT" and next(count) % 7 == 0:
                self.terminate()
                raise ConnectionResetError("cut")
            return await super().execute(query, *args, **more)

    class Losing(PostgresStore):
        @override
        async def connect(self) -> Connection:
            return await asyncpg.connect(self._dsn, connection_class=Cut, **self._options)

    return Losing


@bug
def forget_nobody(parts: Parts) -> Parts:
    """Who was on a node that crashed stays in the room."""

    class Clinging(Attendance):
        @override
        def expire(self, now: float) -> bool:
            return False

    class Unforgetting(FanOut):
        @override
        def _open(self, room: str) -> Feed:
            feed = super()._open(room)
            feed.signals.attendance = Clinging(room)
            return feed

    return replace(parts, fanout=Unforgetting)


@bug
def ignore_a_gap(parts: Parts) -> Parts:
    """What another node committed is delivered at once, whatever lies between."""

    class Careless(FanOut):
        @override
        def _deliver_in_order(self, feed: Feed, batch: Batch) -> None:
            if feed.head is None or batch.last > feed.head:
                self._deliver_next(feed, batch)

    return replace(parts, fanout=Careless)


@bug
def trust_a_lost_commit(parts: Parts) -> Parts:
    """A commit whose answer was lost is taken for done."""

    class Trusting(PostgresCommits):
        @override
        async def _was_committed(self, _: Commit) -> bool:
            return True

    stores = _committing_by(Trusting, _losing_some_commits())
    return replace(parts, kind_of=kinds_of(postgres=stores))


@bug
def numbers_from_a_sequence(parts: Parts) -> Parts:
    """Numbers that were given out once are not given again, although their commit failed."""

    class Ahead(PostgresWriter):
        @override
        async def lock(self, names: Iterable[str]) -> dict[str, LockedRoom]:
            rooms = await super().lock(names)
            for name, (room_id, head) in list(rooms.items()):
                sequence = f"hubbub.numbers_{room_id}"
                await self._connection.execute(f"CREATE SEQUENCE IF NOT EXISTS {sequence}")
                given = await self._connection.fetchval(
                    f"SELECT last_value * is_called::int FROM {sequence}"
                )
                rooms[name] = LockedRoom(room_id, head._replace(seq=max(head.seq, given)))
            return rooms

        @override
        async def write(self, proposals: Sequence[Proposal], at: str) -> Commit:
            commit = await super().write(proposals, at)
            for batch in commit.batches:
                sequence = f"hubbub.numbers_{self._rooms[batch.room].id}"
                await self._connection.execute(f"SELECT setval('{sequence}', {batch.last})")
            return commit

    class Numbering(PostgresCommits):
        @override
        def _writer(self, connection: Connection) -> PostgresWriter:
            return Ahead(connection, self._rules, self._epoch, self._known)

    stores = _committing_by(Numbering, _losing_some_commits())
    return replace(parts, kind_of=kinds_of(postgres=stores))
