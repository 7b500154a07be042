"""The store for more than one machine: PostgreSQL gives the numbers, and keeps log and state.

Several nodes may use one database. Each room's row is locked by the transaction that gives out its
next numbers, so these are dense and in the order of commits, whoever commits.
"""

import asyncio
import logging
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Self, TypeVar

import asyncpg
from asyncpg import Connection

from hubbub.rooms.ledger import Commit, Document, Head, Proposal
from hubbub.server.stores import migrations, queries
from hubbub.server.stores.base import (
    Durability,
    LogPage,
    Publish,
    RoomRow,
    StoredPage,
    StoredRoom,
    StoreFailed,
    Token,
)
from hubbub.server.stores.postgres_outbox import PostgresOutbox
from hubbub.server.stores.postgres_reader import PostgresReader
from hubbub.server.stores.postgres_writer import Changed, PostgresWriter
from hubbub.server.stores.tables import check_finished

T = TypeVar("T")
Q = queries.load("postgres")

READERS = 4  # connections
ANSWER_TIMEOUT = 10.0  # seconds for the database to answer
FATE_TIMEOUT = 30.0  # to find out what became of a commit whose answer was lost
RETRY_PAUSE = 0.1
ATTEMPTS = 5  # at a batch that others were in the way of
MAX_KNOWN_ROOMS = 100_000
MIGRATING = 0x68756262  # "hubb": the lock of those who bring the tables to the present

APPLICATION = "hubbub"  # as which servers are known to the database

LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, TimeoutError)
IN_THE_WAY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, Changed)

log = logging.getLogger(__name__)


