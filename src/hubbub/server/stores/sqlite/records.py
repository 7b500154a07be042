"""Records in SQLite; the statements are those of `stores.records`."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import apsw

from hubbub.domain.facts import Facts, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Column, Prefix, R, Table
from hubbub.server.stores import records
from hubbub.server.stores.records import Between, Dialect

CHUNKS = (256, 32, 4, 1)  # rows that one statement writes
LOOKS = (1, 4, 16, 64, 256)  # keys that one statement looks up


def _given(columns: Sequence[Column], count: int, _: int) -> str:
    """Rows are as many parameters as they have values."""
    row = f"({', '.join('?' * len(columns))})"
    return f"VALUES {', '.join([row] * count)}"


SQLITE = Dialect(
    schema="",
    types={str: "TEXT", int: "INTEGER", bool: "INTEGER", float: "REAL", bytes: "BLOB"},
    options=" STRICT, WITHOUT ROWID",
    given=_given,
)


class SqliteRecords:
    """Reads and writes records over one connection."""

    def __init__(self, database: apsw.Connection) -> None:
        self._execute = database.execute

    def learn(self, wanted: Needs, facts: Facts) -> None:
        """Find the rows and counts that are wanted."""
        facts.expect(wanted)
        for table, keys in wanted.rows.items():
            facts.found(table, self.get(table, list(keys)))
        for table, prefixes in wanted.lists.items():
            for some in records.by_width(prefixes).values():
                facts.found(table, self.get(table, some))
        for table, prefixes in wanted.counts.items():
            for width, some in records.by_width(prefixes).items():
                for count, values in in_chunks(some):
                    query = records.number(SQLITE, table, width, count)
                    for *prefix, number in self._execute(query, values):
                        facts.counts[table][tuple(prefix)] = number

    def write(self, ledger: Ledger) -> None:
        """Write what was decided."""
        for table, width, keys in records.gone(ledger):
            self.drop(table, width, keys)
        for table, rows in records.come(ledger):
            self.put(table, rows)

    def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> Iterator[R]:
        """Yield the rows with these keys, or whose keys begin so; all are equally wide."""
        make = records.maker(table)
        for count, values in filled_up(keys):
            query = records.get(SQLITE, table, len(keys[0]), count)
            yield from map(make, self._execute(query, values))

    def drop(self, table: AnyTable, width: int, prefixes: Sequence[Prefix]) -> None:
        """Delete all rows whose keys begin so."""
        for count, values in in_chunks(prefixes):
            self._execute(records.drop(SQLITE, table, width, count), values)

    def put(self, table: AnyTable, rows: Sequence[Prefix]) -> None:
        """Add rows, each in place of any with the same key."""
        for count, values in in_chunks(rows):
            self._execute(records.put(SQLITE, table, count), values)

    def read(
        self, table: Table[Any, R], *prefix: Any, between: Between | None = None
    ) -> Iterator[R]:
        """Yield rows whose keys begin so, read as they are taken."""
        is_backwards = between.is_backwards if between else None
        query = records.listing(SQLITE, table, len(prefix), is_backwards)
        values = (*prefix, *(between[:2] if between else ()))
        return map(records.maker(table), self._execute(query, values))

    def page(self, table: Table[Any, R], *prefix: Any, after: str, limit: int) -> Iterator[R]:
        """Yield some rows whose keys begin so and go on after a text."""
        query = records.page(SQLITE, table, len(prefix))
        return map(records.maker(table), self._execute(query, (*prefix, after, limit)))

    def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> Iterator[R]:
        """Yield the rows with one of these values in a column."""
        for count, some in filled_up([(value,) for value in values]):
            query = records.by(SQLITE, table, column, count)
            yield from map(records.maker(table), self._execute(query, some))

    def largest(self, table: Table[Any, R], column: str, limit: int) -> Iterator[R]:
        """Yield the rows with the largest numbers in a column."""
        query = records.largest(SQLITE, table, column)
        return map(records.maker(table), self._execute(query, (limit,)))

    def total(self, table: AnyTable, summed: str, column: str, value: Any) -> int:
        """Return the sum of a column over the rows with a value in another one, or over all."""
        given = () if value is None else (value,)
        number: int = self._execute(
            records.total(SQLITE, table, summed, column, value is None), given
        ).get
        return number

    def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        """Return the sums of a column over the rows with each value in another one."""
        return dict(self._execute(records.totals(SQLITE, table, summed, column)))

    def clear(self, table: AnyTable, *prefix: Any, between: Between | None = None) -> None:
        """Delete rows whose keys begin so."""
        query = records.clear(SQLITE, table, len(prefix), between is not None)
        self._execute(query, (*prefix, *(between[:2] if between else ())))

    def forget(self, table: AnyTable) -> None:
        """Delete rows that go with messages or events that were erased."""
        self._execute(records.forget(SQLITE, table))


def in_chunks(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield how many rows come next, and their values.

    Each statement reacquires the interpreter's lock, which costs up to a switch interval while the loop is busy:
    so rows are passed by the hundred, not one by one.
    """
    done, count = 0, len(rows)
    if count == 1:  # by far the most frequent
        yield 1, rows[0]
        return
    for size in CHUNKS:
        while count - done >= size:
            yield size, list(chain.from_iterable(rows[done : done + size]))
            done += size


def filled_up(keys: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, list[Any]]]:
    """Yield how many keys are looked up next, and their values, in as few statements as can be: with keys that are not there."""
    for first in range(0, len(keys), LOOKS[-1]):
        some = keys[first : first + LOOKS[-1]]
        count = LOOKS[bisect_left(LOOKS, len(some))]
        nothing = (None,) * len(some[0])  # finds nothing: no column of a key is NULL
        yield count, list(chain.from_iterable((*some, *repeat(nothing, count - len(some)))))
