"""The stores that keep one contract, and how tests write to one and read from it."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Commit, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.events import Event
from hubbub.protocol.messages import Change
from hubbub.server.stores.base import Durability, Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.file import FILE_NAME, open_database
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.fakes import ADA, AT, MemoryStore
from tests.support.postgres import MADE_AT_EACH_START, Postgres


@cache
def prepared() -> bytes:
    """The file of a database with the tables of hubbub, made as by its first start, and nothing in them."""
    with TemporaryDirectory() as folder:
        with closing(open_database(Path(folder))) as database:
            database.execute(f"DELETE FROM meta WHERE {MADE_AT_EACH_START}")
        return (Path(folder) / FILE_NAME).read_bytes()


def prepare(directory: Path) -> Path:
    """Put it into a new directory, for a store that is not the first thing that a test asks about."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = directory / FILE_NAME
    file.touch(mode=0o600)
    file.write_bytes(prepared())
    return directory


def sqlite(durability: Durability) -> Callable[[Path, Postgres], Awaitable[Store]]:
    async def opened(directory: Path, _: Postgres) -> Store:
        return SqliteStore(prepare(directory), durability, lambda: "e1")

    return opened


async def memory(_: Path, __: Postgres) -> Store:
    return MemoryStore()


async def postgresql(_: Path, server: Postgres) -> Store:
    return await PostgresStore.open(await server.prepared(), "full", lambda: "e1")


async def store_with(rules: Rules, kind: str, directory: Path, server: Postgres) -> Store:
    """An empty store of a kind, which decides by other rules than usual."""
    if kind == "memory":
        return MemoryStore(rules=rules)
    if kind == "sqlite":
        return SqliteStore(prepare(directory), "normal", lambda: "e1", rules)
    return await PostgresStore.open(await server.prepared(), "normal", lambda: "e1", rules)


STORES: dict[str, Callable[[Path, Postgres], Awaitable[Store]]] = {
    "memory": memory,
    "sqlite, full": sqlite("full"),
    "sqlite, normal": sqlite("normal"),
    "postgres": postgresql,
}
REAL = [name for name in STORES if name != "memory"]


async def commit(store: Store, *changes: Change, by: Principal = ADA, at: str = AT) -> Commit:
    return await store.commit([Proposal(by, change) for change in changes], at)


async def log_of(store: Store, room: str, after: int = 0) -> list[Event]:
    bodies: list[bytes] = []
    head = (await store.head(room)).seq
    while page := (await store.read(room, after + len(bodies), head)).bodies:
        bodies += page
    return [RULES.events.decode(body) for body in bodies]


NTHS = "SELECT seq, nth FROM {0}message WHERE room = (SELECT id FROM {0}room WHERE name = $1)"


async def nths(store: Store, room: str) -> dict[int, int]:
    """Which of its room each message is, by seq, straight from the tables."""
    match store:
        case MemoryStore():
            return store.nths(room)
        case SqliteStore():
            file = str(store._directory / FILE_NAME)
            with closing(apsw.Connection(file, apsw.SQLITE_OPEN_READONLY)) as database:
                rows: list[Any] = database.execute(NTHS.format(""), (room,)).fetchall()
                return dict(rows)
        case PostgresStore():
            connection = await store.connect()
            try:
                return dict(await connection.fetch(NTHS.format("hubbub."), room))
            finally:
                await connection.close()
    raise TypeError(store)
