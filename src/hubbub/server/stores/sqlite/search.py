"""The index of messages in SQLite: FTS5 without content, so what is taken out must be given once more as it was put in.

Which number a message has in it follows from the message; see `numbers`.
"""

import time
from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import apsw
import msgspec

from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.rows import message
from hubbub.server.stores.search import (
    FEW_ROOMS,
    SECONDS,
    IndexPlace,
    TooSlow,
    WantedMessages,
    entry_of,
    id_of,
    tags_of,
)
from hubbub.server.stores.sqlite.numbers import (
    KINDS,
    OFFSET_BITS,
    mark_of,
    numbers_of,
    place_of,
    placed_numbers,
    span_of,
    timed_numbers,
)
from hubbub.server.stores.sqlite.separators import mend
from hubbub.server.stores.worker import Worker

Q = queries.load("sqlite_search")

READERS = 2
MANY_ROOMS = 64  # beyond which hits are asked for first, and not rooms
STEPS_BETWEEN_LOOKS = 5_000  # of SQLite's virtual machine, at the clock
ALL = -1


class HeldMessage(NamedTuple):
    """A message that the index has: its number there, and what was put in."""

    id: int
    place: int
    log: int
    room: str
    message: Message


class SqliteEntries:
    """What the index holds, for the connection that writes. Belongs to a transaction of its owner."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._execute = database.execute

    def add(self, room: str, after: int, upto: int) -> None:
        """Put in messages; see `MessageIndex.add`."""
        log, place = (self._execute(Q.room_id, (name,)).get for name in (room, parent_of(room)))
        new: Any = self._execute(Q.new, {"log": log, "after": after, "upto": upto})
        entries = [
            entry_of(place, log, room, message(seq, posted, edited, []))
            for seq, posted, edited in new
        ]
        taken = self._under([entry.id for entry in entries])
        held = {*taken.values()}
        rows, documents = list[tuple[Any, ...]](), list[tuple[int, str]]()
        for entry in entries:
            row = None if place == log else place, log, mark_of(entry.id, entry.seq)
            if row not in held:
                number = next((n for n in numbers_of(entry.id) if n not in taken), None)
                if number is None:
                    raise StoreFailed(f"SQLite: no number in the index for a message of {room}")
                taken[number] = row
                rows.append((number, *row))
                documents.append((number, entry.document))
        if rows:
            self._execute(Q.begin, (room,))
        self._database.executemany(Q.add, rows)
        self._database.executemany(Q.add_terms, sorted(documents))  # or FTS5 writes each apart

    def forget(self, keys: Iterable[tuple[int, int]]) -> None:
        """Take out messages, given by the ids of their logs and their numbers. They must be as they were when they were put in."""
        rows: list[Any] = self._execute(Q.by_key, (_json([*keys]),)).fetchall()
        self.take_out(self._held(rows))

    def first(
        self, log: int, upto: int, looked: int = ALL, most: int | None = None
    ) -> tuple[list[HeldMessage], int]:
        """Return which messages of a log it holds, at most so many, and up to which number these are all. Of the log, the first `looked` are looked at."""
        rows: list[Any] = self._execute(Q.first, (log, upto, looked)).fetchall()
        held = self._held(rows)
        if most is not None and len(held) > most:
            return held[:most], held[most - 1].message.seq
        return held, rows[-1][2] if len(rows) == looked else upto

    def take_out(self, held: Sequence[HeldMessage]) -> None:
        """Take out these."""
        gone: set[str] = set()
        for each in held:
            entry = entry_of(each.place, each.log, each.room, each.message)
            self._execute(Q.drop_terms, (each.id, entry.document))
            self._execute(Q.drop, (each.id,))
            gone.update(entry.terms)
        if gone:
            mend(self._database, gone)

    def _held(self, rows: list[Any]) -> list[HeldMessage]:
        """Return which of these messages it has."""
        found = [
            (log, room, message(seq, posted, edited, [])) for log, room, seq, posted, edited in rows
        ]
        places = [id_of(room, each) for _, room, each in found]
        numbers = {
            (log, mark): (id_, log if outer is None else outer)
            for id_, (outer, log, mark) in self._under(places).items()
        }
        held = []
        for place, (log, room, each) in zip(places, found, strict=True):
            if at := numbers.get((log, mark_of(place, each.seq))):
                held.append(HeldMessage(*at, log, room, each))
        return held

    def _under(self, places: Sequence[int]) -> dict[int, tuple[int | None, int, int]]:
        """Return what it has under the numbers that messages at these places can have: the outer room if there is one, the log and the mark."""
        found: dict[int, tuple[int | None, int, int]] = {}
        for query, numbers in (
            (Q.called, timed_numbers(places)),
            (Q.called_between, placed_numbers(places)),
        ):
            rows: Any = self._execute(query, (_json(numbers),))
            found |= {number: (outer, log, mark) for number, outer, log, mark in rows}
        return found


class SqliteSearch:
    """Looks in the index, in threads and over connections of its own, which are made when they are first needed."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._readers: list[_Reader] = []
        self._turns = cycle(range(READERS))

    async def find(self, wanted: WantedMessages) -> list[IndexPlace]:
        """See `MessageIndex.find`."""
        number = next(self._turns)
        while len(self._readers) <= number:
            self._readers.append(_Reader(self._connect))
        try:
            return await self._readers[number].find(wanted)
        except apsw.InterruptError:
            raise TooSlow from None
        except apsw.Error as error:
            raise StoreFailed(str(error)) from error

    async def close(self) -> None:
        """End the threads."""
        for reader in self._readers:
            await reader.close()