class PostgresStore:
    """Keeps logs and state in the schema `hubbub` of a database. See the contract in `base`."""

    is_shared = True

    def __init__(self, url: str, durability: Durability) -> None:
        """`open` is what makes one that can be used."""
        self.epoch = ""
        self.hint_key = b""
        self._begin: str = Q.begin_full if durability == "full" else Q.begin_normal
        self._dsn, options = split(url)
        self._options: dict[str, Any] = {
            **options,
            "timeout": ANSWER_TIMEOUT,
            "command_timeout": ANSWER_TIMEOUT,
            "server_settings": {"application_name": APPLICATION},
        }
        self._known: set[str] = set()
        self._turn = asyncio.Lock()
        self._writing: Connection | None = None
        self._reading: asyncpg.Pool
        self._commits: set[Future[Commit]] = set()

    @classmethod
    async def open(cls, url: str, durability: Durability, new_epoch: Callable[[], str]) -> Self:
        """Connect, and bring the tables to the present.

        Raises:
            StoreFailed: it can't be reached, or its tables are none of ours.
        """
        store = cls(url, durability)
        try:
            store._writing = connection = await store.connect()
            meta = await prepare(connection, new_epoch)
            check_finished(meta)
            store.epoch, store.hint_key = meta["epoch"], bytes.fromhex(meta["hint_key"])
            if durability == "full" and await connection.fetchval("SHOW fsync") != "on":
                raise StoreFailed("fsync is off there; switch it on, or say --durability normal")
            store._reading = await asyncpg.create_pool(
                store._dsn, min_size=1, max_size=READERS, **store._options
            )
        except StoreFailed as error:
            store._drop()
            raise StoreFailed(f"PostgreSQL: {error}") from error
        except (*LOST, asyncpg.PostgresError, ValueError) as error:
            store._drop()
            raise StoreFailed(f"PostgreSQL: {_words(error)}") from error
        return store

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        """Store a batch; see the contract."""
        committing = asyncio.ensure_future(self._commit(proposals, at))
        self._commits.add(committing)
        committing.add_done_callback(self._commits.discard)
        return committing

    async def head(self, room: str) -> Head:
        """See the contract."""
        return await self._read(lambda reader: reader.head(room))

    async def heads(self, rooms: list[str]) -> dict[str, int]:
        """See the contract."""
        return await self._read(lambda reader: reader.heads(rooms))

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        """See the contract."""
        return await self._read(lambda reader: reader.read(room, after, upto))

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        """See the contract."""
        return await self._read(lambda reader: reader.snapshot(room, limit))

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        """See the contract."""
        return await self._read(lambda reader: reader.history(room, before, after, limit))

    async def document(self, room: str) -> Document:
        """See the contract."""
        return await self._read(lambda reader: reader.document(room))

    async def rooms(self, after: str, limit: int) -> list[RoomRow]:
        """See the contract."""
        return await self._read(lambda reader: reader.rooms(after, limit))

    async def tokens_version(self) -> int:
        """See the contract."""
        return await self._read(PostgresReader.tokens_version)

    async def tokens(self) -> list[Token]:
        """See the contract."""
        return await self._read(PostgresReader.tokens)

    async def trim(self, room: str, upto: int) -> None:
        """See the contract."""

        async def act(connection: Connection) -> None:
            rooms = await PostgresWriter(connection, self._known).lock([room])
            room_id, head = rooms[room]
            if upto >= head.kept:
                last = min(upto, head.seq)
                for query in (Q.trim_messages, Q.trim_changes, Q.trim_reactions):
                    await connection.execute(query, room_id, last)
                await connection.execute(Q.set_kept, room_id, last + 1)

        try:
            await self.in_transaction(act)
        except Changed:
            pass  # there is no such room

    async def check(self) -> None:
        """See the contract."""
        await self.head("")
        now = datetime.now(UTC).isoformat()
        await self.in_transaction(lambda connection: connection.execute(Q.touch, now))

    async def empty_outbox(self, publish: Publish) -> None:
        """See the contract."""
        await PostgresOutbox(self.connect, publish).run()

    async def in_transaction(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """Change something in a transaction of its own. Raises StoreFailed."""
        async with self._turn:
            try:
                return await self._in_transaction(act)
            except asyncpg.PostgresError as error:  # others were in the way
                raise StoreFailed(f"PostgreSQL: {_words(error)}") from error

    async def close(self) -> None:
        """See the contract."""
        await asyncio.gather(*self._commits, return_exceptions=True)
        async with self._turn:
            self._drop()
        await self._reading.close()

    async def _commit(self, proposals: Sequence[Proposal], at: str) -> Commit:
        if not proposals:
            return Commit([], [])
        if len(self._known) > MAX_KNOWN_ROOMS:
            self._known.clear()
        async with self._turn:
            for attempt in range(ATTEMPTS):
                decided: list[Commit] = []

                async def act(connection: Connection, decided: list[Commit] = decided) -> Commit:
                    writer = PostgresWriter(connection, self._known)
                    decided.append(await writer.write(proposals, at))
                    return decided[0]

                try:
                    return await self._in_transaction(act)
                except IN_THE_WAY as error:
                    log.info("a commit begins again (%d): %s", attempt + 1, _words(error))
                except StoreFailed:
                    if decided and await self._was_committed(decided[0]):
                        return decided[0]
                    raise
        raise StoreFailed("others were in the way of this commit again and again")

    async def _in_transaction(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """Act on the connection that writes, and commit. Raises StoreFailed, or one of IN_THE_WAY."""
        try:
            if self._writing is None or self._writing.is_closed():
                self._writing = await self.connect()
            connection = self._writing
            await connection.execute(self._begin)
            outcome = await act(connection)
            await connection.execute("COMMIT")
            return outcome
        except IN_THE_WAY:
            await self._roll_back()
            raise
        except BaseException as error:
            # Whatever it was, the connection's state is not relied upon any more.
            self._known.clear()
            self._drop()
            if isinstance(error, (*LOST, asyncpg.PostgresError)):
                raise StoreFailed(f"PostgreSQL: {_words(error)}") from error
            raise

    async def _was_committed(self, commit: Commit) -> bool:
        """Whether a commit is in the log that may have been answered when nobody heard it.

        Its rooms are locked first, so that one that is still under way comes to its end. All of it is
        there, or nothing. Raises StoreFailed if it can't be told.
        """
        if not commit.batches:
            return False
        batch = commit.batches[0]

        async def look(connection: Connection) -> bool:
            writer = PostgresWriter(connection, set())
            await writer.lock([batch.room])
            return await writer.holds(batch)

        until = asyncio.get_running_loop().time() + FATE_TIMEOUT
        while True:
            try:
                return await self._in_transaction(look)
            except Changed:
                return False  # not even its room is there
            except StoreFailed:
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(RETRY_PAUSE)

    async def _roll_back(self) -> None:
        try:
            if self._writing is not None:
                await self._writing.execute("ROLLBACK")
        except (*LOST, asyncpg.PostgresError):
            self._drop()

    async def _read(self, act: Callable[[PostgresReader], Awaitable[T]]) -> T:
        """Read as of one moment; once more if the connection was one that is gone."""
        for is_last in (False, True):
            try:
                async with (
                    self._reading.acquire(timeout=ANSWER_TIMEOUT) as connection,
                    connection.transaction(isolation="repeatable_read", readonly=True),
                ):
                    return await act(PostgresReader(connection))
            except LOST as error:
                if is_last:
                    raise StoreFailed(f"PostgreSQL: {_words(error)}") from error
            except asyncpg.PostgresError as error:
                raise StoreFailed(f"PostgreSQL: {_words(error)}") from error
        raise AssertionError("the second time is the last")

    async def connect(self) -> Connection:
        """A new connection. Raises what asyncpg raises."""
        return await asyncpg.connect(self._dsn, **self._options)

    def _drop(self) -> None:
        if self._writing is not None:
            self._writing.terminate()
            self._writing = None


async def prepare(connection: Connection, new_epoch: Callable[[], str]) -> dict[str, str]:
    """Bring the tables to the present, in one transaction; return what is known of all of them.

    Raises:
        StoreFailed: they are none of ours.
    """
    steps = migrations.all_steps("postgres")
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATING)
        if await connection.fetchval("SELECT to_regclass('hubbub.meta')") is None:
            if await connection.fetchval("SELECT to_regnamespace('hubbub')") is not None:
                raise StoreFailed("its schema `hubbub` is another program's")
            await connection.execute("CREATE SCHEMA hubbub")
            await connection.execute(
                "CREATE TABLE hubbub.meta (name text PRIMARY KEY, value text NOT NULL)"
            )
        version = int(
            await connection.fetchval("SELECT value FROM hubbub.meta WHERE name = 'version'") or 0
        )
        if version > steps[-1][0]:
            raise StoreFailed(f"it was written by a later hubbub (version {version})")
        for number, sql in steps:
            if number > version:
                await connection.execute(sql)
        await _set(connection, "version", str(steps[-1][0]), "excluded.value")
        await _set(connection, "epoch", new_epoch(), "meta.value")
        await _set(connection, "hint_key", token_hex(32), "meta.value")
        return dict(await connection.fetch("SELECT name, value FROM hubbub.meta"))


async def _set(connection: Connection, name: str, value: str, kept: str) -> None:
    await connection.execute(
        "INSERT INTO hubbub.meta (name, value) VALUES ($1, $2)"
        f" ON CONFLICT (name) DO UPDATE SET value = {kept}",
        name,
        value,
    )


def split(url: str) -> tuple[str, dict[str, int]]:
    """A URL without what PostgreSQL doesn't know, and that as options."""
    head, mark, query = url.partition("?")
    parameters = [part for part in query.split("&") if part]
    ours = [part for part in parameters if part.startswith("statement_cache_size=")]
    rest = "&".join(part for part in parameters if part not in ours)
    options = {name: int(value) for name, _, value in (part.partition("=") for part in ours)}
    return head + mark * bool(rest) + rest, options


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
