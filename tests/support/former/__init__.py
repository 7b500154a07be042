"""Databases as former versions wrote them, of any size. Their schemas are beside this, as they were then."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import apsw
import asyncpg

from hubbub import events
from hubbub.events import Deleted, Edited, Event, Patched, Posted, Reacted
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.schema import APPLICATION_ID

HERE = Path(__file__).parent
AT = "2026-01-31T12:00:00.000Z"
EPOCH = "former"
SQLITE = {"sqlite_2": 2, "sqlite_7": 7}
POSTGRES = {"postgres_3": 3, "postgres_8": 8}
VERSIONS = SQLITE | POSTGRES
BEFORE_ERASING = {"sqlite_2", "postgres_3"}  # these also have owners by name
ROOMS_AT_ONCE = 50
TEXT = "so many words that a page of the database holds some thirty messages, as it does in life"

Rows = list[tuple[Any, ...]]


class FormerRoom:
    """A room's log, and what has come of it."""

    def __init__(self, number: int, count: int) -> None:
        """People post so many messages, edit and delete some, react to some, and patch the document."""
        self.id = number
        self.name = f"room-{number * 7919 % 100_003}"
        self.log: list[Event] = []
        self.posted: list[int] = []
        self.edits: dict[int, Edited] = {}
        self.deleted: set[int] = set()
        self.reactions: dict[int, Reacted] = {}
        self.patched = 0
        for n in range(1, count + 1):
            self._post(n)
        self.kept = len(self.log) // 2 if number % 7 == 0 else 1

    @property
    def last(self) -> list[Event]:
        """What retention has left of the log."""
        return self.log[self.kept - 1 :]

    def body(self, event: Event, *, erases: bool) -> bytes:
        """An event as it was stored, by a version that erases or by one that did not yet."""
        body = events.encode(event)
        return (
            events.erased(body)
            if erases and events.Gone(frozenset(self.deleted)).takes(body)
            else body
        )

    def _post(self, n: int) -> None:
        key = f"k{n}" if n % 3 else None
        self._add(Posted(**self._next(n), text=f"{n}: {TEXT}", client_message_id=key))
        self.posted.append(len(self.log))
        if n % 10 == 0:
            message = self.posted[-2]
            self.reactions[message] = Reacted(**self._next(n + 1), message=message, emoji="👍")
            self._add(self.reactions[message])
        if n % 20 == 0:
            message = self.posted[-1]
            self.edits[message] = Edited(**self._next(n), message=message, text=f"{n}! {TEXT}")
            self._add(self.edits[message])
        if n % 50 == 1 and n > 1:
            message = self.posted[-2]
            self._add(Deleted(**self._next(n), message=message))
            self.deleted.add(message)
            self.reactions.pop(message, None)
        if n % 200 == 0:
            self.patched = len(self.log) + 1
            self._add(Patched(**self._next(n), patch={"n": n}))

    def _next(self, n: int) -> dict[str, Any]:
        seq, by = len(self.log) + 1, ("ada", "grace")[n % 2]
        return {"room": self.name, "seq": seq, "at": AT, "by": by}

    def _add(self, event: Event) -> None:
        self.log.append(event)


