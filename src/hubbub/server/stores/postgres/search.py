"""The index of messages in PostgreSQL: a `tsvector` for each, made of the same terms as in SQLite, and with their numbers as positions."""

import time
from collections.abc import Sequence

import asyncpg
from asyncpg import Connection

from hubbub.domain.search.query import Phrase
from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.rows import message
from hubbub.server.stores.search import (
    FEW_ROOMS,
    SECONDS,
    IndexEntry,
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
POSITIONS = 255  # of one term that a tsvector keeps
SCRUB_EVERY = 86_400  # seconds, at most
LONGEST_SCRUB = 3_600.0  # seconds


async def add(connection: Connection, room: str, after: int, upto: int) -> None:
    """Put in messages, in a transaction; see `Store.index`."""
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {MAX_IDLE}")
    ids: dict[str, int] = dict(await connection.fetch(Q.room_ids, [room, parent_of(room)]))
    if room not in ids:
        return
    log = ids[room]
    place = ids.get(parent_of(room), log)
    rows = await connection.fetch(Q.missing, log, after, upto)
    entries = [
        entry_of(place, log, room, message(seq, posted, edited, [])) for seq, posted, edited in rows
    ]
    for _ in range(MOST_PLACES):
        if not entries:
            return
        columns = [[each.id for each in entries], place, log, [each.seq for each in entries]]
        added = await connection.fetch(Q.add, *columns, [_vector(each) for each in entries])
        held = {seq for (seq,) in added}
        entries = [each._replace(id=each.id + 1) for each in entries if each.seq not in held]
        seqs = [each.seq for each in entries]
        others = {seq for (seq,) in await connection.fetch(Q.held, log, seqs)} if entries else set()
        entries = [each for each in entries if each.seq not in others]
    raise StoreFailed(f"PostgreSQL: no place in the index for messages of {room}")


async def find(connection: Connection, wanted: WantedMessages) -> list[IndexPlace]:
    """Return messages, in a transaction; see `Store.search`."""
    await connection.execute(f"SET LOCAL statement_timeout = {round(SECONDS * 1000)}")
    try:
        rooms = await _rooms(connection, wanted)
        if not rooms:
            return []
        match = _match(wanted, rooms)
        query = Q.find.format(match="terms @@ $5::text::tsquery" if match else "$5::text = ''")
        given = wanted.low, wanted.high, wanted.limit, rooms, match
        found = await connection.fetch(query, *given, "pinned" in wanted.query.of_kind)
    except asyncpg.QueryCanceledError:
        raise TooSlow from None
    return [IndexPlace(*row) for row in found]


async def faults(
    connection: Connection, room: str, after: int, upto: int, messages: Sequence[Message]
) -> list[IndexFault]:
    """Compare the index with messages; see `Tables.index_faults`."""
    ids: dict[str, int] = dict(await connection.fetch(Q.room_ids, [room, parent_of(room)]))
    log = ids[room]
    entries = [entry_of(ids.get(parent_of(room), log), log, room, each) for each in messages]
    expected = [each.seq for each in entries], [_vector(each) for each in entries]
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


async def _rooms(connection: Connection, wanted: WantedMessages) -> list[int]:
    """Return the ids of the rooms in question."""
    if wanted.rooms is None:
        return [i for (i,) in await connection.fetch(Q.readable, wanted.reader, time.time())]
    return [i for _, i in await connection.fetch(Q.room_ids, list(wanted.rooms))]


def _match(wanted: WantedMessages, rooms: list[int]) -> str:
    """Return what messages must match as a tsquery."""
    tags = tags_of(wanted, rooms if len(rooms) <= FEW_ROOMS else ())
    parts = [*map(_phrase, wanted.query.phrases)]
    parts += ["({})".format(" | ".join(map(_quoted, each))) for each in tags]
    return " & ".join(parts)


def _phrase(phrase: Phrase) -> str:
    return "({}{})".format(" <-> ".join(map(_quoted, phrase.terms)), ":*" * phrase.is_prefix)


def _vector(entry: IndexEntry) -> str:
    """Return terms as a tsvector."""
    places: dict[str, list[int]] = {}
    for number, term in enumerate(entry.terms, 1):
        places.setdefault(term, []).append(number)
    terms = [
        "{}:{}".format(_quoted(term), ",".join(map(str, at[:POSITIONS])))
        for term, at in places.items()
    ]
    return " ".join([*terms, *map(_quoted, entry.tags)])


def _quoted(term: str) -> str:
    """Return a term for a tsvector or a tsquery, in which it can be nothing else."""
    return "'{}'".format(term.replace("\\", "\\\\").replace("'", "''"))
