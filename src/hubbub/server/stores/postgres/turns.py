"""Turns: what only one node may do at a time. A lock of PostgreSQL, for one transaction, says whose turn it is.

The lock goes with the session, so a node that dies gives it up; a node that stalls loses its session.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

from asyncpg import Connection

from hubbub.domain.records import Prefix, R, Table
from hubbub.server.stores import queries
from hubbub.server.stores.postgres.failures import LOST, failures
from hubbub.server.stores.postgres.reader import check_epoch
from hubbub.server.stores.postgres.records import PostgresRecords

Q = queries.load("postgres")

MAX_IDLE = 30_000  # milliseconds for which a node that has stalled can block the others
SPARE = 3  # sessions: as many as there are reactors that read on after each commit


async def take_turn(connection: Connection, name: str) -> bool:
    """Take the turn at something until the end of this transaction. Returns False if another node has it."""
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {MAX_IDLE}")
    mine: bool = await connection.fetchval(Q.take_turn, number_of(name))
    return mine


def number_of(name: str) -> int:
    """Return the number of the lock for a turn."""
    digest = hashlib.sha256(f"hubbub {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class SpareSessions:
    """The sessions of turns that have ended, kept for the next ones: turns follow each commit, and a new session is expensive."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self.connect = connect
        self._spare: list[Connection] = []
        self._most = SPARE

    def spare(self) -> Connection | None:
        """Return one that was kept, if there is any. It may have ended meanwhile."""
        return self._spare.pop() if self._spare else None

    def keep(self, connection: Connection) -> None:
        """Keep one whose turn has ended, unless there are enough."""
        if len(self._spare) < self._most:
            self._spare.append(connection)
        else:
            connection.terminate()

    def close(self) -> None:
        """End those that are kept, and keep no more."""
        self._most = 0
        while self._spare:
            self._spare.pop().terminate()


class PostgresTurn:
    """A turn, in a transaction over a session of its own. See the contract in `base`."""

    def __init__(self, sessions: SpareSessions, connection: Connection) -> None:
        """Use `take` to get one."""
        self._sessions = sessions
        self._connection = connection
        self._has_ended = False
        self._transaction = connection.transaction()
        self._records = PostgresRecords(connection)
        self.is_mine = False

    @classmethod
    async def take(cls, sessions: SpareSessions, name: str, epoch: str) -> Self:
        """Take the turn at something, if no other node has it. Raises StoreFailed, LogsReplaced."""
        with failures():
            while (spare := sessions.spare()) is not None:
                try:
                    return await cls(sessions, spare)._begun(name, epoch)
                except LOST as error:
                    if isinstance(error, TimeoutError):  # nor would a new one be answered
                        raise
            return await cls(sessions, await sessions.connect())._begun(name, epoch)

    async def _begun(self, name: str, epoch: str) -> Self:
        try:
            await self._begin(name, epoch)
        except BaseException:
            self.give_up()
            raise
        return self

    async def _begin(self, name: str, epoch: str) -> None:
        await self._transaction.start()
        check_epoch(await self._connection.fetchval(Q.epoch), epoch)
        self.is_mine = await take_turn(self._connection, name)

    async def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        """See the contract."""
        with failures():
            return await self._records.get(table, keys)

    async def put(self, table: Table[Any, R], rows: Sequence[R]) -> None:
        """See the contract."""
        with failures():
            await self._records.put(table, rows)

    async def drop(self, table: Table[Any, R], keys: Sequence[Prefix]) -> None:
        """See the contract."""
        with failures():
            await self._records.drop(table, keys)

    async def end(self) -> None:
        """Make what was put permanent. Raises StoreFailed if the turn was lost: then it isn't."""
        with failures():
            await self._transaction.commit()
        self._has_ended = True
        self._sessions.keep(self._connection)

    def give_up(self) -> None:
        """Give the turn up, if it has not ended, and its session with it."""
        if not self._has_ended:
            self._connection.terminate()
