"""Rows that are asked for again and again, kept in memory by the one connection that writes them."""

from collections import defaultdict
from itertools import repeat
from typing import Any

from hubbub.domain.facts import Facts, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Prefix

MOST = 100_000  # rows; beyond that all are forgotten
UNKNOWN = object()  # in place of a row


class RowMemory:
    """What is known of the rows of tables that are `is_remembered`, also which of them don't exist."""

    def __init__(self) -> None:
        self._rows: defaultdict[AnyTable, dict[Prefix, Any]] = defaultdict(dict)

    def recall(self, wanted: Needs, facts: Facts) -> Needs:
        """Add what is known to the facts; return what still has to be read."""
        rest = Needs(counts=wanted.counts)
        rest.lists.update(wanted.lists)
        for table, keys in wanted.rows.items():
            if not table.is_remembered:
                rest.rows[table] = keys
                continue
            found = dict(zip(keys, map(self._rows[table].get, keys, repeat(UNKNOWN)), strict=True))
            facts.rows[table] = found
            if UNKNOWN in found.values():
                rest.rows[table] = {key for key, row in found.items() if row is UNKNOWN}
        return rest

    def remember(self, read: Needs, facts: Facts) -> None:
        """Know what was read."""
        for table, keys in read.rows.items():
            if table.is_remembered:
                found = facts.rows[table]
                self._rows[table].update((key, found[key]) for key in keys)
        if sum(map(len, self._rows.values())) > MOST:
            self.clear()

    def follow(self, ledger: Ledger) -> None:
        """Know what was decided."""
        for table in ledger.dropped:
            self._rows.pop(table, None)
        for table, rows in ledger.rows.items():
            if table.is_remembered:
                self._rows[table].update(rows)

    def clear(self) -> None:
        """Forget everything, since it may have been changed otherwise."""
        self._rows.clear()
