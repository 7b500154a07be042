"""All that a store holds, whatever that is: the tables that its database itself lists, and what each way of reading answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, TypeVar

import apsw
import asyncpg

from hubbub.domain.access import RoomKind
from hubbub.domain.aspects import RULES
from hubbub.domain.facts import MessageKey, Needs
from hubbub.domain.files import FILE_USE
from hubbub.domain.search.query import query_of
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.base import Activity, Store, Unseen
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.search import WantedMessages
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.tables import OWN
from tests.support.fakes import ADA, MemoryStore, account

T = TypeVar("T")

TABLES = (*RULES.tables, *OWN)
PAGED = [table for table in TABLES if table.width > 1 and table.key[1].kind is str]
TABLES_OF_FILE = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
)
MANY = 99  # more than there are
AUTHORS = (ADA.id, *(account(name).id for name in ("r1ta", "dave")))  # of what tests erase

# How to call each way of reading that the contract has, about a log; one that is added has to be said here.
READS: dict[str, Callable[[Store, str], Awaitable[object]]] = {
    "head": lambda store, log: store.head(log),
    "heads": lambda store, log: store.heads([log]),
    "read": lambda store, log: bodies(store, log),  # noqa: PLW0108 - defined below
    "snapshot": lambda store, log: store.snapshot(log, 50),
    "history": lambda store, log: store.history(log, None, None, 50),
    "messages": lambda store, log: store.messages([MessageKey(log, n) for n in range(MANY)]),
    "edits": lambda store, log: _each(
        range(1, 40), lambda n: store.edits(MessageKey(log, n), 0, 9)
    ),
    "written": lambda store, log: _each(AUTHORS, lambda who: store.written(who, log, 0, MANY)),
    "document": lambda store, log: store.document(log),
    "rooms": lambda store, _: store.rooms("", MANY),
    "threads": lambda store, log: store.threads(log, 0, MANY, MANY),
    "newest_threads": lambda store, log: store.newest_threads(log, Activity(), MANY),
    "own_threads": lambda store, log: store.own_threads(log, Activity(), MANY),
    "own_rooms": lambda store, log: store.own_rooms(log),
    "important": lambda store, log: store.important(AUTHORS[0], [Unseen(log, 0, MANY)]),
    "page": lambda store, log: _each(PAGED, lambda table: store.page(table, log, limit=MANY)),
    "rows": lambda store, log: _each(TABLES, lambda table: store.rows(table, log)),
    "by": lambda store, log: store.by(FILE_USE, "file", [log]),
    "largest": lambda store, _: store.largest(FILE_USE, "size", MANY),
    "total": lambda store, _: store.total(FILE_USE, "size", "account", AUTHORS[0]),
    "totals": lambda store, _: store.totals(FILE_USE, "size", "account"),
    "count_ends": lambda store, _: store.count_ends(),
    "find": lambda store, log: store.find(Needs(logs={log})),
    "search": lambda store, log: store.search(WantedMessages(query_of(f"in:{log}"), MANY, (log,))),
}
OTHERS = {
    *("version_of_others", "commit", "turn", "trim", "scrub", "beat", "check"),
    *("empty_outbox", "close", "index"),
}


async def answers(store: Store) -> AsyncIterator[tuple[str, object]]:
    """All that can be asked about each log that there is, and what each way of reading answers."""
    for row in await store.rooms("", MANY):
        for name, read in READS.items():
            yield f"{name} of {row.room}", await read(store, row.room)


async def bodies(store: Store, log: str) -> list[bytes]:
    """All events of a log that are kept."""
    head = await store.head(log)
    found: list[bytes] = []
    while page := (await store.read(log, head.kept - 1 + len(found), head.seq)).bodies:
        found += page
    return found


async def everything(store: Store) -> dict[Any, Any]:
    """All that a store keeps, by the tables that its database itself lists."""
    if isinstance(store, SqliteStore):
        database = apsw.Connection(str(store._directory / FILE_NAME))
        names = database.execute(TABLES_OF_FILE).fetchall()
        tables = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}
        database.execute(
            "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, search_term, row)"
        )
        tables["terms of the index"] = database.execute("SELECT term FROM vocabulary").fetchall()
        database.close()
        return tables
    if isinstance(store, PostgresStore):
        connection = await asyncpg.connect(store._dsn)
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'hubbub'"
        )
        tables = {
            name: [tuple(row) for row in await connection.fetch(f'SELECT * FROM hubbub."{name}"')]
            for (name,) in names
        }
        await connection.close()
        return tables
    assert isinstance(store, MemoryStore)
    return {
        "logs": [log[store.kept.get(name, 1) - 1 :] for name, log in store.logs.items()],
        "views": [store._messages(name) for name in store.logs],
        **{table.name: list(rows.values()) for table, rows in store.records.rows.items()},
    }


async def _each(of: Iterable[T], ask: Callable[[T], Awaitable[object]]) -> list[object]:
    return [await ask(each) for each in of]


async def index(store: Store) -> None:
    """Have all messages indexed, as a server does after a while."""
    reactor = Indexing(store, lambda: 0, frozenset({RoomKind.MADE, RoomKind.FREE}))
    assert await go_round(reactor, store)
