"""The store for more than one machine: PostgreSQL assigns the numbers, and keeps log and state.

Several nodes may use one database. The transaction that assigns a room's next numbers locks the
room's row, so numbers are dense and in commit order across all nodes.
"""

from asyncio import Future
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from secrets import token_hex
from typing import Any, Self, TypeVar

import asyncpg
from asyncpg import Connection

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Commit, Facts, Head, MessageKey, Needs, Proposal
from hubbub.domain.patterns import EVERY_NAME, Span
from hubbub.domain.records import AnyTable, R, Table
from hubbub.domain.rules import Rules
from hubbub.domain.threads import Thread
from hubbub.server.stores import queries
from hubbub.server.stores.base import (
    EVERY_ROOM,
    Activity,
    Durability,
    Important,
    LogPage,
    OwnRoom,
    OwnThreads,
    Progress,
    Publish,
    RoomRow,
    Selection,
    StoredMessages,
    StoredPage,
    StoredRoom,
    StoreFailed,
    Turn,
    Unseen,
    Written,
    untold,
)
from hubbub.server.stores.postgres import search
from hubbub.server.stores.postgres.commits import PostgresCommits
from hubbub.server.stores.postgres.failures import FAILURES, LOST, failures
from hubbub.server.stores.postgres.outbox import PostgresOutbox
from hubbub.server.stores.postgres.reader import PostgresReader, check_epoch
from hubbub.server.stores.postgres.schema import prepare
from hubbub.server.stores.postgres.turns import PostgresTurn, SpareSessions
from hubbub.server.stores.search import IndexPlace, WantedMessages
from hubbub.server.stores.tables import check_finished

T = TypeVar("T")
Q = queries.load("postgres")

READERS = 4  # connections
ANSWER_TIMEOUT = 10.0  # seconds for the database to answer

APPLICATION = "hubbub"  # as servers identify themselves to the database


