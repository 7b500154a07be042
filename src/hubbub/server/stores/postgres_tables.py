"""The tables of a PostgreSQL store; see `tables`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

import asyncpg

from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.postgres import APPLICATION, prepare, split
from hubbub.server.stores.tables import (
    Change,
    Events,
    MessageState,
    Reaction,
    RoomState,
    TokenState,
)

Q = queries.load("postgres_tables")
STORE = queries.load("postgres")


class PostgresTables:
    """Reads or writes the schema `hubbub` of a database, in one transaction at a time."""

    def __init__(self, connection: asyncpg.Connection, *, is_atomic: bool) -> None:
        self._connection = connection
        self._is_atomic = is_atomic
        self._transaction: Any = None
        self._ids: dict[str, int] = {}
        self.kept = ""

    @classmethod
    async def source(cls, url: str) -> Self:
        """What there is. Raises StoreFailed if there is nothing of ours."""
        tables = await cls._connect(url, is_atomic=True)
        await tables._begin(isolation="repeatable_read", readonly=True)
        if await tables._connection.fetchval("SELECT to_regclass('hubbub.meta')") is None:
            await tables.close()
            raise StoreFailed("PostgreSQL: there are no rooms of hubbub's in that database")
        return tables

    @classmethod
    async def target(cls, url: str) -> Self:
        """Where to copy to. Raises StoreFailed if a server uses it."""
        tables = await cls._connect(url, is_atomic=False)
        try:
            await tables._check_unused()
            await prepare(tables._connection, lambda: "")
            await tables._begin()
        except BaseException:
            await tables.close()
            raise
        return tables

    @classmethod
    async def replacement(cls, url: str) -> Self:
        """Empty ones, in the place of what there is, which keeps existing as the schema `kept`.

        All is there at once, with the commit, or nothing is changed. Raises StoreFailed if a server uses it.
        """
        tables = await cls._connect(url, is_atomic=True)
        try:
            await tables._check_unused()
            await tables._begin()
            if await tables._connection.fetchval("SELECT to_regclass('hubbub.meta')") is not None:
                tables.kept = f"hubbub_replaced_{datetime.now(UTC):%Y%m%dt%H%M%S}"
                await tables._connection.execute(f"ALTER SCHEMA hubbub RENAME TO {tables.kept}")
            await prepare(tables._connection, lambda: "")
        except BaseException:
            await tables.close()
            raise
        return tables

    @classmethod
    async def _connect(cls, url: str, *, is_atomic: bool) -> Self:
        dsn, options = split(url)
        try:
            connection = await asyncpg.connect(dsn, **options)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise StoreFailed(f"PostgreSQL: {error}") from error
        return cls(connection, is_atomic=is_atomic)

    async def is_in_use(self) -> bool:
        """See the contract."""
        await self._connection.execute("SELECT pg_stat_clear_snapshot()")
        found: bool = await self._connection.fetchval(Q.others, APPLICATION)
        return found

    async def meta(self) -> dict[str, str]:
        """See the contract."""
        return dict(await self._connection.fetch("SELECT name, value FROM hubbub.meta"))

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

    async def changes(self, room: str, after: int, upto: int) -> list[Change]:
        """See the contract."""
        return [Change(*row) for row in await self._between(Q.changes, room, after, upto)]

    async def reactions(self, room: str, after: int, upto: int) -> list[Reaction]:
        """See the contract."""
        return [Reaction(*row) for row in await self._between(Q.reactions, room, after, upto)]

    async def tokens(self) -> list[TokenState]:
        """See the contract."""
        return [TokenState(*row) for row in await self._connection.fetch(Q.tokens)]

    async def put_room(self, room: RoomState) -> None:
        """See the contract."""
        self._ids[room.name] = room_id = await self._connection.fetchval(Q.put_room, *room)
        for query in (STORE.trim_messages, STORE.trim_changes, STORE.trim_reactions):
            await self._connection.execute(query, room_id, room.kept - 1)

    async def add(self, room: str, events: Events) -> None:
        """See the contract."""
        room_id = await self._room_id(room)
        for table, rows in (
            ("message", events.messages),
            ("change", events.changes),
            ("reaction", events.reactions),
        ):
            if rows:
                await self._connection.copy_records_to_table(
                    table,
                    schema_name="hubbub",
                    columns=("room", *rows[0]._fields),
                    records=[(room_id, *row) for row in rows],
                )

    async def set_states(
        self, room: str, messages: Sequence[MessageState], reactions: Sequence[Reaction]
    ) -> None:
        """See the contract."""
        room_id = await self._room_id(room)
        for each in messages:
            state = (room_id, each.seq, each.edited, each.is_deleted)
            await self._connection.execute(Q.set_message, *state)
            await self._connection.execute(Q.drop_reactions, room_id, each.seq)
        await self.add(room, Events([], [], list(reactions)))

    async def put_tokens(self, tokens: Sequence[TokenState]) -> None:
        """See the contract."""
        await self._connection.execute("DELETE FROM hubbub.token")
        await self._connection.copy_records_to_table(
            "token", schema_name="hubbub", columns=TokenState._fields, records=tokens
        )

    async def flush(self) -> None:
        """See the contract."""
        if not self._is_atomic:
            await self.commit()

    async def commit(self) -> None:
        """See the contract."""
        await self._transaction.commit()
        await self._begin()

    async def close(self) -> None:
        """See the contract."""
        self._connection.terminate()

    async def _begin(self, **options: Any) -> None:
        self._transaction = self._connection.transaction(**options)
        await self._transaction.start()

    async def _check_unused(self) -> None:
        if await self.is_in_use():
            raise StoreFailed("PostgreSQL: a server uses that database; stop it first")

    async def _room_id(self, room: str) -> int:
        if room not in self._ids:
            self._ids[room] = await self._connection.fetchval(Q.room_id, room)
        return self._ids[room]

    async def _between(self, query: str, room: str, after: int, upto: int) -> list[Any]:
        room_id = await self._room_id(room)
        rows: list[Any] = await self._connection.fetch(query, room_id, after, upto)
        return rows
