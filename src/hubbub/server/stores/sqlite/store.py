"""The default store: one SQLite file, one thread that writes it, one that reads it."""

import os
from asyncio import Future
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Commit, Facts, Head, MessageKey, Needs, Proposal
from hubbub.domain.patterns import EVERY_NAME, Span
from hubbub.domain.records import AnyTable, Prefix, R, Table
from hubbub.domain.rules import Rules
from hubbub.domain.threads import Thread
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
from hubbub.server.stores.search import IndexPlace, WantedMessages
from hubbub.server.stores.sqlite.file import (
    FILE_NAME,
    WAY_OUT,
    check_soundness,
    connect_in,
    lock_directory,
    meta,
    open_lock,
)
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.schema import check_is_ours, prepare
from hubbub.server.stores.sqlite.scrubber import Scrubber
from hubbub.server.stores.sqlite.search import SqliteSearch
from hubbub.server.stores.sqlite.writer import SqliteWriter
from hubbub.server.stores.tables import check_finished
from hubbub.server.stores.worker import Worker

T = TypeVar("T")

CHECKPOINT_PAGES = 4000  # 16 MB of write-ahead log
READER_CACHE_KIB = 16_000  # at most; the heads of 1,000 rooms lie on 3,000 pages
OPENED_AGAIN = 1 << 32  # a connection's version of the file is less