def rooms(size: int) -> Iterator[FormerRoom]:
    """Rooms that got so many messages in all, of which one got a quarter. Some lost their beginning since."""
    others = max(8, size // 250)
    each = (size - size // 4) // others
    for number, count in enumerate([size - each * others, *[each] * others], start=1):
        yield FormerRoom(number, count)


def rows_of(former: str, found: list[FormerRoom]) -> dict[str, tuple[str, Rows]]:
    """The columns and rows of each table that hold these rooms."""
    before = former in BEFORE_ERASING
    has_heads = former in POSTGRES
    tables: dict[str, tuple[str, Rows]] = {
        "room": ("id name kept" + " head" * has_heads, []),
        "message": ("room seq posted client_message_id owner edited is_deleted", []),
        "change": ("room seq body" + " about" * (not before), []),
        "reaction": (f"room message emoji {'by' if before else 'owner by'} seq", []),
    }
    if before:
        tables["room"] = (tables["room"][0] + " document document_seq", [])
    else:
        tables["document"] = ("room value seq", [])
    for room in found:
        _add_room(tables, room, before=before, has_heads=has_heads)
        _add_events(tables, room, before=before)
    return tables


def _add_room(
    tables: dict[str, tuple[str, Rows]], room: FormerRoom, *, before: bool, has_heads: bool
) -> None:
    head = (len(room.log),) * has_heads
    document = b'{"n":1}' if room.patched else None
    state = (document, room.patched) if before else ()
    tables["room"][1].append((room.id, room.name, room.kept, *head, *state))
    if document and not before:
        tables["document"][1].append((room.name, document, room.patched))


def _add_events(tables: dict[str, tuple[str, Rows]], room: FormerRoom, *, before: bool) -> None:
    for event in room.last:
        body = room.body(event, erases=not before)
        if isinstance(event, Posted):
            is_deleted = event.seq in room.deleted
            owner = event.by if before else f"visitor/name/{event.by}"
            edit = room.edits.get(event.seq) if before or not is_deleted else None
            edited = events.encode(edit) if edit else None
            row = (room.id, event.seq, body, event.client_message_id, owner, edited, is_deleted)
            tables["message"][1].append(row)
        else:
            about = () if before else (event.erased_with,)
            tables["change"][1].append((room.id, event.seq, body, *about))
    for message, event in room.reactions.items():
        if message >= room.kept:
            where = room.id if before else room.name
            who = (event.by,) if before else (f"visitor/name/{event.by}", event.by)
            tables["reaction"][1].append((where, message, event.emoji, *who, event.seq))


def chunks(former: str, size: int) -> Iterator[dict[str, tuple[str, Rows]]]:
    """The rows of all rooms, some rooms at a time."""
    left = rooms(size)
    while found := list(islice(left, ROOMS_AT_ONCE)):
        yield rows_of(former, found)


def begin_sqlite(database: apsw.Connection, former: str) -> None:
    """Make the empty tables of a former version."""
    database.execute((HERE / f"{former}.sql").read_text()).fetchall()
    database.pragma("user_version", VERSIONS[former])
    database.pragma("application_id", APPLICATION_ID)
    database.execute("INSERT INTO meta VALUES ('epoch', ?)", (EPOCH,))


async def begin_postgres(database: asyncpg.Connection, former: str) -> None:
    """Make the empty tables of a former version."""
    await database.execute((HERE / f"{former}.sql").read_text())
    meta = [("epoch", EPOCH), ("version", str(VERSIONS[former])), ("hint_key", "ab" * 32)]
    await database.executemany("INSERT INTO hubbub.meta VALUES ($1, $2)", meta)


def make_sqlite(directory: Path, former: str, size: int) -> None:
    """Make a data directory as a former version left it."""
    with closing(apsw.Connection(str(directory / FILE_NAME))) as database:
        database.execute("PRAGMA journal_mode = WAL").fetchall()
        begin_sqlite(database, former)
        with database:
            for tables in chunks(former, size):
                for table, (columns, rows) in tables.items():
                    names = columns.split()
                    marks = ", ".join("?" * len(names))
                    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
                    database.executemany(sql, rows)


async def make_postgres(url: str, former: str, size: int) -> None:
    """Fill a database as a former version did."""
    database = await asyncpg.connect(url)
    try:
        await begin_postgres(database, former)
        for tables in chunks(former, size):
            for table, (columns, rows) in tables.items():
                await database.copy_records_to_table(
                    table, schema_name="hubbub", columns=columns.split(), records=rows
                )
        numbered = (
            "SELECT setval(pg_get_serial_sequence('hubbub.room', 'id'), max(id)) FROM hubbub.room"
        )
        await database.execute(numbered)
    finally:
        await database.close()
