"""What the index of messages in SQLite holds: FTS5 without content, so what is taken out must be given once more as it was put in.

Which number a message has in it follows from the message; see `numbers`.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.rows import message
from hubbub.server.stores.search import IndexEntry, IndexPlace, entry_of, id_of, reached
from hubbub.server.stores.sqlite.numbers import (
    mark_of,
    numbers_of,
    place_of,
    placed_numbers,
    timed_numbers,
)
from hubbub.server.stores.sqlite.separators import mend

Q = queries.load("sqlite_search")


class HeldMessage(NamedTuple):
    """A message that the index has: its number there, and what was put in."""

    id: int
    outer: int
    log: int
    room: str
    message: Message

    @property
    def place(self) -> IndexPlace:
        """Where a search finds it."""
        seq = self.message.seq
        mark = mark_of(id_of(self.room, self.message), seq)
        return IndexPlace(place_of(self.id, mark), self.room, seq)


class SqliteEntries:
    """What the index holds, in a transaction of the owner of the connection. On one that only reads, only `held` can be called."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._execute = database.execute

    def add(self, room: str, after: int, upto: int) -> int:
        """Put in messages; see `MessageIndex.index`."""
        log, outer = (self._execute(Q.room_id, (name,)).get for name in (room, parent_of(room)))
        bounds = {"log": log, "after": after, "upto": upto}
        bounds["upto"] = upto = reached(self._execute(Q.sizes, bounds), upto)
        new: Any = self._execute(Q.new, bounds)
        entries = [
            entry_of(outer, log, room, message(seq, posted, edited, []))
            for seq, posted, edited in new
        ]
        taken = self._under([entry.id for entry in entries])
        held = {*taken.values()}
        rows, documents = list[tuple[Any, ...]](), list[tuple[int, str]]()
        for entry in entries:
            row = None if outer == log else outer, log, mark_of(entry.id, entry.seq)
            if row not in held:
                number = _free_number(entry, taken)
                taken[number] = row
                rows.append((number, *row))
                documents.append((number, entry.document))
        if rows:
            self._execute(Q.begin, (room,))
        self._database.executemany(Q.add, rows)
        self._database.executemany(Q.add_terms, sorted(documents))  # or FTS5 writes each apart
        return upto

    def forget(self, keys: Iterable[tuple[int, int]]) -> None:
        """Take out messages, given by the ids of their logs and their numbers. They must be as they were when they were put in."""
        rows: list[Any] = self._execute(Q.by_key, (as_json([*keys]),)).fetchall()
        self.take_out(self.held(rows))

    def first(
        self, log: int, upto: int, looked: int | None = None, most: int | None = None
    ) -> tuple[list[HeldMessage], int]:
        """Return the first messages of a log that it holds up to a number, and the number up to which these are all.

        No more than `looked` messages of the log are looked at, and no more than `most` returned.
        """
        no_limit = -1
        limit = no_limit if looked is None else looked
        rows: list[Any] = self._execute(Q.first, (log, upto, limit)).fetchall()
        held = self.held(rows)
        if most is not None and len(held) > most:
            return held[:most], held[most - 1].message.seq
        return held, rows[-1][2] if len(rows) == looked else upto

    def take_out(self, held: Sequence[HeldMessage]) -> None:
        """Take out these."""
        gone: set[str] = set()
        for each in held:
            entry = entry_of(each.outer, each.log, each.room, each.message)
            self._execute(Q.drop_terms, (each.id, entry.document))
            self._execute(Q.drop, (each.id,))
            gone.update(entry.terms)
        if gone:
            mend(self._database, gone)

    def held(self, rows: list[Any]) -> list[HeldMessage]:
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
            (Q.with_numbers, timed_numbers(places)),
            (Q.between_numbers, placed_numbers(places)),
        ):
            rows: Any = self._execute(query, (as_json(numbers),))
            found |= {number: (outer, log, mark) for number, outer, log, mark in rows}
        return found


def _free_number(entry: IndexEntry, taken: Container[int]) -> int:
    """Return the best number for a message that no other one has. Raises StoreFailed."""
    for number in numbers_of(entry.id):
        if number not in taken:
            return number
    raise StoreFailed("SQLite: too many messages of one millisecond for the index")


def as_json(value: object) -> str:
    """Return values for a query's `json_each`."""
    return msgspec.json.encode(value).decode()