class SqliteStore:
    """Keeps logs and state in `directory`, which it locks, unless it is used beside a server.

    Durability "full" flushes at each commit, "normal" only at checkpoints: after a power cut, the
    last commits may be missing, but the file is sound.
    """

    is_shared = False
    hint_key = b""  # there are no other nodes

    def __init__(
        self,
        directory: Path,
        durability: Durability,
        new_epoch: Callable[[], str],
        rules: Rules = RULES,
        progress: Progress = untold,
        *,
        is_beside: bool = False,
    ) -> None:
        """Open or create the database; `progress` hears how far an upgrade is.

        `is_beside`: for a command, whether or not a server uses the directory. Servers see what it commits.

        Raises:
            StoreFailed: the directory is in use or unusable, or the file is not hubbub's.
        """
        self._directory = directory
        self._durability = durability
        self._rules = rules
        self._reopened = 0
        self.ends = 0
        self._lock = open_lock(directory) if is_beside else lock_directory(directory)
        try:
            check_is_ours(directory / FILE_NAME)
            if not is_beside:
                check_soundness(directory / FILE_NAME)
            self._database = self._open_for_writing()
            self.epoch = prepare(self._database, new_epoch, progress, rules.migrations)
            check_finished(meta(self._database))
            self._read_only = connect_in(
                directory, "PRAGMA query_only = ON", f"PRAGMA cache_size = -{READER_CACHE_KIB}"
            )
            self._reader = SqliteReader(self._read_only)
            self._searching = SqliteSearch(lambda: connect_in(directory, "PRAGMA query_only = ON"))
            self._scrubber = Scrubber(directory / FILE_NAME)
            self._writer = SqliteWriter(self._database, self._rules, self._scrubber.note)
        except apsw.Error as error:
            os.close(self._lock)
            raise StoreFailed(f"{directory / FILE_NAME}: {error}. {WAY_OUT}") from error
        except StoreFailed:
            os.close(self._lock)
            raise
        self._writing = Worker("hubbub-writer")
        self._reading = Worker("hubbub-reader")

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        """Store a batch; see the contract."""
        return self._write(lambda writer: writer.commit(proposals, at))

    async def head(self, room: str) -> Head:
        """See the contract."""
        return await self._read(self._reader.head, room)

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
        """See the contract."""
        return await self._read(self._reader.heads, rooms)

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        """See the contract."""
        return await self._read(self._reader.read, room, after, upto)

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        """See the contract."""
        return await self._read(self._reader.snapshot, room, limit)

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        """See the contract."""
        return await self._read(self._reader.history, room, before, after, limit)

    async def messages(self, keys: Sequence[MessageKey]) -> StoredMessages:
        """See the contract."""
        return await self._read(self._reader.messages, keys)

    async def edits(self, key: MessageKey, after: int, limit: int) -> list[bytes]:
        """See the contract."""
        return await self._read(self._reader.edits, key, after, limit)

    async def written(self, author: str, room: str, after: int, upto: int) -> Written:
        """See the contract."""
        return await self._read(self._reader.written, author, room, after, upto)

    async def document(self, room: str) -> Document:
        """See the contract."""
        return await self._read(self._reader.document, room)

    async def rooms(
        self, after: str, limit: int, spans: Sequence[Span] = EVERY_NAME
    ) -> list[RoomRow]:
        """See the contract."""
        return await self._read(self._reader.rooms, after, limit, spans)

    async def own_rooms(self, account: str, which: Selection = EVERY_ROOM) -> list[OwnRoom]:
        """See the contract."""
        return await self._read(self._reader.own_rooms, account, which)

    async def important(self, account: str, parts: Sequence[Unseen]) -> dict[str, Important]:
        """See the contract."""
        return await self._read(self._reader.important, account, parts)

    async def threads(self, room: str, after: int, upto: int, limit: int) -> list[Thread]:
        """See the contract."""
        return await self._read(self._reader.threads, room, after, upto, limit)

    async def newest_threads(self, room: str, after: Activity, limit: int) -> list[Thread]:
        """See the contract."""
        return await self._read(self._reader.newest_threads, room, after, limit)

    async def own_threads(
        self, account: str, after: Activity, limit: int, only_unread: bool = False
    ) -> OwnThreads:
        """See the contract."""
        return await self._read(self._reader.own_threads, account, after, limit, only_unread)

    async def count_ends(self) -> int:
        """See the contract."""
        return await self._read(self._reader.ends)

    async def find(self, wanted: Needs) -> Facts:
        """See the contract."""
        return await self._read(self._reader.find, wanted)

    async def rows(self, table: Table[Any, R], *prefix: Any) -> list[R]:
        """See the contract."""
        return await self._read(self._reader.rows, table, *prefix)

    async def page(
        self, table: Table[Any, R], *prefix: Any, after: str = "", limit: int
    ) -> list[R]:
        """See the contract."""
        return await self._read(self._reader.page, table, prefix, after, limit)

    async def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> list[R]:
        """See the contract."""
        return await self._read(self._reader.by, table, column, values)

    async def largest(self, table: Table[Any, R], column: str, limit: int) -> list[R]:
        """See the contract."""
        return await self._read(self._reader.largest, table, column, limit)

    async def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        """See the contract."""
        return await self._read(self._reader.totals, table, summed, column)

    async def total(self, table: AnyTable, summed: str, column: str, value: Any = None) -> int:
        """See the contract."""
        return await self._read(self._reader.total, table, summed, column, value)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Turn]:
        """Always give the turn: no other node can use this file."""
        turn = SqliteTurn(self)
        yield turn
        if turn.rows or turn.keys:
            await self._write(lambda writer: writer.put(turn.rows, turn.keys))

    async def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        """Return the records with these keys."""
        return await self._read(self._reader.get, table, keys)

    async def version_of_others(self) -> int:
        """See the contract. Only commands for operators write to this file beside a server."""
        version = await self._write(lambda writer: writer.version_of_others())
        return self._reopened * OPENED_AGAIN + version

    async def trim(self, room: str, upto: int) -> None:
        """See the contract."""
        while await self._write(lambda writer: writer.trim(room, upto)):
            pass  # other changes get in between

    async def index(self, room: str, after: int, upto: int) -> int:
        """See the contract."""
        return await self._write(lambda writer: writer.index(room, after, upto))

    async def search(self, wanted: WantedMessages) -> list[IndexPlace]:
        """See the contract."""
        found = await self._searching.find(wanted)
        await self.count_ends()
        return found

    async def scrub(self) -> None:
        """See the contract."""
        await self._write(lambda _: self._scrubber.scrub(self._database))

    async def beat(self) -> None:
        """Do nothing: the lock on the directory tells that a server uses it."""

    async def check(self) -> None:
        """See the contract."""
        await self._read(self._reader.head, "")
        now = datetime.now(UTC).isoformat()
        await self._write(lambda writer: writer.touch(now))

    async def empty_outbox(self, publish: Publish) -> None:
        """Return at once: nobody else can write to this file while a server uses it."""

    async def close(self) -> None:
        """See the contract."""
        for worker in (self._searching, self._reading, self._writing):
            await worker.close()
        self._read_only.close()
        self._database.close()  # the last connection to close moves the write-ahead log into the file
        self._scrubber.close()
        os.close(self._lock)

    def _write(self, act: Callable[[SqliteWriter], T]) -> "Future[T]":
        return self._writing.do(partial(self._guard, act))

    def _guard(self, act: Callable[[SqliteWriter], T]) -> T:
        """Call `act` in the writer's thread. After a failure, the connection is not trusted any more.

        A flush that failed once may report success the next time although the pages are lost, so
        later calls use what a new connection finds in the file.
        """
        try:
            return act(self._writer)
        except apsw.Error as error:
            self._reopen()
            raise StoreFailed(str(error)) from error

    def _reopen(self) -> None:
        self._reopened += 1
        try:
            self._database.close()
            self._database = self._open_for_writing()
            self._writer = SqliteWriter(self._database, self._rules, self._scrubber.note)
        except apsw.Error as error:
            raise StoreFailed(str(error)) from error

    async def _read(self, act: Callable[..., T], *args: Any) -> T:
        try:
            return await self._reading.do(lambda: self._read_now(act, *args))
        except apsw.Error as error:
            raise StoreFailed(str(error)) from error

    def _read_now(self, act: Callable[..., T], *args: Any) -> T:
        """Read in the reader's thread, and then how many credentials have ended: those that had ended before are among them."""
        found = act(*args)
        self.ends = self._reader.ends()
        return found

    def _open_for_writing(self) -> apsw.Connection:
        return connect_in(
            self._directory,
            f"PRAGMA synchronous = {self._durability.upper()}",
            f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
        )


class SqliteTurn:
    """A turn. See the contract in `base`."""

    def __init__(self, store: SqliteStore) -> None:
        self.rows: list[tuple[AnyTable, Sequence[Prefix]]] = []
        self.keys: list[tuple[AnyTable, Sequence[Prefix]]] = []
        self._store = store

    async def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        """See the contract."""
        return await self._store.get(table, keys)

    async def put(self, table: Table[Any, R], rows: Sequence[R]) -> None:
        """See the contract."""
        self.rows.append((table, rows))

    async def drop(self, table: Table[Any, R], keys: Sequence[Prefix]) -> None:
        """See the contract."""
        self.keys.append((table, keys))
