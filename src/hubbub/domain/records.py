"""Tables of records as the rules see them: a name, a key and rows. Knows nothing of SQL."""

from collections.abc import Callable, Mapping
from sys import intern
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, get_args, get_type_hints

K = TypeVar("K", bound=tuple[Any, ...])
R = TypeVar("R", bound=tuple[Any, ...])

KINDS = (str, int, bool, float, bytes)


class Column(NamedTuple):
    """A column, as the row's annotation says it; `kind` is one of KINDS."""

    name: str
    kind: type
    is_optional: bool


class Table(Generic[K, R]):
    """A table of records. Key and row are NamedTuples, and the key's fields begin the row's.

    A row's key is therefore `row[:table.width]`. The first column of a room's key names the log that guards
    the row: whoever puts or drops the row also writes to that log, so the log's lock covers both.
    """

    def __init__(
        self,
        name: str,
        key: type[K],
        row: type[R],
        *,
        indexes: tuple[tuple[str, ...], ...] = (),
        trimmed_by: str | None = None,
        erased_by: str | None = None,
        is_remembered: bool = False,
    ) -> None:
        """`indexes` are columns to find rows by, besides the key.

        `trimmed_by` is a column with a seq of the log: the row goes when the log is trimmed past it, and only
        changes with that event or with one that is about it. `erased_by` is a column with the seq of the event that tells of the
        row, and is erased with it: the row goes then, too. `is_remembered`: many changes ask for the same few rows,
        so it is worthwhile to keep them in memory.

        Raises TypeError if the row doesn't begin with the key, if a column can't be stored, or if rows would be remembered
        that go with the log.
        """
        self.name = name
        self.row = row
        self.indexes = indexes
        self.trimmed_by = trimmed_by
        self.erased_by = erased_by
        self.is_remembered = is_remembered
        self.columns = tuple(_column(name, hint) for name, hint in get_type_hints(row).items())
        self.key = self.columns[: len(get_type_hints(key))]
        self.width = len(self.key)
        self.texts = [n for n, c in enumerate(self.columns) if n >= self.width and c.kind is str]
        if [column.name for column in self.key] != list(get_type_hints(key)):
            raise TypeError(f"The rows of {name} do not begin with their key")
        if is_remembered and trimmed_by:
            raise TypeError(f"The rows of {name} go with the log, so they are not to be remembered")
        if any(column.is_optional for column in self.key):
            raise TypeError(f"The key of {name} has a column that may be None")

    @property
    def is_erased(self) -> bool:
        """Whether rows go when something is erased: an entry that tells of them, or the message that their key names."""
        names = [column.name for column in self.key]
        return self.erased_by is not None or self.trimmed_by in names

    def __repr__(self) -> str:
        return f"<Table {self.name}>"


AnyTable = Table[Any, Any]
Prefix = tuple[Any, ...]  # the first columns of a key, or all of them


class Known(Protocol):
    """Where rows are looked up."""

    @property
    def now(self) -> float:
        """The time, in seconds since 1970."""

    def row(self, table: Table[K, R], key: K) -> R | None:
        """Return a row as it is now. Raises KeyError if nobody said that it would be asked for."""

    def count(self, table: "AnyTable", *prefix: Any) -> int:
        """Return how many rows there are now whose keys begin with `prefix`. Raises KeyError as `row` does."""


class Kept(Known, Protocol):
    """Where rows change as well: in the ledger, which changes what is stored, or in a node's memory."""

    def put(self, table: Table[K, R], row: R) -> None:
        """Keep this row, in place of any with the same key."""

    def drop(self, table: Table[K, R], key: K) -> None:
        """Keep no row with this key."""


class NotInMemory(KeyError):
    """Nobody said that this row would be asked for."""


class Index:
    """Rows of one log in memory: those that somebody asked for, and whether they exist. Changes to others are ignored.

    `rows` are by table and key; None if there is no such row.
    """

    __slots__ = ("_clock", "rows")

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds since 1970."""
        self._clock = clock
        self.rows: dict[AnyTable, dict[Prefix, Any]] = {}

    @property
    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self._clock()

    def has(self, table: AnyTable, key: Prefix) -> bool:
        """Whether it is known if there is a row with this key, and what it says."""
        return key in self.rows.get(table, ())

    def learn(self, table: AnyTable, key: Prefix, row: Any) -> None:
        """Know a row from now on, or with None that there is none."""
        if row is not None:  # there are many, so they share what keys hold, and their texts
            values = [*key, *row[table.width :]]
            for n in table.texts:
                if values[n] is not None:
                    values[n] = intern(values[n])
            row = tuple.__new__(table.row, values)
        if table not in self.rows:
            self.rows[table] = {}
        self.rows[table][key] = row

    def learn_all(self, found: Mapping[AnyTable, Mapping[Prefix, Any]]) -> None:
        """Know all rows that were looked up."""
        for table, rows in found.items():
            for key, row in rows.items():
                self.learn(table, key, row)

    def row(self, table: Table[K, R], key: K) -> R | None:
        """Return a row as it is now. Raises NotInMemory."""
        try:
            row: R | None = self.rows[table][key]
        except KeyError:
            raise NotInMemory(table, key) from None
        return row

    def count(self, table: AnyTable, *prefix: Any) -> int:
        """Raise NotInMemory: only some rows are."""
        raise NotInMemory(table, prefix)

    def put(self, table: Table[K, R], row: R) -> None:
        """Keep this row, in place of any with the same key."""
        if self.has(table, key := row[: table.width]):
            self.rows[table][key] = row

    def drop(self, table: Table[K, R], key: K) -> None:
        """Keep no row with this key."""
        if self.has(table, key):
            self.rows[table][key] = None


def _column(name: str, hint: Any) -> Column:
    kinds = set(get_args(hint) or (hint,))
    is_optional = type(None) in kinds
    [*rest] = kinds - {type(None)}
    if len(rest) != 1 or rest[0] not in KINDS:
        raise TypeError(f"Column {name}: {hint} can't be stored")
    return Column(name, rest[0], is_optional)
