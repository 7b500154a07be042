"""Compares the index of messages in SQLite with the messages. Reads all of it once, and keeps a number for each message."""

from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import queries
from hubbub.server.stores.search import IndexEntry, entry_of
from hubbub.server.stores.sqlite.numbers import numbers_of
from hubbub.server.stores.tables import IndexFault

Q = queries.load("sqlite_search")


class SqliteIndexCheck:
    """Knows what the index has, and forgets what was compared."""

    def __init__(self, database: apsw.Connection) -> None:
        self._execute = database.execute
        self._found: dict[
            int, int
        ] = {}  # of each message, what its terms and their places add up to
        for query in (Q.make_held_by_log, Q.fill_held_by_log, Q.look_inside):
            self._execute(query)
        for term, number, place in self._execute(Q.inside):
            self._found[number] = self._found.get(number, 0) ^ hash((term, place))

    def faults(
        self, room: str, after: int, upto: int, messages: Sequence[Message]
    ) -> Iterator[IndexFault]:
        """See `Tables.index_faults`."""
        log, place = (self._execute(Q.room_id, (name,)).get for name in (room, parent_of(room)))
        rows: list[Any] = self._execute(Q.held_between, (log, after, upto)).fetchall()
        held: dict[int, int] = dict(rows)
        expected = {each.seq: entry_of(place, log, room, each) for each in messages}
        for seq in sorted(held.keys() | expected.keys()):
            found = self._found.pop(held[seq], 0) if seq in held else None
            if found is None:
                yield IndexFault(seq, "missing")
            elif seq not in expected:
                yield IndexFault(seq, "surplus")
            elif found != _sum_of(expected[seq]) or held[seq] not in numbers_of(expected[seq].id):
                yield IndexFault(seq, "wrong")

    def strays(self) -> int:
        """Return how many of those that weren't compared there are."""
        return len(self._found)


def _sum_of(entry: IndexEntry) -> int:
    found = 0
    for place, term in enumerate(entry.document.split()):
        found ^= hash((term, place))
    return found
