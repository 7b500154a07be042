"""Records in PostgreSQL; the statements are those of `stores.records`, several in one round trip."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from typing import Any, NamedTuple

from asyncpg import Connection

from hubbub.domain.facts import Facts, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Column, Prefix, R, Table
from hubbub.protocol.codec import encode
from hubbub.server.stores import records
from hubbub.server.stores.records import Between, Dialect

Columns = list[list[Any]]


TYPES = {str: "text", int: "bigint", bool: "boolean", float: "double precision", bytes: "bytea"}


def _given(columns: Sequence[Column], _: int, after: int) -> str:
    """Rows are an array for each column, however many there are."""
    arrays = ", ".join(f"${after + n}::{TYPES[c.kind]}[]" for n, c in enumerate(columns, 1))
    return f"SELECT * FROM unnest({arrays})"


def _given_as_json(columns: Sequence[Column], _: int, after: int) -> str:
    """Rows are a list in JSON for each column: to encode an array costs asyncpg a look at what each element is."""
    lists = [f"json_array_elements_text(${after + n}::json)" for n in range(1, len(columns) + 1)]
    casts = ", ".join(f"{c.name}::{TYPES[c.kind]}" for c in columns)
    names = ", ".join(c.name for c in columns)
    return f"SELECT {casts} FROM ROWS FROM ({', '.join(lists)}) AS given ({names})"


POSTGRES = Dialect(
    schema="hubbub.", types={**TYPES, str: 'text COLLATE "C"'}, options="", given=_given
)
ASKING = replace(POSTGRES, given=_given_as_json)


class ByteBound(NamedTuple):
    """How much to read: until `column` (a text) and `cost` bytes for each row reach `size` bytes."""

    column: str
    cost: int
    size: int


class _Part(NamedTuple):
    """Something to look up: the rows of a table by prefixes of some width, or how many there are."""

    table: AnyTable
    width: int
    is_count: bool

    @property
    def columns(self) -> int:
        """How many columns are found."""
        return self.width + 1 if self.is_count else len(self.table.columns)


class PostgresRecords:
    """Reads and writes records within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def learn(self, wanted: Needs, facts: Facts) -> None:
        """Find the rows and counts that are wanted, in one round trip."""
        facts.expect(wanted)
        parts: list[_Part] = []
        values: list[str] = []
        for asked, is_count in ((wanted.rows, False), (wanted.lists, False), (wanted.counts, True)):
            for table, prefixes in asked.items():
                for width, some in records.by_width(prefixes).items():
                    parts.append(_Part(table, width, is_count))
                    values += [encode(column).decode() for column in zip(*some, strict=True)]
        if not parts:
            return
        found, end = await self._connection.fetchrow(_learning(tuple(parts)), *values), 0
        for part in parts:
            begin, end = end, end + part.columns
            if found[begin] is None:
                continue
            rows = zip(*found[begin:end], strict=True)
            if part.is_count:
                facts.counts[part.table].update((tuple(prefix), n) for *prefix, n in rows)
            else:
                # Neither `records.maker` nor `facts.found`: flags are booleans here, and the keys are columns already.
                keys = zip(*found[begin : begin + part.table.width], strict=True)
                made = map(partial(tuple.__new__, part.table.row), rows)
                facts.rows[part.table].update(zip(keys, made, strict=True))

    def dropping(self, ledger: Ledger, after: int) -> tuple[str, Columns]:
        """Return the steps of a statement that delete what goes, each with a comma before it, and their parameters.

        The first is numbered `after` + 1. The statement must come before that of `put_decided`.
        """
        parts = list(records.gone(ledger))
        shape = tuple((table, width) for table, width, _ in parts)
        columns = list(chain.from_iterable(columns_of(keys) for _, _, keys in parts))
        return _dropping(shape, after), columns

    async def put_decided(self, ledger: Ledger) -> None:
        """Write the rows that come, in one round trip."""
        parts = list(records.come(ledger))
        if parts:
            columns = chain.from_iterable(columns_of(rows) for _, rows in parts)
            await self._connection.execute(_putting(tuple(t for t, _ in parts)), *columns)

    async def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        """Return the rows with these keys."""
        query = records.get(POSTGRES, table, table.width, 0)
        found = await self._connection.fetch(query, *columns_of(keys, table.width))
        return list(map(records.maker(table), found))

    async def put(self, table: Table[Any, R], rows: Sequence[R]) -> None:
        """Add rows, each in place of any with the same key."""
        columns = columns_of(rows, len(table.columns))
        await self._connection.execute(records.put(POSTGRES, table, 0), *columns)

    async def drop(self, table: Table[Any, R], keys: Sequence[Prefix]) -> None:
        """Delete the rows with these keys."""
        query = records.drop(POSTGRES, table, table.width, 0)
        await self._connection.execute(query, *columns_of(keys, table.width))

    async def read(
        self,
        table: Table[Any, R],
        *prefix: Any,
        between: Between | None = None,
        most: ByteBound | None = None,
    ) -> list[R]:
        """Return rows whose keys begin so; up to `most`, but with all of those that the last event trims."""
        is_backwards = between.is_backwards if between else None
        query = records.listing(POSTGRES, table, len(prefix), is_backwards)
        values = (*prefix, *(between[:2] if between else ()))
        if most:
            query, values = _bounded(query, table, bool(is_backwards), most), (*values, most.size)
        return list(map(records.maker(table), await self._connection.fetch(query, *values)))

    async def clear(self, table: AnyTable, *prefix: Any, between: Between | None = None) -> None:
        """Delete rows whose keys begin so."""
        query = records.clear(POSTGRES, table, len(prefix), between is not None)
        await self._connection.execute(query, *prefix, *(between[:2] if between else ()))

    async def forget(self, table: AnyTable) -> None:
        """Delete rows that go with messages or events that were erased."""
        await self._connection.execute(records.forget(POSTGRES, table))

    async def add(self, table: Table[Any, R], rows: Sequence[R]) -> None:
        """Add many rows, whose keys must be new."""
        if rows:
            await self._connection.copy_records_to_table(
                table.name,
                schema_name=POSTGRES.schema.rstrip("."),
                columns=[column.name for column in table.columns],
                records=rows,
            )