class PostgresStore:
    """Keeps logs and state in the schema `hubbub` of a database. See the contract in `base`."""

    is_shared = True

    def __init__(self, url: str, durability: Durability, rules: Rules = RULES) -> None:
        """Use `open` to get a usable store."""
        self._rules = rules
        self.epoch = ""
        self.ends = 0
        self.hint_key = b""
        self._begin: str = Q.begin_full if durability == "full" else Q.begin_normal
        self._dsn, options = split(url)
        self._options: dict[str, Any] = {
            **options,
            "timeout": ANSWER_TIMEOUT,
            "command_timeout": ANSWER_TIMEOUT,
            "server_settings": {"application_name": APPLICATION},
        }
        self._name = token_hex(8)  # identifies this server among those that use these logs
        self._looks = count()
        self.sessions = SpareSessions(self.connect)  # of turns
        self._commits: PostgresCommits
        self._reading: asyncpg.Pool

    @classmethod
    async def open(
        cls,
        url: str,
        durability: Durability,
        new_epoch: Callable[[], str],
        rules: Rules = RULES,
        progress: Progress = untold,
    ) -> Self:
        """Connect, and upgrade the tables to the current version; `progress` hears how far that is.

        Raises:
            StoreFailed: it can't be reached, or its tables are not hubbub's.
        """
        store = cls(url, durability, rules)
        with failures():
            connection = await store.connect()
            try:
                await store._open(connection, new_epoch, progress)
            except BaseException:
                connection.terminate()
                raise
        return store

    async def _open(
        self, connection: Connection, new_epoch: Callable[[], str], progress: Progress
    ) -> None:
        meta = await prepare(connection, new_epoch, progress, self._rules.migrations)
        check_finished(meta)
        self.epoch, self.hint_key = meta["epoch"], bytes.fromhex(meta["hint_key"])
        if self._begin == Q.begin_full and await connection.fetchval("SHOW fsync") != "on":
            raise StoreFailed("PostgreSQL: fsync is off; turn it on, or use --durability normal")
        self._reading = await asyncpg.create_pool(
            self._dsn, min_size=0, max_size=READERS, reset=_keep, **self._options
        )
        self._commits = PostgresCommits(
            self.connect, connection, self._begin, self._rules, self.epoch
        )

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        """Store a batch; see the contract."""
        return self._commits.begin(proposals, at)

    async def head(self, room: str) -> Head:
        """See the contract."""
        return await self._read(lambda reader: reader.head(room))

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
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

    async def messages(self, keys: Sequence[MessageKey]) -> StoredMessages:
        """See the contract."""
        return await self._read(lambda reader: reader.messages(keys))

    async def edits(self, key: MessageKey, after: int, limit: int) -> list[bytes]:
        """See the contract."""
        return await self._read(lambda reader: reader.edits(key, after, limit))

    async def written(self, author: str, room: str, after: int, upto: int) -> Written:
        """See the contract."""
        return await self._read(lambda reader: reader.written(author, room, after, upto))

    async def document(self, room: str) -> Document:
        """See the contract."""
        return await self._read(lambda reader: reader.document(room))

    async def rooms(
        self, after: str, limit: int, spans: Sequence[Span] = EVERY_NAME
    ) -> list[RoomRow]:
        """See the contract."""
        return await self._read(lambda reader: reader.rooms(after, limit, spans))

    async def own_rooms(self, account: str, which: Selection = EVERY_ROOM) -> list[OwnRoom]:
        """See the contract."""
        return await self._read(lambda reader: reader.own_rooms(account, which))

    async def important(self, account: str, parts: Sequence[Unseen]) -> dict[str, Important]:
        """See the contract."""
        return await self._read(lambda reader: reader.important(account, parts))

    async def threads(self, room: str, after: int, upto: int, limit: int) -> list[Thread]:
        """See the contract."""
        return await self._read(lambda reader: reader.threads(room, after, upto, limit))

    async def newest_threads(self, room: str, after: Activity, limit: int) -> list[Thread]:
        """See the contract."""
        return await self._read(lambda reader: reader.newest_threads(room, after, limit))

    async def own_threads(
        self, account: str, after: Activity, limit: int, only_unread: bool = False
    ) -> OwnThreads:
        """See the contract."""
        return await self._read(
            lambda reader: reader.own_threads(account, after, limit, only_unread)
        )

    async def count_ends(self) -> int:
        """See the contract."""
        return await self._read(PostgresReader.ends)

    async def find(self, wanted: Needs) -> Facts:
        """See the contract."""
        return await self._read(lambda reader: reader.find(wanted))

    async def rows(self, table: Table[Any, R], *prefix: Any) -> list[R]:
        """See the contract."""
        return await self._read(lambda reader: reader.rows(table, *prefix))

    async def page(
        self, table: Table[Any, R], *prefix: Any, after: str = "", limit: int
    ) -> list[R]:
        """See the contract."""
        return await self._read(
            lambda reader: reader.page(table, *prefix, after=after, limit=limit)
        )

    async def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> list[R]:
        """See the contract."""
        return await self._read(lambda reader: reader.by(table, column, values))

    async def largest(self, table: Table[Any, R], column: str, limit: int) -> list[R]:
        """See the contract."""
        return await self._read(lambda reader: reader.largest(table, column, limit))

    async def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        """See the contract."""
        return await self._read(lambda reader: reader.totals(table, summed, column))

    async def total(self, table: AnyTable, summed: str, column: str, value: Any = None) -> int:
        """See the contract."""
        return await self._read(lambda reader: reader.total(table, summed, column, value))

    async def version_of_others(self) -> int:
        """See the contract: other nodes always may have."""
        return next(self._looks)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Turn | None]:
        """See the contract."""
        turn = await PostgresTurn.take(self.sessions, name, self.epoch)
        try:
            yield turn if turn.is_mine else None
            await turn.end()
        finally:
            turn.give_up()

    async def trim(self, room: str, upto: int) -> None:
        """See the contract."""
        await self._commits.trim(room, upto)

    async def index(self, room: str, after: int, upto: int) -> int:
        """See the contract."""
        return await self._on_some_connection(lambda: self._index_once(room, after, upto))

    async def search(self, wanted: WantedMessages) -> list[IndexPlace]:
        """See the contract."""
        return await self._read(lambda reader: reader.search(wanted))

    async def scrub(self) -> None:
        """See the contract. What it means for rows is up to the database's own vacuum."""
        with failures():
            connection = await self.connect()
            try:
                check_epoch(await connection.fetchval(Q.epoch), self.epoch)
                await search.scrub(connection)
            finally:
                await connection.close()

    async def beat(self) -> None:
        """See the contract."""
        found = await self._on_some_connection(
            lambda: self._reading.fetchval(Q.beat, self._name, timeout=ANSWER_TIMEOUT)
        )
        check_epoch(found, self.epoch)

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
        return await self._commits.in_transaction(act)

    async def close(self) -> None:
        """See the contract."""
        await self._commits.close()
        self.sessions.close()
        with suppress(*FAILURES):
            await self._reading.execute(Q.end_beats, self._name)
            await self._reading.close()
        self._reading.terminate()

    async def _read(self, act: Callable[[PostgresReader], Awaitable[T]]) -> T:
        """Read in one transaction, which sees one point in time."""
        return await self._on_some_connection(lambda: self._read_once(act))

    async def _on_some_connection(self, act: Callable[[], Awaitable[T]]) -> T:
        """Call `act`; retry if the session was ended, as may happen to all connections at once."""
        with failures():
            for _ in range(READERS):
                try:
                    return await act()
                except LOST as error:
                    if isinstance(error, TimeoutError):
                        break
            return await act()

    async def _read_once(self, act: Callable[[PostgresReader], Awaitable[T]]) -> T:
        async with (
            self._reading.acquire(timeout=ANSWER_TIMEOUT) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            reader = PostgresReader(connection, self.epoch)
            found = await act(reader)
            self.ends = max(self.ends, await reader.ends())
            return found

    async def _index_once(self, room: str, after: int, upto: int) -> int:
        async with (
            self._reading.acquire(timeout=ANSWER_TIMEOUT) as connection,
            connection.transaction(),
        ):
            check_epoch(await connection.fetchval(Q.epoch), self.epoch)
            return await search.add(connection, room, after, upto)

    async def connect(self) -> Connection:
        """Return a new connection. Raises asyncpg's exceptions."""
        return await asyncpg.connect(self._dsn, **self._options)


async def _keep(_: Connection) -> None:
    """Skip the reset of a reading session: it changes no settings, and a reset costs a round trip."""


def split(url: str) -> tuple[str, dict[str, int]]:
    """Return a URL without the parameters that PostgreSQL doesn't know, and those as options. Raises StoreFailed."""
    head, mark, query = url.partition("?")
    parameters = [part for part in query.split("&") if part]
    ours = [part for part in parameters if part.startswith("statement_cache_size=")]
    rest = "&".join(part for part in parameters if part not in ours)
    options = {}
    for name, _, value in (part.partition("=") for part in ours):
        if not value.isdecimal():
            raise StoreFailed(f"PostgreSQL: invalid {name} in the address: use a number, such as 0")
        options[name] = int(value)
    return head + mark * bool(rest) + rest, options
