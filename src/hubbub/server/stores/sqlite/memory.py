"""Rows that are asked for again and again, kept in memory by the one connection that writes them."""

from typing import Any

from hubbub.domain.facts import Facts, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Prefix

MOST = 100_000  # rows; beyond that all are forgotten


class RowMemory:
    """What is known of the rows of tables that are `is_remembered`, also which of them don't exist."""

    def __init__(self) -> None:
        self._rows: dict[AnyTable, dict[Prefix, Any]] = {}

    def unknown(self, wanted: Needs) -> Needs:
        """Return what still has to be read."""
        rest = Needs(wanted.logs, wanted.posts, wanted.messages, wanted.rows.copy(), wanted.counts)
        for table, keys in wanted.rows.items():
            if known := self._rows.get(table):
                if missing := keys - known.keys():
                    rest.rows[table] = missing
                else:
                    del rest.rows[table]
        return rest

    def complete(self, wanted: Needs, facts: Facts) -> None:
        """Remember what was read, and add what was known before."""
        for table, keys in wanted.rows.items():
            if not table.is_remembered:
                continue
            known, found = self._rows.setdefault(table, {}), facts.rows.setdefault(table, {})
            known.update(found)
            for key in keys - found.keys():
                found[key] = known[key]
        if sum(map(len, self._rows.values())) > MOST:
            self.clear()

    def follow(self, ledger: Ledger) -> None:
        """Know what was decided."""
        for table in ledger.dropped:
            self._rows.pop(table, None)
        for table, rows in ledger.rows.items():
            if table.is_remembered:
                self._rows.setdefault(table, {}).update(rows)

    def clear(self) -> None:
        """Forget everything, since it may have been changed otherwise."""
        self._rows.clear()
