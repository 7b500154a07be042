"""Looks in the index of messages in SQLite, newest first; see `entries` for what it holds.

What FTS5 would be slow at is found without it: what is pinned, and words that begin with one letter or two.
"""

import time
from asyncio import Future
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from typing import Any

import apsw

from hubbub.domain.search.matching import matches
from hubbub.domain.search.query import Phrase
from hubbub.domain.search.terms import FIRST_UNSPACED
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
    searched,
    tags_of,
)
from hubbub.server.stores.sqlite.entries import SqliteEntries, as_json
from hubbub.server.stores.sqlite.numbers import KINDS, OFFSET_BITS, place_of, span_of
from hubbub.server.stores.worker import Worker

Q = queries.load("sqlite_search")

READERS = 2
MANY_ROOMS = 64  # beyond which hits are asked for first, and not rooms
STEPS_BETWEEN_LOOKS = 5_000  # of SQLite's virtual machine, at the clock
SHORT_PREFIX = 2  # letters: so many words begin with these that FTS5 takes long to merge them
NEWEST = 256  # messages that are looked at for what begins so
PINNED = 50  # messages that are read at once


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
        if "pinned" in wanted.query.of_kind:
            return _pinned(self._database, wanted, until)
        if wanted.query.phrases and not _askable_phrases(wanted):
            near, are_all = _among_newest(self._database, wanted, until)
            if are_all or len(near) == wanted.limit:
                return near
        return _newest(self._database, wanted)


def _look_in_spans(
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


def _newest(database: apsw.Connection, wanted: WantedMessages) -> list[IndexPlace]:
    """Return the newest messages that match."""
    found: list[IndexPlace] = []
    for sql, given in looking(database, wanted):
        found, is_sure = _look_in_spans(database, sql, given, wanted)
        if is_sure:
            break
    return found


def _among_newest(
    database: apsw.Connection, wanted: WantedMessages, until: float
) -> tuple[list[IndexPlace], bool]:
    """Return those of the newest messages that match, and whether there are no others: each is looked at."""
    nothing = frozenset[str]()
    every = wanted.query._replace(phrases=(), authors=(), has=nothing, of_kind=nothing)
    places = _newest(database, wanted._replace(query=every, limit=NEWEST))
    keys = as_json([(each.room, each.seq) for each in places])
    rows: Any = database.execute(Q.by_name, (keys,))
    said = {(room, seq): message(seq, posted, edited, []) for room, seq, posted, edited in rows}
    found = ((at, said[at.room, at.seq]) for at in places if (at.room, at.seq) in said)
    return _matching(wanted, found, until), len(places) < NEWEST


def _pinned(database: apsw.Connection, wanted: WantedMessages, until: float) -> list[IndexPlace]:
    """Return the newest of what is pinned, and in the index. That is little, so each is looked at."""
    rooms = [room for (room,) in database.execute(Q.with_pins)]
    around = {*(wanted.rooms or ())}
    if wanted.rooms is None:
        outer = as_json(sorted({*map(parent_of, rooms)}))
        given = {"rooms": outer, "reader": wanted.reader, "now": time.time()}
        around = {room for (room,) in database.execute(Q.readable_of, given)}
    some = [room for room in rooms if room in around or parent_of(room) in around]
    entries, rows = SqliteEntries(database), database.execute(Q.pinned, (as_json(some),))
    everything = wanted._replace(limit=PINNED)
    found: list[IndexPlace] = []
    while part := [*islice(rows, PINNED)]:  # messages may be long
        held = [(each.place, each.message) for each in entries.held(part)]
        here = [each for each in held if wanted.low <= each[0].id < wanted.high]
        found += _matching(everything, here, until)
    return sorted(found, reverse=True)[: wanted.limit]


def _matching(
    wanted: WantedMessages, found: Iterable[tuple[IndexPlace, Message]], until: float
) -> list[IndexPlace]:
    """Return the first of these that match, as many as are wanted. Raises TooSlow at a time of the monotonic clock."""
    places: list[IndexPlace] = []
    for place, each in found:
        if time.monotonic() > until:
            raise TooSlow
        if matches(wanted.query, searched(place.room, each)) is not None:
            places.append(place)
            if len(places) == wanted.limit:
                break
    return places


def looking(database: apsw.Connection, wanted: WantedMessages) -> list[tuple[str, dict[str, Any]]]:
    """Return queries that find messages with numbers from `low` on and before `high`, and their other values; none if there can be none.

    If the first one doesn't find enough, the next one does: to list a thousand rooms takes longer than to ask whether the newest hits may be read.
    """
    given: dict[str, Any] = {"reader": wanted.reader, "now": time.time(), "most": MANY_ROOMS + 1}
    few, readable = _rooms(database, wanted, given)
    if not few:
        return []
    most = FEW_ROOMS if wanted.query.phrases else MANY_ROOMS
    tags = tags_of(wanted, few if len(few) <= most else ())
    phrases = _askable_phrases(wanted) or wanted.query.phrases[:1]
    match = " AND ".join([*map(_phrase, phrases), *(_any(each) for each in tags)])
    in_rooms = "" if len(few) <= most else f"AND {readable}"
    parts = {"in_rooms": in_rooms, "is_readable": Q.is_readable}
    given["match"] = match
    enough = wanted.limit + 2  # the first in a span may be too late, and the last too early
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


def _is_short(phrase: Phrase) -> bool:
    """Whether a phrase ends with a beginning of too few letters. Scripts without spaces have so many characters that one is enough."""
    last = phrase.terms[-1]
    return phrase.is_prefix and len(last) <= SHORT_PREFIX and last < FIRST_UNSPACED


def _askable_phrases(wanted: WantedMessages) -> list[Phrase]:
    """Return phrases without beginnings that are too short. What is found is compared with the query again, so these suffice if there are any."""
    phrases = wanted.query.phrases
    kept = (Phrase(each.terms[:-1]) if _is_short(each) else each for each in phrases)
    return [each for each in kept if each.terms]


def _phrase(phrase: Phrase) -> str:
    """Return a phrase for MATCH. Terms hold no quotation marks."""
    return '"{}"{}'.format(" ".join(phrase.terms), " *" * phrase.is_prefix)


def _any(tags: list[str]) -> str:
    return "({})".format(" OR ".join(f'"{tag}"' for tag in tags))