class _Reader:
    """A thread that looks, with its connection."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._worker = Worker("hubbub-search")
        self._connect = connect
        self._database: apsw.Connection | None = None

    def find(self, wanted: WantedMessages) -> "Future[list[IndexPlace]]":
        """Look."""
        return self._worker.do(lambda: self._find(wanted))

    async def close(self) -> None:
        """End the thread, once it has looked."""
        await self._worker.close()
        if self._database is not None:
            self._database.close()

    def _find(self, wanted: WantedMessages) -> list[IndexPlace]:
        if self._database is None:
            self._database = self._connect()
        until = time.monotonic() + SECONDS
        self._database.set_progress_handler(lambda: time.monotonic() > until, STEPS_BETWEEN_LOOKS)
        found: list[IndexPlace] = []
        for sql, given in looking(self._database, wanted):
            found, is_sure = _found(self._database, sql, given, wanted)
            if is_sure:
                break
        return found


def _found(
    database: apsw.Connection, sql: str, given: dict[str, Any], wanted: WantedMessages
) -> tuple[list[IndexPlace], bool]:
    """Return the newest of what a query finds that may be shown, and whether there are none in between. The query finds at most `limit` in a span."""
    found: list[IndexPlace] = []
    low = wanted.low
    for kind in range(KINDS):
        span = span_of(kind, low, wanted.high)
        rows: list[Any] = []
        if database.execute(Q.is_used, span).get:
            rows = database.execute(sql, given | span).fetchall()
        places = [
            IndexPlace(place_of(number, mark), room, mark >> OFFSET_BITS)
            for number, room, mark, may in rows
            if may
        ]
        here = [each for each in places if low <= each.id < wanted.high]
        found = sorted(found + here, reverse=True)[: wanted.limit]
        if len(rows) == given["limit"] and len(here) < wanted.limit:
            return found, False
        if len(found) == wanted.limit:
            low = found[-1].id
    return found, True


def looking(database: apsw.Connection, wanted: WantedMessages) -> list[tuple[str, dict[str, Any]]]:
    """Return queries that find messages with numbers from `low` on and before `high`, and their other values; none if there can be none.

    If the first one doesn't find enough, the next one does: to list a thousand rooms takes longer than to ask whether the newest hits may be read.
    """
    given: dict[str, Any] = {"reader": wanted.reader, "now": time.time(), "most": MANY_ROOMS + 1}
    few, readable = _rooms(database, wanted, given)
    if not few:
        return []
    tags = tags_of(wanted, few if len(few) <= FEW_ROOMS else ())
    match = " AND ".join([*map(_phrase, wanted.query.phrases), *(_any(each) for each in tags)])
    in_rooms = "" if len(few) <= FEW_ROOMS else f"AND {readable}"
    parts = {
        "in_rooms": in_rooms,
        "is_readable": Q.is_readable,
        "pinned": "AND " + Q.is_pinned if "pinned" in wanted.query.of_kind else "",
    }
    given["match"] = match
    enough = wanted.limit + 1  # the first in a span may be too late
    asked = [(Q.matching if match else Q.all, enough)]
    if match and wanted.rooms is None and len(few) > MANY_ROOMS:
        asked.insert(0, (Q.near, 2 * enough))
    queries = [(query.format(**parts), limit) for query, limit in asked]
    return [(sql, _used(sql, given | {"limit": limit})) for sql, limit in queries]


def _rooms(
    database: apsw.Connection, wanted: WantedMessages, given: dict[str, Any]
) -> tuple[list[int], str]:
    """Return the ids of the rooms in question, or of some if there are many, and the condition that a message is in them."""
    if wanted.rooms is None:
        rows = database.execute(f"{Q.readable} LIMIT :most", _used(Q.readable + ":most", given))
        return [each for (each,) in rows], f"coalesce(entry.place, entry.room) IN ({Q.readable})"
    found = [database.execute(Q.room_id, (name,)).get for name in wanted.rooms]
    ids = [each for each in found if each is not None]
    some = ", ".join(map(str, ids))
    return ids, f"(entry.place IN ({some}) OR entry.room IN ({some}))"


def _used(sql: str, given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if f":{name}" in sql}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _phrase(phrase: Any) -> str:
    """Return a phrase for MATCH. Terms hold no quotation marks."""
    return '"{}"{}'.format(" ".join(phrase.terms), " *" * phrase.is_prefix)


def _any(tags: list[str]) -> str:
    return "({})".format(" OR ".join(f'"{tag}"' for tag in tags))
