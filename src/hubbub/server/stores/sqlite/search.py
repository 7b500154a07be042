"""The index of messages in SQLite: FTS5 without content, so what is taken out must be given once more as it was put in.

FTS5 keeps differences between the numbers of messages, so the index is the smaller, the smaller these are. A message has its time
in milliseconds as its number. If that is taken, it stands beside: its number is its place, which is far above. Both are in order.
"""

import time
from asyncio import Future
from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

import apsw
import msgspec

from hubbub.protocol.keys import parent_of
from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.rows import message
from hubbub.server.stores.search import (
    FEW_ROOMS,
    SECONDS,
    SEQ_BITS,
    IndexEntry,
    IndexPlace,
    TooSlow,
    WantedMessages,
    entry_of,
    tags_of,
)
from hubbub.server.stores.sqlite.separators import mend
from hubbub.server.stores.worker import Worker

Q = queries.load("sqlite_search")

READERS = 2
MANY_ROOMS = 64  # beyond which hits are asked for first, and not rooms
STEPS_BETWEEN_LOOKS = 5_000  # of SQLite's virtual machine, at the clock
LAST = (1 << SEQ_BITS) - 1  # in the order of one millisecond: whose number is the time
BESIDE = 1 << 45  # the first number of those that stand beside; no time is as large
EARLIEST = BESIDE >> SEQ_BITS  # time; what is older counts as from then


def number_of(place: int) -> int:
    """Return the number of the message at a place, if that number is free."""
    return max(place >> SEQ_BITS, EARLIEST)


def number_beside(place: int) -> int:
    """Return the next number for it."""
    place = max(place, BESIDE)
    return place + 1 if place & LAST == LAST else place


def place_of(number: int) -> int:
    """Return the place of a message by its number."""
    return number if number >= BESIDE else number << SEQ_BITS | LAST


def spans_of(low: int, high: int) -> list[tuple[int, int]]:
    """Return the two spans of numbers whose messages are from a place on, and before another."""
    return [(low >> SEQ_BITS, high >> SEQ_BITS), (max(low, BESIDE), high)]


class SqliteEntries:
    """What the index holds, for the connection that writes. Belongs to a transaction of its owner."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._execute = database.execute

    def add(self, room: str, after: int, upto: int) -> None:
        """Put in messages; see `MessageIndex.add`."""
        place: int = self._execute(Q.room_id, (parent_of(room),)).get
        bounds = {"name": room, "after": after, "upto": upto}
        rows: list[Any] = self._execute(Q.missing, bounds).fetchall()
        for log, seq, posted, edited in rows:
            self._add(place, log, entry_of(place, log, room, message(seq, posted, edited, [])))

    def forget(self, keys: Iterable[tuple[int, int]]) -> None:
        """Take out messages, given by the ids of their logs and their numbers. They must be as they were when they were put in."""
        held: list[Any] = self._execute(Q.held, (msgspec.json.encode([*keys]).decode(),)).fetchall()
        gone: set[str] = set()
        for log, seq, id_, place, name, posted, edited in held:
            entry = entry_of(place, log, name, message(seq, posted, edited, []))
            self._execute(Q.drop_terms, (id_, entry.document))
            self._execute(Q.drop, (id_,))
            gone.update(entry.terms)
        if gone:
            mend(self._database, gone)

    def upto(self, log: int, seq: int, limit: int) -> list[tuple[int, int]]:
        """Return the first messages of a log that it holds, up to a number."""
        rows: list[Any] = self._execute(Q.held_upto, (log, seq, limit)).fetchall()
        return rows

    def _add(self, place: int, log: int, entry: IndexEntry) -> None:
        id_ = number_of(entry.id)
        while self._execute(Q.is_taken, (id_,)).get:
            id_ = number_beside(entry.id if id_ < BESIDE else id_ + 1)
        self._execute(Q.add, (id_, place, log, entry.seq))
        self._execute(Q.add_terms, (id_, entry.document))


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
        spans = spans_of(wanted.low, wanted.high)
        found: list[IndexPlace] = []
        for sql, given in looking(self._database, wanted):
            rows: list[list[Any]] = [
                self._database.execute(sql, given | {"low": low, "high": high}).fetchall()
                for low, high in spans
            ]
            found = [IndexPlace(place_of(n), *at) for each in rows for n, *at, may in each if may]
            if all(len(each) < given["limit"] or _shown(each) >= wanted.limit for each in rows):
                break
        return sorted(found, reverse=True)[: wanted.limit]


def _shown(rows: list[Any]) -> int:
    """Return how many were found that may be shown."""
    return sum(may for *_, may in rows)


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
    asked = [(Q.matching if match else Q.all, wanted.limit)]
    if match and wanted.rooms is None and len(few) > MANY_ROOMS:
        asked.insert(0, (Q.near, 2 * wanted.limit))
    queries = [(query.format(**parts), limit) for query, limit in asked]
    return [(sql, _used(sql, given | {"limit": limit})) for sql, limit in queries]


def _rooms(
    database: apsw.Connection, wanted: WantedMessages, given: dict[str, Any]
) -> tuple[list[int], str]:
    """Return the ids of the rooms in question, or of some if there are many, and the condition that a message is in them."""
    if wanted.rooms is None:
        rows = database.execute(f"{Q.readable} LIMIT :most", _used(Q.readable + ":most", given))
        return [each for (each,) in rows], f"entry.place IN ({Q.readable})"
    found = [database.execute(Q.room_id, (name,)).get for name in wanted.rooms]
    ids = [each for each in found if each is not None]
    some = ", ".join(map(str, ids))
    return ids, f"(entry.place IN ({some}) OR entry.room IN ({some}))"


def _used(sql: str, given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if f":{name}" in sql}


def _phrase(phrase: Any) -> str:
    """Return a phrase for MATCH. Terms hold no quotation marks."""
    return '"{}"{}'.format(" ".join(phrase.terms), " *" * phrase.is_prefix)


def _any(tags: list[str]) -> str:
    return "({})".format(" OR ".join(f'"{tag}"' for tag in tags))
