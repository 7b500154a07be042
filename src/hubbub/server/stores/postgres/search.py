"""The index of messages in PostgreSQL: a row for each, with the same terms as in SQLite, and a GIN index of these.

GIN knows neither order nor where terms stand. So what is frequent is found by looking at the newest rows: of all rooms, or of each room if
the search is in few. Phrases are compared in the rows.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import asyncpg
from asyncpg import Connection

from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.rows import message
from hubbub.server.stores.search import (
    SECONDS,
    IndexEntry,
    IndexPlace,
    TooSlow,
    WantedMessages,
    entry_of,
    reached,
    tags_of,
)
from hubbub.server.stores.tables import IndexFault

Q = queries.load("postgres_search")

MAX_IDLE = 5_000  # milliseconds for which a node that has stalled can hold messages up
MOST_PLACES = 1_000  # to try for a message
SCRUB_EVERY = 86_400  # seconds, at most
LONGEST_SCRUB = 3_600.0  # seconds
FEW_ROOMS = 64  # each of which is looked at; beyond, hits are asked for first, and not rooms
UNCHECKED = 2  # times as many hits as are wanted, where some may not be readable
WALKS = (256, 2_048, 8_192)  # how many of the newest messages to look at, one walk after the other
WALKS_IN_FEW = (512, 4_096)  # the same, of all of a few rooms together
LEAST = 8  # to look at in each of these
HEADROOM = 10  # milliseconds by which a limit may be too long
# Plans that are made without the values, and kept, know nothing of how frequent a word is, and sort all that match.
_PLANS = "SET LOCAL plan_cache_mode = force_custom_plan; "
_LIMIT = "SET LOCAL statement_timeout = {milliseconds}"


async def add(connection: Connection, room: str, after: int, upto: int) -> int:
    """Put in messages, in a transaction; see `MessageIndex.index`."""
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {MAX_IDLE}")
    ids: dict[str, int] = dict(await connection.fetch(Q.room_ids, [room, parent_of(room)]))
    if room not in ids:
        return upto
    log = ids[room]
    upto = reached(await connection.fetch(Q.sizes, log, after, upto), upto)
    place = ids.get(parent_of(room), log)
    outer = None if place == log else place
    rows = await connection.fetch(Q.missing, log, after, upto)
    entries = await asyncio.to_thread(_entries, place, log, room, rows)  # which takes long
    for _ in range(MOST_PLACES):
        if not entries:
            return upto
        columns = [[each.id for each in entries], outer, log, [each.seq for each in entries]]
        added = await connection.fetch(Q.add, *columns, [each.document for each in entries])
        held = {seq for (seq,) in added}
        entries = [each._replace(id=each.id + 1) for each in entries if each.seq not in held]
        seqs = [each.seq for each in entries]
        others = {seq for (seq,) in await connection.fetch(Q.held, log, seqs)} if entries else set()
        entries = [each for each in entries if each.seq not in others]
    raise StoreFailed(f"PostgreSQL: no place in the index for messages of {room}")


def _entries(outer: int, log: int, room: str, rows: list[Any]) -> list[IndexEntry]:
    return [
        entry_of(outer, log, room, message(seq, posted, edited, [])) for seq, posted, edited in rows
    ]


class _Asking:
    """The statements of one search, in a transaction: all of them together may take `SECONDS`, and hardly longer."""

    def __init__(self, connection: Connection, now: Callable[[], float]) -> None:
        self._connection = connection
        self._now = now
        self._until = now() + SECONDS
        self._limit: int | None = None  # in milliseconds, of each statement

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return self._until - self._now()

    async def fetch(self, query: str, *given: object) -> list[Any]:
        """Return rows. Raises TooSlow, and QueryCanceledError if the database has noticed it first."""
        left = round(self.left * 1000)
        if left <= 0:  # which would be no limit
            raise TooSlow
        if self._limit is None or left + HEADROOM < self._limit:
            plans = _PLANS if self._limit is None else ""
            await self._connection.execute(plans + _LIMIT.format(milliseconds=left))
            self._limit = left
        found: list[Any] = await self._connection.fetch(query, *given)
        return found


class _Statement:
    """SQL that is put together of parts, and the values in it."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def value(self, value: object) -> str:
        """Return what stands for a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def fits(self, wanted: WantedMessages) -> str:
        """Return the condition that a message has all phrases, and one of each set of tags."""
        phrases = [
            [" {}{}".format(" ".join(phrase.terms), "" if phrase.is_prefix else " ")]
            for phrase in wanted.query.phrases
        ]
        sets = phrases + [[f" {tag} " for tag in tags] for tags in tags_of(wanted, ())]
        each = ((Q.has.format(text=self.value(text)) for text in texts) for texts in sets)
        return " AND ".join(f"({' OR '.join(alternatives)})" for alternatives in each) or "true"


class _Look:
    """A look for messages: in rooms or, if there are none, everywhere, to see afterwards what may be read.

    Rows have places, rooms, numbers, and whether they may be read.
    """

    def __init__(
        self,
        asking: _Asking,
        wanted: WantedMessages,
        rooms: list[int] | None = None,
        named: list[int] | None = None,
    ) -> None:
        """`named` are those of the rooms and their threads that are asked for by their names."""
        self._asking = asking
        self._wanted = wanted
        self._rooms = rooms
        self._named = named
        self._are_few = rooms is not None and len(rooms) <= FEW_ROOMS

    async def find(self) -> list[Any]:
        """Return rows. Looks at messages one by one, as long as that goes well: GIN can only give all that match, without order."""
        if "pinned" in self._wanted.query.of_kind:
            return await self._ask(Q.pinned)
        walks = WALKS_IN_FEW if self._are_few else WALKS
        for many in walks:
            before = self._asking.left
            found, are_all = await self._walk(many)
            if are_all or _readable(found) >= self._wanted.limit:
                return found
            more, left = walks[-1] / many, self._asking.left
            if len(found) * more < self._wanted.limit or (before - left) * more > left / 2:
                break  # the last one would hardly find enough, or take too long since messages are long
        match = self._match()
        return await (self._ask(Q.jump, match=match) if match else self._ask(Q.all))

    async def _walk(self, many: int) -> tuple[list[Any], bool]:
        """Return what is found among so many messages, and whether there is no more."""
        if not self._are_few:
            return await self._ask(Q.walk, many=many), False
        assert self._rooms is not None
        each = max(many // len(self._rooms), LEAST)
        rows = await self._ask(Q.walk_in_each, many=each, rooms=self._rooms)
        return [(*hit, True) for *hit, _ in rows if hit[0] is not None], rows[0][-1] is None

    async def _ask(self, query: str, **given: object) -> list[Any]:
        wanted, statement = self._wanted, _Statement()
        value = statement.value
        may, limit = "true", wanted.limit
        if self._rooms is None:
            may = Q.is_readable.format(reader=value(wanted.reader), now=value(time.time()))
            limit *= UNCHECKED
        fits = statement.fits(wanted)
        if self._named is not None:
            fits = Q.fits_in.format(rooms=Q.in_threads.format(value(self._named)), fits=fits)
        elif self._rooms is not None and query != Q.walk_in_each:  # which only looks there
            fits = Q.fits_in.format(rooms=Q.in_rooms.format(value(self._rooms)), fits=fits)
        parts = {name: value(each) for name, each in given.items()}
        bounds = {"low": value(wanted.low), "high": value(wanted.high), "limit": value(limit)}
        sql = query.format(fits=fits, may=may, **bounds, **parts)
        return await self._asking.fetch(sql, *statement.values)

    def _match(self) -> str:
        """Return what GIN is asked as a tsquery: the terms, wherever they stand, and tags."""
        rooms = self._named or (self._rooms if self._are_few else None)
        parts = ["{}{}".format(_quoted(t), ":*" * is_prefix) for t, is_prefix in self._terms()]
        tags = tags_of(self._wanted, rooms or ())
        parts += ["({})".format(" | ".join(map(_quoted, each))) for each in tags]
        return " & ".join(parts)

    def _terms(self) -> Iterator[tuple[str, bool]]:
        """Yield the terms of all phrases, and whether they are only the beginnings of terms."""
        for phrase in self._wanted.query.phrases:
            *before, last = phrase.terms
            yield from ((term, False) for term in before)
            yield last, phrase.is_prefix


async def find(
    connection: Connection, wanted: WantedMessages, now: Callable[[], float]
) -> list[IndexPlace]:
    """Return messages, in a transaction; see `Store.search`. `now` gives seconds of a monotonic clock."""
    try:
        found = await _find(_Asking(connection, now), wanted)
    except asyncpg.QueryCanceledError:
        raise TooSlow from None
    return [IndexPlace(*place) for *place, may in found if may][: wanted.limit]


async def _find(asking: _Asking, wanted: WantedMessages) -> list[Any]:
    """Look in the rooms in question. To list a thousand rooms takes longer than to ask whether the newest hits may be read."""
    if wanted.rooms is not None:
        around = {each: parent_of(each) for each in wanted.rooms}
        ids: dict[str, int] = dict(await asking.fetch(Q.room_ids, [*around, *around.values()]))
        named = [ids[each] for each in around if each in ids]
        within = {ids.get(outer, ids[each]) for each, outer in around.items() if each in ids}
        return await _Look(asking, wanted, sorted(within), named).find() if named else []
    reader, most = (wanted.reader, time.time()), 2 * FEW_ROOMS + 2
    some = await asking.fetch(Q.some_rooms, *reader, most)
    if len(some) == most:  # and each of them at most twice
        near = await _Look(asking, wanted).find()
        if len(near) < UNCHECKED * wanted.limit or _readable(near) >= wanted.limit:
            return near
        some = await asking.fetch(Q.readable, *reader)
    rooms = sorted({id_ for (id_,) in some})
    return await _Look(asking, wanted, rooms).find() if rooms else []


async def faults(
    connection: Connection, room: str, after: int, upto: int, messages: Sequence[Message]
) -> list[IndexFault]:
    """Compare the index with messages; see `Tables.index_faults`."""
    ids: dict[str, int] = dict(await connection.fetch(Q.room_ids, [room, parent_of(room)]))
    log = ids[room]
    entries = [entry_of(ids.get(parent_of(room), log), log, room, each) for each in messages]
    expected = [each.seq for each in entries], [each.document for each in entries]
    rows = await connection.fetch(Q.faults, log, after, upto, *expected)
    return [
        IndexFault(seq, "missing" if is_missing else "surplus" if is_surplus else "wrong")
        for seq, is_missing, is_surplus in rows
    ]


async def scrub(connection: Connection) -> None:
    """Take deleted words out of the file of the index, at most once a day, while it is used; see `Store.scrub`."""
    now = round(time.time())
    gone = await connection.fetchval(Q.claim, now, SCRUB_EVERY)
    if gone is not None:  # and no other node does it
        for statement in (Q.drop_unfinished, Q.make_again, Q.vacuum):
            await connection.execute(statement, timeout=LONGEST_SCRUB)
        await connection.execute(Q.scrubbed, now, gone)


def _quoted(term: str) -> str:
    """Return a term for a tsquery, in which it can be nothing else."""
    return "'{}'".format(term.replace("\\", "\\\\").replace("'", "''"))


def _readable(found: list[Any]) -> int:
    """Return how many of these may be read."""
    return [may for *_, may in found].count(True)