def columns_of(rows: Sequence[Prefix], width: int = 0) -> Columns:
    """Turn rows into columns for `unnest`; `width` is the number of columns, needed if there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


@cache
def _learning(parts: tuple[_Part, ...]) -> str:
    """Rows of tables, and counts: in one row, of each column an array, since a record of many kinds takes long to read."""
    selects, after = [], 0
    for n, part in enumerate(parts):
        query_of = records.number if part.is_count else records.get
        query = query_of(ASKING, part.table, part.width, 0, after)
        names = [f"c{number}" for number in range(part.columns)]
        arrays = ", ".join(f"array_agg({name})" for name in names)
        selects.append(
            f"(SELECT {arrays} FROM ({query}) AS found ({', '.join(names)})) AS part_{n}"
        )
        after += part.width
    return f"SELECT * FROM {' CROSS JOIN '.join(selects)}"


@cache
def _dropping(parts: tuple[tuple[AnyTable, int], ...], after: int) -> str:
    steps = ""
    for n, (table, width) in enumerate(parts):
        steps += f", gone_{n} AS ({records.drop(POSTGRES, table, width, 0, after)})"
        after += width
    return steps


@cache
def _putting(tables: tuple[AnyTable, ...]) -> str:
    steps, after = [], 0
    for n, table in enumerate(tables):
        steps.append(f"come_{n} AS ({records.put(POSTGRES, table, 0, after)})")
        after += len(table.columns)
    return f"WITH {', '.join(steps)} SELECT"


def _bounded(query: str, table: AnyTable, is_backwards: bool, most: ByteBound) -> str:
    order = f"{table.trimmed_by}{' DESC' * is_backwards}"
    names = ", ".join(column.name for column in table.columns)
    return f"""
        SELECT {names} FROM (
            SELECT {names}, sum(octet_length({most.column}) + {most.cost}) OVER (
                ORDER BY {order} GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS before FROM ({query}) AS found
        ) AS found WHERE coalesce(before, 0) < ${query.count("$") + 1} ORDER BY {order}
    """
