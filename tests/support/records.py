"""Records in memory, and how tests reach those of each database."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import apsw
import asyncpg

from hubbub.domain.facts import Facts, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Prefix
from hubbub.server.stores import records
from hubbub.server.stores.postgres.records import POSTGRES, PostgresRecords
from hubbub.server.stores.records import Between
from hubbub.server.stores.sqlite.records import SQLITE, SqliteRecords
from tests.support.postgres import Postgres


class MemoryRecords:
    """Records in their plainest form: a dictionary for each table."""

    def __init__(self, tables: Sequence[AnyTable]) -> None:
        self.rows: dict[AnyTable, dict[Prefix, Any]] = {table: {} for table in tables}

    def learn(self, wanted: Needs, facts: Facts) -> None:
        facts.expect(wanted)
        for table, keys in wanted.rows.items():
            for key in keys & self.rows[table].keys():
                facts.found(table, [self.rows[table][key]])
        for table, prefixes in wanted.lists.items():
            for prefix in prefixes:
                facts.found(table, [self.rows[table][key] for key in self._keys(table, prefix)])
        for table, prefixes in wanted.counts.items():
            for prefix in prefixes:
                facts.counts[table][prefix] = len(self._keys(table, prefix))

    def write(self, ledger: Ledger) -> None:
        for table, prefixes in ledger.dropped.items():
            for prefix in prefixes:
                for key in self._keys(table, prefix):
                    del self.rows[table][key]
        for table, changed in ledger.rows.items():
            for key, row in changed.items():
                self.rows[table].pop(key, None)
                if row is not None:
                    self.rows[table][key] = row

    def read(self, table: AnyTable, *prefix: Any, between: Between | None = None) -> Iterator[Any]:
        rows = [self.rows[table][key] for key in sorted(self._keys(table, prefix))]
        if between is None:
            return iter(rows)
        seqs = [getattr(row, str(table.trimmed_by)) for row in rows]
        found = [
            (seq, row)
            for seq, row in zip(seqs, rows, strict=True)
            if between.first <= seq <= between.last
        ]
        found.sort(key=lambda each: (each[0], each[1][: table.width]))
        rows = [row for _, row in found]
        return reversed(rows) if between.is_backwards else iter(rows)

    def clear(self, table: AnyTable, *prefix: Any, between: Between | None = None) -> None:
        for row in list(self.read(table, *prefix, between=between)):
            del self.rows[table][row[: table.width]]

    def _keys(self, table: AnyTable, prefix: Prefix) -> list[Prefix]:
        return [key for key in self.rows[table] if key[: len(prefix)] == prefix]


class Kept(Protocol):
    """Records as tests use them, whatever keeps them."""

    async def learn(self, wanted: Needs, facts: Facts) -> None: ...
    async def write(self, ledger: Ledger) -> None: ...
    async def read(
        self, table: AnyTable, *prefix: Any, between: Between | None = None
    ) -> list[Any]: ...
    async def clear(
        self, table: AnyTable, *prefix: Any, between: Between | None = None
    ) -> None: ...


class AtOnce:
    """Records that need not be waited for."""

    def __init__(self, kept: MemoryRecords | SqliteRecords) -> None:
        self._kept = kept

    async def learn(self, wanted: Needs, facts: Facts) -> None:
        self._kept.learn(wanted, facts)

    async def write(self, ledger: Ledger) -> None:
        self._kept.write(ledger)

    async def read(
        self, table: AnyTable, *prefix: Any, between: Between | None = None
    ) -> list[Any]:
        return list(self._kept.read(table, *prefix, between=between))

    async def clear(self, table: AnyTable, *prefix: Any, between: Between | None = None) -> None:
        self._kept.clear(table, *prefix, between=between)


class Waiting(PostgresRecords):
    """PostgreSQL's, whose drops are part of another statement."""

    async def write(self, ledger: Ledger) -> None:
        steps, columns = self.dropping(ledger, after=1)
        await self._connection.execute(
            f"WITH other AS (SELECT $1::bigint){steps} SELECT", 1, *columns
        )
        await self.put_decided(ledger)


@asynccontextmanager
async def in_memory(tables: Sequence[AnyTable], _: Postgres) -> AsyncIterator[Kept]:
    yield AtOnce(MemoryRecords(tables))


@asynccontextmanager
async def in_sqlite(tables: Sequence[AnyTable], _: Postgres) -> AsyncIterator[Kept]:
    database = apsw.Connection(":memory:")
    for table in tables:
        database.execute(records.create(SQLITE, table))
    yield AtOnce(SqliteRecords(database))
    database.close()


@asynccontextmanager
async def in_postgresql(tables: Sequence[AnyTable], server: Postgres) -> AsyncIterator[Kept]:
    database = await asyncpg.connect(await server.fresh())
    await database.execute("CREATE SCHEMA hubbub")
    for table in tables:
        await database.execute(records.create(POSTGRES, table))
    yield Waiting(database)
    await database.close()


Open = Callable[[Sequence[AnyTable], Postgres], AbstractAsyncContextManager[Kept]]
KEPT: dict[str, Open] = {"memory": in_memory, "sqlite": in_sqlite, "postgres": in_postgresql}
