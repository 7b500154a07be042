"""Keys by what they begin with: one message's rows are found without a look at those of others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from hubbub.domain.records import AnyTable, Prefix


class KeysByPrefix:
    """Finds keys of tables by their prefixes. It goes through a table once for each length of prefix, however often it is asked."""

    def __init__(self, keys: Mapping[AnyTable, Iterable[Prefix]]) -> None:
        """`keys` may grow: see `add`."""
        self._keys = keys
        self._found = defaultdict[AnyTable, dict[int, defaultdict[Prefix, list[Prefix]]]](dict)

    def under(self, table: AnyTable, prefix: Prefix) -> Sequence[Prefix]:
        """Return the keys of a table that begin so."""
        size, of_table = len(prefix), self._found[table]
        if size not in of_table:
            found = of_table[size] = defaultdict(list)
            for key in self._keys.get(table, ()):
                found[key[:size]].append(key)
        return of_table[size].get(prefix, ())

    def add(self, table: AnyTable, key: Prefix) -> None:
        """Note a new key."""
        if of_table := self._found.get(table):
            for size, found in of_table.items():
                found[key[:size]].append(key)
