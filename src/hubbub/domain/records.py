"""Tables of records as the rules see them: a name, a key and rows. Knows nothing of SQL."""

from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
R = TypeVar("R", bound=tuple[Any, ...])


class Table(Generic[K, R]):
    """A table of records. Key and row are NamedTuples, and the key's fields begin the row's.

    A row's key is therefore `row[:table.width]`. The first column of a key names the log that guards
    the row: whoever puts or drops the row also writes to that log, so the log's lock covers both.
    """

    def __init__(
        self, name: str, key: type[K], row: type[R], *, trimmed_by: str | None = None
    ) -> None:
        """`trimmed_by` is a column with a seq of that log: the row goes when the log is trimmed past it.

        Raises TypeError if the row doesn't begin with the key.
        """
        self.name = name
        self.trimmed_by = trimmed_by
        self.width = len(key.__annotations__)
        if list(row.__annotations__)[: self.width] != list(key.__annotations__):
            raise TypeError(f"The rows of {name} do not begin with their key")

    def __repr__(self) -> str:
        return f"<Table {self.name}>"


AnyTable = Table[Any, Any]
Prefix = tuple[Any, ...]  # the first columns of a key, or all of them
