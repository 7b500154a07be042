"""Records in SQL: the statements of each table, made from its one definition, the same for every database.

A `Dialect` has what differs: where tables are, what types are called, and how a statement takes many rows.
Parameters are `$1`, `$2` …, which appear in this order, since SQLite numbers them so.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Column, Prefix


@dataclass(frozen=True, eq=False, slots=True)
class Dialect:
    """What differs between databases.

    Attributes:
        schema: what stands before the name of a table.
        types: the type of a column, by its kind.
        options: of a new table.
        given: SQL for rows of some columns that are parameters: how many, and after which number they begin.
    """

    schema: str
    types: Mapping[type, str]
    options: str
    given: Callable[[Sequence[Column], int, int], str]


class Between(NamedTuple):
    """Rows by the event that trims them: from the event `first` to `last`, or backwards."""

    first: int
    last: int
    is_backwards: bool = False


# --- rows ---


@cache
def maker(table: AnyTable) -> Callable[[Iterable[Any]], Any]:
    """Return what makes a row from the values of a database. SQLite has no booleans."""
    flags = [n for n, column in enumerate(table.columns) if column.kind is bool]
    make: Callable[[Iterable[Any]], Any] = partial(
        tuple.__new__, table.row
    )  # fewer calls than _make
    if not flags:
        return make

    def with_flags(values: Iterable[Any]) -> Any:
        row = list(values)
        for n in flags:
            row[n] = row[n] if row[n] is None else bool(row[n])
        return make(row)

    return with_flags


def by_width(prefixes: Collection[Prefix]) -> dict[int, list[Prefix]]:
    """Group prefixes by how many columns they have."""
    widths = set(map(len, prefixes))
    if len(widths) == 1:
        return {widths.pop(): list(prefixes)}
    return {width: [each for each in prefixes if len(each) == width] for width in widths}


def gone(ledger: Ledger) -> Iterator[tuple[AnyTable, int, list[Prefix]]]:
    """What goes: the table, how many columns tell it, and their values. It goes before anything comes."""
    for table, prefixes in ledger.dropped.items():
        for width, keys in by_width(prefixes).items():
            yield table, width, keys
    for table, rows in ledger.rows.items():
        if dropped := [key for key, row in rows.items() if row is None]:
            yield table, table.width, dropped


def come(ledger: Ledger) -> Iterator[tuple[AnyTable, list[Any]]]:
    """What comes: the table and its rows, each in place of any with the same key."""
    for table, rows in ledger.rows.items():
        if put := [row for row in rows.values() if row is not None]:
            yield table, put


# --- statements ---


def create(dialect: Dialect, table: AnyTable) -> str:
    """What makes the table and its indexes. Migrations are written by hand, and tests compare them with this."""
    columns = [
        f"{c.name} {dialect.types[c.kind]}{'' if c.is_optional else ' NOT NULL'}"
        for c in table.columns
    ]
    columns.append(f"PRIMARY KEY ({_names(table.key)})")
    where, body = dialect.schema + table.name, ",\n    ".join(columns)
    statements = [f"CREATE TABLE {where} (\n    {body}\n){dialect.options};"]
    for index in table.indexes:
        name = "_".join([table.name, *index])
        statements.append(f"CREATE INDEX {name} ON {where} ({', '.join(index)});")
    return "\n".join(statements)


@cache
def get(dialect: Dialect, table: AnyTable, width: int, count: int, after: int = 0) -> str:
    """Rows by prefix, or by key."""
    some = table.columns[:width]
    return (
        f"{_wanted(dialect, some, count, after)} SELECT {_names(table.columns, 't.')}"
        f" FROM wanted CROSS JOIN {dialect.schema}{table.name} AS t WHERE {_are_wanted(some)}"
    )


@cache
def number(dialect: Dialect, table: AnyTable, width: int, count: int, after: int = 0) -> str:
    """How many rows there are with each prefix, after the prefix."""
    some = table.columns[:width]
    return (
        f"{_wanted(dialect, some, count, after)} SELECT {_names(some, 'wanted.')},"
        f" (SELECT count(*) FROM {dialect.schema}{table.name} AS t WHERE {_are_wanted(some)})"
        " FROM wanted"
    )


@cache
def drop(dialect: Dialect, table: AnyTable, width: int, count: int, after: int = 0) -> str:
    """Delete all rows with these prefixes."""
    some = table.columns[:width]
    return (
        f"DELETE FROM {dialect.schema}{table.name}"
        f" WHERE ({_names(some)}) IN ({dialect.given(some, count, after)})"
    )


@cache
def put(dialect: Dialect, table: AnyTable, count: int, after: int = 0) -> str:
    """Add rows, or put them in place of those with their keys."""
    rest = ", ".join(f"{c.name} = excluded.{c.name}" for c in table.columns[table.width :])
    return (
        f"INSERT INTO {dialect.schema}{table.name} ({_names(table.columns)})"
        f" {dialect.given(table.columns, count, after)}"
        f" ON CONFLICT ({_names(table.key)}) DO {f'UPDATE SET {rest}' if rest else 'NOTHING'}"
    )


@cache
def listing(dialect: Dialect, table: AnyTable, width: int, is_backwards: bool | None = None) -> str:
    """Rows with a prefix in the order of their keys; or else those of a `Between`, event by event."""
    order = [column.name for column in table.key[width:]]
    if is_backwards is not None:
        by = str(table.trimmed_by)
        order = [by, *(name for name in order if name != by)]
    by = ", ".join(name + " DESC" * bool(is_backwards) for name in order) or "1"
    return (
        f"SELECT {_names(table.columns)} FROM {dialect.schema}{table.name}"
        f"{_where(table, width, is_backwards is not None)} ORDER BY {by}"
    )


@cache
def page(dialect: Dialect, table: AnyTable, width: int) -> str:
    """Some rows with a prefix, in the order of their keys, whose next column is after a value; after that comes how many."""
    conditions = [f"{column.name} = ${n}" for n, column in enumerate(table.columns[:width], 1)]
    conditions.append(f"{table.columns[width].name} > ${width + 1}")
    return (
        f"SELECT {_names(table.columns)} FROM {dialect.schema}{table.name}"
        f" WHERE {' AND '.join(conditions)} ORDER BY {_names(table.key[width:])} LIMIT ${width + 2}"
    )


@cache
def by(dialect: Dialect, table: AnyTable, column: str, count: int) -> str:
    """Rows with one of some values in a column."""
    some = [each for each in table.columns if each.name == column]
    return (
        f"{_wanted(dialect, some, count, 0)} SELECT {_names(table.columns, 't.')}"
        f" FROM wanted CROSS JOIN {dialect.schema}{table.name} AS t WHERE {_are_wanted(some)}"
    )


@cache
def largest(dialect: Dialect, table: AnyTable, column: str) -> str:
    """Some rows with the largest numbers in a column; how many is to be given."""
    return (
        f"SELECT {_names(table.columns)} FROM {dialect.schema}{table.name}"
        f" ORDER BY {column} DESC LIMIT $1"
    )


@cache
def total(dialect: Dialect, table: AnyTable, summed: str, column: str, is_of_all: bool) -> str:
    """The sum of a column over the rows with a value in another one, or over all."""
    where = "" if is_of_all else f" WHERE {column} = $1"
    number = f"CAST(coalesce(sum({summed}), 0) AS {dialect.types[int]})"
    return f"SELECT {number} FROM {dialect.schema}{table.name}{where}"


@cache
def totals(dialect: Dialect, table: AnyTable, summed: str, column: str) -> str:
    """The sums of a column over the rows with each value in another one."""
    number = f"CAST(sum({summed}) AS {dialect.types[int]})"
    return f"SELECT {column}, {number} FROM {dialect.schema}{table.name} GROUP BY {column}"


@cache
def clear(dialect: Dialect, table: AnyTable, width: int, has_bounds: bool) -> str:
    """Delete rows with a prefix; or else those of a `Between`."""
    return f"DELETE FROM {dialect.schema}{table.name}{_where(table, width, has_bounds)}"


@cache
def forget(dialect: Dialect, table: AnyTable) -> str:
    """Delete rows that go with messages or events that were erased."""
    conditions = []
    if table.erased_by:
        erased = f"change.seq = {table.name}.{table.erased_by} AND change.body = {dialect.schema}erased(change.body)"
        conditions.append(_is_in_log(dialect, table, "change", erased))
    if table.trimmed_by:
        erased = f"message.seq = {table.name}.{table.trimmed_by} AND message.is_deleted"
        conditions.append(_is_in_log(dialect, table, "message", erased))
    return f"DELETE FROM {dialect.schema}{table.name} WHERE {' OR '.join(conditions)}"


def _is_in_log(dialect: Dialect, table: AnyTable, what: str, condition: str) -> str:
    """Whether there is such a message or change in the log that guards a row."""
    return (
        f"EXISTS (SELECT 1 FROM {dialect.schema}room AS log JOIN {dialect.schema}{what} ON {what}.room = log.id"
        f" WHERE log.name = {table.name}.{table.columns[0].name} AND {condition})"
    )


def _names(columns: Sequence[Column], of: str = "") -> str:
    return ", ".join(of + column.name for column in columns)


def _wanted(dialect: Dialect, columns: Sequence[Column], count: int, after: int) -> str:
    return f"WITH wanted ({_names(columns)}) AS ({dialect.given(columns, count, after)})"


def _are_wanted(columns: Sequence[Column]) -> str:
    return " AND ".join(f"t.{column.name} = wanted.{column.name}" for column in columns)


def _where(table: AnyTable, width: int, has_bounds: bool) -> str:
    conditions = [f"{column.name} = ${n}" for n, column in enumerate(table.columns[:width], 1)]
    if has_bounds:
        conditions.append(f"{table.trimmed_by} BETWEEN ${width + 1} AND ${width + 2}")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
