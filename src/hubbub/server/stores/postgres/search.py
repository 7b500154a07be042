"""The index of messages in PostgreSQL: a row for each, with the same terms as in SQLite, and a GIN index of these.

GIN knows neither order nor where terms stand. So what is frequent is found by looking at the newest rows, and phrases in these.
"""

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
    IndexPlace,
    TooSlow,
    WantedMessages,
    entry_of,
    tags_of,
)
from hubbub.server.stores.tables import IndexFault

Q = queries.load("postgres_search")

MAX_IDLE = 5_000  # milliseconds for which a node that has stalled can hold messages up
MOST_PLACES = 1_000  # to try for a message
SCRUB_EVERY = 86_400  # seconds, at most
LONGEST_SCRUB = 3_600.0  # seconds
TAGGED_ROOMS = 64  # of up to so many, the index is asked by tag
WALKS = (256, 2_048, 8_192)  # how many of the newest messages to look at, one walk after the other
# Plans that are made without the values, and kept, know nothing of how frequent a word is, and sort all that match.
_PLANS = "SET LOCAL plan_cache_mode = force_custom_plan"
_LIMIT = "SET LOCAL statement_timeout = {milliseconds}"


async def add(connection: Connection, room: str, after: int, upto: int) -> None:
    """Put in messages, in a transaction; see `Store.index`."""
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {MAX_IDLE}")
    ids: dict[str, int] = dict(await connection.fetch(Q.room_ids, [room, parent_of(room)]))
    if room not in ids:
        return
    log = ids[room]
    place = ids.get(parent_of(room), log)
    outer = None if place == log else place
    rows = await connection.fetch(Q.missing, log, after, upto)
    entries = [
        entry_of(place, log, room, message(seq, posted, edited, [])) for seq, posted, edited in rows
    ]
    for _ in range(MOST_PLACES):
        if not entries:
            return
        columns = [[each.id for each in entries], outer, log, [each.seq for each in entries]]
        added = await connection.fetch(Q.add, *columns, [each.document for each in entries])
        held = {seq for (seq,) in added}
        entries = [each._replace(id=each.id + 1) for each in entries if each.seq not in held]
        seqs = [each.seq for each in entries]
        others = {seq for (seq,) in await connection.fetch(Q.held, log, seqs)} if entries else set()
        entries = [each for each in entries if each.seq not in others]
    raise StoreFailed(f"PostgreSQL: no place in the index for messages of {room}")


class _Asking:
    """The statements of one search, in a transaction: all of them together may take `SECONDS`."""

    def __init__(self, connection: Connection, now: Callable[[], float]) -> None:
        self._connection = connection
        self._now = now
        self._until = now() + SECONDS

    async def fetch(self, query: str, *given: object) -> Sequence[Sequence[Any]]:
        """Return rows. Raises TooSlow, and QueryCanceledError if the database has noticed it first."""
        left = round((self._until - self._now()) * 1000)
        if left <= 0:  # which would be no limit
            raise TooSlow
        await self._connection.execute(_LIMIT.format(milliseconds=left))
        found: Sequence[Sequence[Any]] = await self._connection.fetch(query, *given)
        return found


async def find(
    connection: Connection, wanted: WantedMessages, now: Callable[[], float] = time.monotonic
) -> list[IndexPlace]:
    """Return messages, in a transaction; see `Store.search`. `now` gives seconds of a monotonic clock."""
    asking = _Asking(connection, now)
    try:
        await connection.execute(_PLANS)
        rooms = await _rooms(asking, wanted)
        found = await _find(asking, wanted, rooms) if rooms else []
    except asyncpg.QueryCanceledError:
        raise TooSlow from None
    return [IndexPlace(*row) for row in found]


async def _find(
    asking: _Asking, wanted: WantedMessages, rooms: list[int]
) -> Sequence[Sequence[Any]]:
    """Look at the newest messages one by one, as long as that goes well: GIN can only give all that match, without order."""
    in_rooms = Q.in_rooms if wanted.rooms is None else Q.in_threads
    pinned = Q.is_pinned if "pinned" in wanted.query.of_kind else ""
    parts = {"fits": Q.fits.format(in_rooms=in_rooms), "pinned": pinned}
    given = wanted.low, wanted.high, wanted.limit, rooms, *_patterns(wanted)
    found: Sequence[Sequence[Any]]
    for many in WALKS:
        found = await asking.fetch(Q.walk.format(**parts), *given, many)
        if len(found) == wanted.limit:
            return found
        if len(found) * WALKS[-1] < wanted.limit * many:
            break  # the last one would hardly find enough
    if match := _match(wanted, rooms):
        found = await asking.fetch(Q.jump.format(**parts), *given, match)
    else:
        found = await asking.fetch(Q.all.format(**parts), *given)
    return found


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


async def _rooms(asking: _Asking, wanted: WantedMessages) -> list[int]:
    """Return the ids of the rooms in question."""
    if wanted.rooms is None:
        ((ids,),) = await asking.fetch(Q.readable, wanted.reader, time.time())
        return [*ids]
    return [i for _, i in await asking.fetch(Q.room_ids, list(wanted.rooms))]


def _match(wanted: WantedMessages, rooms: list[int]) -> str:
    """Return what GIN is asked as a tsquery: the terms, wherever they stand, and tags."""
    tags = tags_of(wanted, rooms if len(rooms) <= TAGGED_ROOMS else ())
    parts = ["{}{}".format(_quoted(term), ":*" * is_prefix) for term, is_prefix in _terms(wanted)]
    parts += ["({})".format(" | ".join(map(_quoted, each))) for each in tags]
    return " & ".join(parts)


def _terms(wanted: WantedMessages) -> Iterator[tuple[str, bool]]:
    """Yield the terms of all phrases, and whether they are only the beginnings of terms."""
    for phrase in wanted.query.phrases:
        *before, last = phrase.terms
        yield from ((term, False) for term in before)
        yield last, phrase.is_prefix


def _patterns(wanted: WantedMessages) -> tuple[list[str], list[str]]:
    """Return patterns of LIKE: of documents with a space at each end, which must be like all of the first, and one of the second."""
    phrases = [
        "% {}{}%".format(" ".join(phrase.terms), "" if phrase.is_prefix else " ")
        for phrase in wanted.query.phrases
    ]
    sets = [[f"% {tag} %" for tag in tags] for tags in tags_of(wanted, ())]
    alone = [tags[0] for tags in sets if len(tags) == 1]
    return phrases + alone, next((tags for tags in sets if len(tags) > 1), ["%"])


def _quoted(term: str) -> str:
    """Return a term for a tsquery, in which it can be nothing else."""
    return "'{}'".format(term.replace("\\", "\\\\").replace("'", "''"))
