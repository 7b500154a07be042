"""The tables of an SQLite store; see `tables`."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw

from hubbub.domain.aspects import RULES
from hubbub.domain.records import R, Table
from hubbub.protocol.messages import Message
from hubbub.server.stores import migrations, queries
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.records import Between
from hubbub.server.stores.sqlite.file import FILE_NAME, connect, locked, meta
from hubbub.server.stores.sqlite.index_check import SqliteIndexCheck
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.schema import check_is_ours, empty_index, prepare
from hubbub.server.stores.tables import (
    EventRows,
    IndexFault,
    MessageState,
    OtherEvent,
    RoomState,
    check_version,
)

Q = queries.load("sqlite_tables")
STORE = queries.load("sqlite")


def put_room(database: apsw.Connection, room: RoomState) -> None:
    """Add or update a room; delete what is older than it keeps."""
    room_id: int = database.execute(Q.put_room, (room.name,)).get
    for query in (STORE.trim_messages, STORE.trim_changes):
        database.execute(query, (room_id, room.kept - 1))
    for table in RULES.trimmed:
        SqliteRecords(database).clear(table, room.name, between=Between(0, room.kept - 1))
    kept = {"room": room_id, "kept": room.kept, "nth": room.nth}
    database.execute(STORE.set_kept, kept)


class SqliteTables:
    """Reads or writes one file, in one transaction at a time."""

    def __init__(self, file: Path, *, is_source: bool, is_in_use: bool = False) -> None:
        """Raises StoreFailed if the file can't be opened or is not hubbub's."""
        self._file = file
        self._stack = ExitStack()
        try:
            check_is_ours(file)
            flags = apsw.SQLITE_OPEN_READONLY if is_source else apsw.SQLITE_OPEN_READWRITE
            self._database = connect(file, flags | apsw.SQLITE_OPEN_CREATE * (not is_source))
            self._stack.callback(self._database.close)
            self._records = SqliteRecords(self._database)
            self._database.execute("BEGIN")
            if is_source:
                version = self._database.pragma("user_version")
                check_version(version, migrations.newest("sqlite"))
            else:
                prepare(self._database, lambda: "")
        except (apsw.Error, StoreFailed) as error:
            self._stack.close()
            raise StoreFailed(f"{file}: {error}") from error
        self._is_in_use = is_in_use

    @classmethod
    def of(cls, directory: Path, *, is_source: bool) -> Self:
        """Open those of a data directory. Locks a target, and a source that no server uses.

        Raises:
            StoreFailed: a server uses the target, or there is no source.
        """
        file = directory / FILE_NAME
        if is_source and not file.exists():
            raise StoreFailed(f"No database in {directory}")
        with ExitStack() as stack:
            is_in_use = False
            try:
                stack.enter_context(locked(directory))
            except StoreFailed:
                if not is_source:
                    raise
                is_in_use = True
            tables = cls(file, is_source=is_source, is_in_use=is_in_use)
            tables._stack.push(stack.pop_all())
            return tables

    async def is_in_use(self) -> bool:
        """See the contract."""
        return self._is_in_use

    async def renew(self) -> None:
        """See the contract."""
        await self.flush()

    async def waiting(self) -> int:
        """See the contract: SQLite has no outbox."""
        return 0

    async def meta(self) -> dict[str, str]:
        """See the contract."""
        return meta(self._database)

    async def empty_index(self) -> None:
        """See the contract."""
        empty_index(self._database)

    async def index_faults(
        self, room: str, after: int, upto: int, messages: Sequence[Message]
    ) -> list[IndexFault]:
        """See the contract."""
        return list(self._index.faults(room, after, upto, messages))

    async def index_strays(self) -> int:
        """See the contract."""
        return self._index.strays()

    @cached_property
    def _index(self) -> SqliteIndexCheck:
        return SqliteIndexCheck(self._database)

    async def set_meta(self, name: str, value: str | None) -> None:
        """See the contract."""
        self._rows("DELETE FROM meta WHERE name = ?", name)
        if value is not None:
            self._rows("INSERT INTO meta (name, value) VALUES (?, ?)", name, value)

    async def rooms(self, after: str = "") -> list[RoomState]:
        """See the contract."""
        return [RoomState(*row) for row in self._rows(Q.rooms, after)]

    async def room(self, name: str) -> RoomState | None:
        """See the contract."""
        return next((RoomState(*row) for row in self._rows(Q.room, name)), None)

    async def messages(self, room: str, after: int, upto: int) -> list[MessageState]:
        """See the contract."""
        rows = self._rows(Q.messages, room, after, upto)
        found = (MessageState(*row) for row in rows)
        return [each._replace(is_deleted=bool(each.is_deleted)) for each in found]

    async def changes(self, room: str, after: int, upto: int) -> list[OtherEvent]:
        """See the contract."""
        return [OtherEvent(*row) for row in self._rows(Q.changes, room, after, upto)]

    async def records(
        self, table: Table[Any, R], *prefix: Any, between: Between | None = None
    ) -> list[R]:
        """See the contract."""
        return list(self._records.read(table, *prefix, between=between))

    async def put_records(
        self, table: Table[Any, R], rows: list[R], *prefix: Any, between: Between | None = None
    ) -> None:
        """See the contract."""
        self._records.clear(table, *prefix, between=between)
        self._records.put(table, rows)

    async def put_room(self, room: RoomState) -> None:
        """See the contract. The head follows from the added events."""
        put_room(self._database, room)

    async def add(self, room: str, events: EventRows) -> None:
        """See the contract."""
        room_id = self._room_id(room)
        for query, rows in (
            (Q.add_message, events.messages),
            (STORE.add_changes, events.changes),
        ):
            self._database.executemany(query, [(room_id, *row) for row in rows])

    async def set_messages(self, room: str, messages: Sequence[MessageState]) -> None:
        """See the contract."""
        room_id = self._room_id(room)
        for each in messages:
            state = (room_id, each.seq, each.posted, each.edited, each.is_deleted)
            self._rows(Q.set_message, *state)
            if each.is_deleted:
                self._rows(STORE.erase_changes, room_id, each.seq)

    async def erase(self, room: str, about: int) -> None:
        """See the contract."""
        self._rows(STORE.erase_changes, self._room_id(room), about)

    async def erase_edits(self, room: str, message: int, before: int) -> None:
        """See the contract."""
        self._rows(Q.erase_edits, self._room_id(room), message, before)

    async def erase_previews(self, room: str, message: int, before: int) -> None:
        """See the contract."""
        self._rows(STORE.erase_previews, self._room_id(room), message, before)

    async def erase_reactions(self, room: str, message: int, of: str) -> None:
        """See the contract."""
        self._rows(STORE.erase_reactions, self._room_id(room), message, of)

    async def erase_names(self, room: str, account: str) -> None:
        """See the contract."""
        self._rows(STORE.erase_names, self._room_id(room), account)

    async def flush(self) -> None:
        """See the contract."""
        self._database.execute("COMMIT")
        self._database.execute("BEGIN")

    async def commit(self) -> None:
        """See the contract."""
        await self.flush()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        if isinstance(error, apsw.Error):
            raise StoreFailed(f"{self._file}: {error}") from error

    def _room_id(self, room: str) -> int:
        room_id: int = self._database.execute("SELECT id FROM room WHERE name = ?", (room,)).get
        return room_id

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._database.execute(query, values).fetchall()
