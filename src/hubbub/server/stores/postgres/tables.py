"""The tables of a PostgreSQL store; see `tables`."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import asyncpg

from hubbub.domain.aspects import RULES
from hubbub.domain.records import R, Table
from hubbub.protocol.messages import Message
from hubbub.server.stores import migrations, queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.postgres import search
from hubbub.server.stores.postgres.failures import FAILURES, failed, failures
from hubbub.server.stores.postgres.records import PostgresRecords
from hubbub.server.stores.postgres.schema import empty_index, keep_servers_out, prepare
from hubbub.server.stores.postgres.store import split
from hubbub.server.stores.records import Between
from hubbub.server.stores.tables import (
    EventRows,
    IndexFault,
    MessageState,
    OtherEvent,
    RoomState,
    check_version,
)

Q = queries.load("postgres_tables")
STORE = queries.load("postgres")
RETAKING = queries.load("retaking")

log = logging.getLogger(__name__)


class PostgresTables:
    """Reads or writes the schema `hubbub` of a database, in one transaction at a time."""

    def __init__(self, connection: asyncpg.Connection, *, is_atomic: bool) -> None:
        self._connection = connection
        self._records = PostgresRecords(connection)
        self._is_atomic = is_atomic
        self._transaction: Any = None
        self._ids: dict[str, int] = {}
        self.kept = ""

    @classmethod
    async def source(cls, url: str) -> Self:
        """Open existing tables for reading. Raises StoreFailed if hubbub has none there."""
        async with cls._opening(url, is_atomic=True) as tables:
            await tables.renew()
            if not await tables._has("meta"):
                raise StoreFailed("PostgreSQL: hubbub has no data in this database")
            version = int((await tables.meta())["version"])
            check_version(version, migrations.newest("postgres"))
        return tables

    @classmethod
    async def target(cls, url: str) -> Self:
        """Open the target of a copy, creating the tables if needed. Raises StoreFailed if a server uses it."""
        async with cls._opening(url, is_atomic=False) as tables:
            await tables._begin()
            await prepare(tables._connection, lambda: "")
            await tables._check_unused()
        return tables

    @classmethod
    async def replacement(cls, url: str) -> Self:
        """Open empty tables in place of the existing ones, which are kept in the schema `kept`.

        Nothing changes until the commit. Raises StoreFailed if a server uses the database.
        """
        async with cls._opening(url, is_atomic=True) as tables:
            await tables._begin()
            await keep_servers_out(tables._connection)
            if await tables._has("meta"):
                # A server that has not reported itself reads and writes either before this or in the new logs, never in a mix.
                await tables._connection.execute("LOCK TABLE hubbub.room, hubbub.meta")
                await tables._check_unused()
                await tables._keep(f"hubbub_replaced_{datetime.now(UTC):%Y%m%dt%H%M%S%f}")
            await prepare(tables._connection, lambda: "")
            for who in await tables._connection.fetch(Q.who_may_post, tables.kept):
                await tables._connection.execute(f"GRANT USAGE ON SCHEMA hubbub TO {who[0]}")
        return tables

    @classmethod
    @asynccontextmanager
    async def _opening(cls, url: str, *, is_atomic: bool) -> AsyncIterator[Self]:
        """The connection stays open after the block unless the block raises an exception."""
        dsn, options = split(url)
        with failures():
            tables = cls(await asyncpg.connect(dsn, **options), is_atomic=is_atomic)
            try:
                yield tables
            except BaseException:
                tables._connection.terminate()
                raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.terminate()
        if isinstance(error, FAILURES):
            raise failed(error) from error

    async def is_in_use(self) -> bool:
        """See the contract."""
        return await self._has("node") and await self._connection.fetchval(Q.is_in_use)

    async def renew(self) -> None:
        """See the contract."""
        if self._transaction is not None:
            await self._transaction.rollback()
        await self._begin(isolation="repeatable_read", readonly=True)

    async def waiting(self) -> int:
        """See the contract."""
        waiting: int = await self._connection.fetchval(Q.waiting)
        return waiting

    async def meta(self) -> dict[str, str]:
        """See the contract."""
        return dict(await self._connection.fetch("SELECT name, value FROM hubbub.meta"))

    async def empty_index(self) -> None:
        """See the contract."""
        await empty_index(self._connection)

    async def index_faults(
        self, room: str, after: int, upto: int, messages: Sequence[Message]
    ) -> list[IndexFault]:
        """See the contract."""
        return await search.faults(self._connection, room, after, upto, messages)

    async def index_strays(self) -> int:
        """See the contract: a row has its terms."""
        return 0

    async def set_meta(self, name: str, value: str | None) -> None:
        """See the contract."""
        await self._connection.execute("DELETE FROM hubbub.meta WHERE name = $1", name)
        if value is not None:
            sql = "INSERT INTO hubbub.meta (name, value) VALUES ($1, $2)"
            await self._connection.execute(sql, name, value)

    async def rooms(self, after: str = "") -> list[RoomState]:
        """See the contract."""
        return [RoomState(*row) for row in await self._connection.fetch(Q.rooms, after)]

    async def room(self, name: str) -> RoomState | None:
        """See the contract."""
        row = await self._connection.fetchrow(Q.room, name)
        return RoomState(*row) if row else None

    async def messages(self, room: str, after: int, upto: int) -> list[MessageState]:
        """See the contract."""
        return [MessageState(*row) for row in await self._between(Q.messages, room, after, upto)]

    async def changes(self, room: str, after: int, upto: int) -> list[OtherEvent]:
        """See the contract."""
        return [OtherEvent(*row) for row in await self._between(Q.changes, room, after, upto)]

    async def records(
        self, table: Table[Any, R], *prefix: Any, between: Between | None = None
    ) -> list[R]:
        """See the contract."""
        return await self._records.read(table, *prefix, between=between)

    async def put_records(
        self, table: Table[Any, R], rows: list[R], *prefix: Any, between: Between | None = None
    ) -> None:
        """See the contract."""
        await self._records.clear(table, *prefix, between=between)
        if between is None:
            await self._records.add(table, rows)
        elif rows:  # an earlier copy may have them at other events, as rows of threads move on
            await self._records.put(table, rows)

    async def put_room(self, room: RoomState) -> None:
        """See the contract."""
        self._ids[room.name] = room_id = await self._connection.fetchval(Q.put_room, *room)
        for query in (STORE.trim_messages, STORE.trim_changes):
            await self._connection.execute(query, room_id, room.kept - 1)
        for table in RULES.trimmed:
            await self._records.clear(table, room.name, between=Between(0, room.kept - 1))

    async def add(self, room: str, events: EventRows) -> None:
        """See the contract."""
        room_id = await self._room_id(room)
        for table, rows in (("message", events.messages), ("change", events.changes)):
            if rows:
                await self._connection.copy_records_to_table(
                    table,
                    schema_name="hubbub",
                    columns=("room", *rows[0]._fields),
                    records=[(room_id, *row) for row in rows],
                )

    async def set_messages(self, room: str, messages: Sequence[MessageState]) -> None:
        """See the contract."""
        room_id = await self._room_id(room)
        for each in messages:
            state = (room_id, each.seq, each.posted, each.edited, each.is_deleted)
            await self._connection.execute(Q.set_message, *state)
            if each.is_deleted:
                await self._connection.execute(Q.erase_changes, room_id, each.seq)

    async def erase(self, room: str, about: int) -> None:
        """See the contract."""
        await self._connection.execute(Q.erase_changes, await self._room_id(room), about)

    async def erase_edits(self, room: str, message: int, before: int) -> None:
        """See the contract."""
        await self._connection.execute(Q.erase_edits, await self._room_id(room), message, before)

    async def erase_previews(self, room: str, message: int, before: int) -> None:
        """See the contract."""
        given = [await self._room_id(room)], [message], [before]
        await self._connection.execute(STORE.erase_previews, *given)

    async def erase_reactions(self, room: str, message: int, of: str) -> None:
        """See the contract."""
        given = [await self._room_id(room)], [message], [of]
        await self._connection.execute(STORE.erase_reactions, *given)

    async def erase_names(self, room: str, account: str) -> None:
        """See the contract."""
        given = [await self._room_id(room)], [account]
        await self._connection.execute(STORE.erase_names, *given)

    async def end_sessions(self) -> None:
        """End all sessions, some of which may have been ended in the replaced tables."""
        await self._connection.execute(Q.end_sessions)

    async def delete_again(self) -> None:
        """Delete the messages that were deleted in the replaced tables, and the events that those no longer keep."""
        await self._connection.execute(Q.mark_origin)
        if self.kept:
            await self._connection.execute(Q.count_replies, -1)
            for query in (Q.delete_again, Q.erase_again, Q.untitle, Q.erase_titles):
                await self._connection.execute(query.format(kept=self.kept))
            await self._connection.execute(Q.count_replies, 1)
            for table in RULES.erased:
                await self._records.forget(table)
            for row in await self._connection.fetch(Q.trimmed_since.format(kept=self.kept)):
                await self.put_room(RoomState(*row))

    async def take_again(self) -> None:
        """Take the rights that were taken in the replaced tables, as far as those can be read."""
        if not self.kept:
            return
        try:
            async with self._connection.transaction():
                for query in vars(RETAKING).values():
                    await self._connection.execute(
                        query.format(here="hubbub.", there=f"{self.kept}.")
                    )
        except asyncpg.SyntaxOrAccessError as error:
            log.warning(
                "Can't read from the schema %s which rights were taken since the backup (%s);"
                " it is as it was then",
                *(self.kept, error),
            )

    async def flush(self) -> None:
        """See the contract."""
        if not self._is_atomic:
            await self.commit()

    async def commit(self) -> None:
        """See the contract."""
        await self._transaction.commit()
        await self._begin()

    async def _keep(self, schema: str) -> None:
        """Give the existing tables another name."""
        self.kept = schema
        await self._connection.execute(f"ALTER SCHEMA hubbub RENAME TO {schema}")

    async def _begin(self, **options: Any) -> None:
        self._transaction = self._connection.transaction(**options)
        await self._transaction.start()

    async def _has(self, table: str) -> bool:
        found: bool = await self._connection.fetchval(
            "SELECT to_regclass($1) IS NOT NULL", f"hubbub.{table}"
        )
        return found

    async def _check_unused(self) -> None:
        if await self.is_in_use():
            raise StoreFailed(
                "PostgreSQL: a server is using this database, or used it until just now: stop it, or wait 10 seconds"
                " if it was killed"
            )

    async def _room_id(self, room: str) -> int:
        if room not in self._ids:
            self._ids[room] = await self._connection.fetchval(Q.room_id, room)
        return self._ids[room]

    async def _between(self, query: str, room: str, after: int, upto: int) -> list[Any]:
        room_id = await self._room_id(room)
        rows: list[Any] = await self._connection.fetch(query, room_id, after, upto)
        return rows
