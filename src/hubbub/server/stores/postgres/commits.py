"""Commits to a PostgreSQL store: one connection writes, one batch after the other, and each has a known fate in the end.

A batch that conflicts with others' transactions is tried again. If the answer to COMMIT is lost, the log tells what became of it.
"""

import asyncio
import logging
from asyncio import Future
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
from asyncpg import Connection

from hubbub.domain.facts import UNSTORABLE, Commit, Proposal
from hubbub.domain.rules import Rules
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.postgres.failures import (
    FAILURES,
    LOST,
    OF_A_VALUE,
    failed,
    failures,
    words,
)
from hubbub.server.stores.postgres.writer import PostgresWriter, RoomVanished

T = TypeVar("T")

FATE_TIMEOUT = 30.0  # seconds to find out the outcome of a commit whose answer was lost
RETRY_PAUSE = 0.1
ATTEMPTS = 5  # at a batch that conflicts with other transactions
MAX_KNOWN_ROOMS = 100_000

IN_THE_WAY = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, RoomVanished)

log = logging.getLogger(__name__)


class FateUnknown(StoreFailed):
    """COMMIT was sent but not answered: `outcome` may or may not be stored."""

    def __init__(self, message: str, outcome: Any) -> None:
        super().__init__(message)
        self.outcome = outcome


class PostgresCommits:
    """The connection that writes, and what it commits."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        connection: Connection,
        begin: str,
        rules: Rules,
        epoch: str,
    ) -> None:
        """It uses `connection`, and in place of a lost one what `connect` returns. `begin` is the statement that begins a transaction."""
        self._connect = connect
        self._connection: Connection | None = connection
        self._begin = begin
        self._rules = rules
        self._epoch = epoch
        self._known: set[str] = set()  # rooms that exist
        self._turn = asyncio.Lock()
        self._running: set[Future[Commit]] = set()

    def begin(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        """Store a batch; see `Store.commit`."""
        committing = asyncio.ensure_future(self._commit(proposals, at))
        self._running.add(committing)
        committing.add_done_callback(self._running.discard)
        return committing

    async def trim(self, room: str, upto: int) -> None:
        """Delete everything in a room up to number `upto`. Raises StoreFailed."""
        try:
            await self.in_transaction(lambda connection: self._writer(connection).trim(room, upto))
        except RoomVanished:
            pass  # there is no such room

    async def in_transaction(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """Change something in a transaction of its own. Raises StoreFailed."""
        async with self._turn:
            with failures():  # conflicts included
                return await self._in_transaction(act)

    async def close(self) -> None:
        """Answer all commits, and disconnect."""
        await asyncio.gather(*self._running, return_exceptions=True)
        async with self._turn:
            self._drop()

    async def _commit(self, proposals: Sequence[Proposal], at: str) -> Commit:
        if not proposals:
            return Commit([], [])
        if len(self._known) > MAX_KNOWN_ROOMS:
            self._known.clear()
        write = self._write
        async with self._turn:
            for attempt in range(ATTEMPTS):
                try:
                    return await self._in_transaction(
                        lambda connection: write(connection, proposals, at)  # noqa: B023 - at once
                    )
                except OF_A_VALUE:
                    write = self._write_apart
                except IN_THE_WAY as error:
                    log.info(
                        "A commit conflicted with another transaction (attempt %d): %s",
                        attempt + 1,
                        words(error),
                    )
                except FateUnknown as lost:
                    commit: Commit = lost.outcome
                    if await self._was_committed(commit):
                        return commit
                    raise
        raise StoreFailed("the commit kept conflicting with other transactions")

    async def _write(
        self, connection: Connection, proposals: Sequence[Proposal], at: str
    ) -> Commit:
        return await self._writer(connection).write(proposals, at)

    async def _write_apart(
        self, connection: Connection, proposals: Sequence[Proposal], at: str
    ) -> Commit:
        """Find the proposals that can't be written, by bisection, and refuse only these."""
        await connection.execute("SAVEPOINT apart")
        try:
            return await self._write(connection, proposals, at)
        except OF_A_VALUE as error:
            await connection.execute("ROLLBACK TO SAVEPOINT apart")
            if len(proposals) == 1:
                log.error("Can't store a change: %s", type(error).__name__)
                return Commit([UNSTORABLE], [])
        half = len(proposals) // 2
        commit = await self._write_apart(connection, proposals[:half], at)
        return commit.then(await self._write_apart(connection, proposals[half:], at))

    def _writer(self, connection: Connection) -> PostgresWriter:
        return PostgresWriter(connection, self._rules, self._epoch, self._known)

    async def _in_transaction(self, act: Callable[[Connection], Awaitable[T]]) -> T:
        """Call `act` with the writing connection, and commit.

        Raises:
            FateUnknown: it may have been committed.
            StoreFailed, LogsReplaced: it was not.
            RoomVanished, or another of IN_THE_WAY: it was not, but another attempt may succeed.
            One of OF_A_VALUE: it was not, and never can be.
        """
        try:
            with self._relying_on_it():
                connection = await self._begun()
                outcome = await act(connection)
        except (*IN_THE_WAY, *OF_A_VALUE):
            await self._roll_back()
            raise
        try:
            with self._relying_on_it():
                await connection.execute("COMMIT")
        except StoreFailed as error:
            raise FateUnknown(str(error), outcome) from error
        return outcome

    async def _begun(self) -> Connection:
        """Return the writing connection, in a transaction; a new one if its session was ended meanwhile."""
        if self._connection is not None:
            try:
                await self._connection.execute(self._begin)
            except LOST as error:
                self._drop()
                if isinstance(error, TimeoutError):
                    raise
            else:
                return self._connection
        self._connection = await self._connect()
        await self._connection.execute(self._begin)
        return self._connection

    @contextmanager
    def _relying_on_it(self) -> Iterator[None]:
        """Drop the connection after a failure, since its state is unknown."""
        try:
            yield
        except (*IN_THE_WAY, *OF_A_VALUE):
            raise
        except BaseException as error:
            self._known.clear()
            self._drop()
            if isinstance(error, FAILURES):
                raise failed(error) from error
            raise

    async def _was_committed(self, commit: Commit) -> bool:
        """Whether a commit whose answer was lost is in the log.

        Either all of it is, or nothing. Raises StoreFailed if this can't be found out.
        """
        if not commit.batches:
            return False
        until = asyncio.get_running_loop().time() + FATE_TIMEOUT
        while True:
            try:
                return await self._in_transaction(
                    lambda connection: self._writer(connection).holds(commit.batches[0])
                )
            except (StoreFailed, *IN_THE_WAY):
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(RETRY_PAUSE)

    async def _roll_back(self) -> None:
        try:
            if self._connection is not None:
                await self._connection.execute("ROLLBACK")
        except FAILURES:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
