"""What databases of former versions become, on both kinds of store."""

from contextlib import closing
from pathlib import Path

import apsw
import asyncpg
import pytest

from hubbub import events
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.records import AnyTable
from hubbub.domain.rules import Rules
from hubbub.events import Posted, Reacted
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Edit, Post, Unreact
from hubbub.server.stores import migrations, records
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.records import POSTGRES
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.records import SQLITE
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.tables import OWN
from hubbub.server.stores.tokens import TOKENS, TokenRow
from tests.support import former
from tests.support.fakes import AT, guest, outbox_by, stranger, user
from tests.support.postgres import Postgres
from tests.support.wave.aspect import ASPECT

OWNERS = {  # as they were written before there were ids, and what they become
    "ada": "visitor/name/ada",
    "": "visitor/name/",
    "token/0a1b2c3d": "app/token/0a1b2c3d",
    "user/auth0|7/8%": "user//auth0|7%2F8%25",
    "outbox": "app/outbox/shop",
}
TOKEN = TokenRow("a1", "ci", "0f", '["read","post"]', '["a-*"]', AT, 2e9, None)
REACTED = len(OWNERS) + 1
ADA_REACTED = events.encode(Reacted("lobby", REACTED, AT, "ada", message=1, emoji="👍"))


def posted(seq: int, owner: str) -> bytes:
    by = "shop" if owner == "outbox" else "ada"
    return events.encode(Posted("lobby", seq, AT, by, "a\0b", client_message_id="k"))


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_each_step_has_a_number_of_its_own(engine: str) -> None:
    """Of two with the same number, only one would be taken."""
    files = (Path(migrations.__file__).parent / engine).glob("*.sql")
    numbers = sorted(int(file.name.partition("_")[0]) for file in files)
    assert numbers == [*range(1, len(numbers) + 1)]


async def check(store: Store) -> None:
    """Nobody has got hold of what was a guest's, and each retry is still known as one."""
    assert await store.rows(TOKENS) == [TOKEN]
    first, *_ = (await store.history("lobby", None, None, 50)).messages
    assert (first.by, first.reactions, first.reaction_ids) == ("ada", {"👍": ["ada"]}, None)
    assert await store.document("lobby") == Document({"n": 1}, 2)
    assert await store.document("attic") == Document({}, 0)

    async def ask(person: Principal, change: Change) -> Answer:
        (answer,), _ = await store.commit([Proposal(person, change)], AT)
        return answer

    for person in (guest("ada"), guest("ada", "ada's secret key"), user("ada", "ada")):
        answer = await ask(person, Edit(room="lobby", seq=1, text="x"))
        assert isinstance(answer, Refusal) and answer.code == "forbidden"
    retry = Post(room="lobby", text="hi", client_message_id="k")
    for author, seq in ((guest("ada"), 1), (stranger("guest-1"), 2), (outbox_by("shop"), 5)):
        assert await ask(author, retry) == Accepted(seq, AT, is_duplicate=True)
    unreact = Unreact(room="lobby", seq=1, emoji="👍")
    assert await ask(guest("ada", "ada's secret key"), unreact) == Accepted(None, AT)
    assert await ask(guest("ada"), unreact) == Accepted(REACTED + 1, AT)
    assert (await store.history("lobby", None, None, 50)).messages[0].reactions is None


async def test_owners_by_name_become_ids_in_sqlite(tmp_path: Path) -> None:
    database = apsw.Connection(str(tmp_path / FILE_NAME))
    former.begin_sqlite(database, "sqlite_2")
    database.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)", TOKEN)
    document = "('lobby', CAST('{\"n\":1}' AS BLOB), 2), ('attic', NULL, 0)"
    database.execute(f"INSERT INTO room (name, document, document_seq) VALUES {document}")
    for seq, owner in enumerate(OWNERS, start=1):
        row = (seq, posted(seq, owner), owner)
        database.execute("INSERT INTO message VALUES (1, ?, ?, 'k', ?, NULL, 0)", row)
    database.execute("INSERT INTO reaction VALUES (1, 1, '👍', 'ada', ?)", (REACTED,))
    database.execute("INSERT INTO change VALUES (1, ?, ?)", (REACTED, ADA_REACTED))
    database.close()
    store = SqliteStore(tmp_path, "normal", lambda: "e2")
    try:
        opened = apsw.Connection(str(tmp_path / FILE_NAME))
        found = opened.execute("SELECT owner FROM message ORDER BY seq").fetchall()
        opened.close()
        assert [owner for (owner,) in found] == list(OWNERS.values())
        await check(store)
    finally:
        await store.close()


async def test_owners_by_name_become_ids_in_postgresql(postgres: Postgres) -> None:
    url = await postgres.fresh()
    database = await asyncpg.connect(url)
    try:
        await former.begin_postgres(database, "postgres_3")
        rooms = f"('lobby', {REACTED}, '{{\"n\":1}}', 2), ('attic', 0, NULL, 0)"
        await database.execute(
            f"INSERT INTO hubbub.room (name, head, document, document_seq) VALUES {rooms}"
        )
        given = (*TOKEN[:3], ["read", "post"], ["a-*"], *TOKEN[5:])
        await database.execute(
            "INSERT INTO hubbub.token VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", *given
        )
        for seq, owner in enumerate(OWNERS, start=1):
            sql = "INSERT INTO hubbub.message VALUES (1, $1, $2, 'k', $3)"
            await database.execute(sql, seq, posted(seq, owner), owner)
        await database.execute(f"INSERT INTO hubbub.reaction VALUES (1, 1, '👍', 'ada', {REACTED})")
        await database.execute("INSERT INTO hubbub.change VALUES (1, $1, $2)", REACTED, ADA_REACTED)
        store = await PostgresStore.open(url, "normal", lambda: "e2")
        try:
            found = await database.fetch("SELECT owner FROM hubbub.message ORDER BY seq")
            assert [owner for (owner,) in found] == list(OWNERS.values())
            await check(store)
        finally:
            await store.close()
    finally:
        await database.close()


# --- tables of records are what their definitions say ---

WITH_WAVE = Rules([*RULES.aspects, ASPECT])  # whose migrations are another package's
TABLES = [*WITH_WAVE.tables, *OWN]
COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod), attnotnull, collname
    FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = $1 ORDER BY indexname"


def in_sqlite(database: apsw.Connection, table: AnyTable) -> list[object]:
    """How a table is there."""
    pragmas = ("table_xinfo", "index_list")
    shape = [database.execute(f"PRAGMA {pragma}({table.name})").fetchall() for pragma in pragmas]
    kinds = "SELECT wr, strict FROM pragma_table_list WHERE name = ?"
    return [*shape, database.execute(kinds, (table.name,)).fetchall()]


async def in_postgresql(database: asyncpg.Connection, table: AnyTable) -> list[object]:
    """How a table is there."""
    columns = await database.fetch(COLUMNS, f"hubbub.{table.name}")
    return [list(map(tuple, rows)) for rows in (columns, await database.fetch(INDEXES, table.name))]


async def test_tables_are_migrated_to_what_their_definitions_say_in_sqlite(tmp_path: Path) -> None:
    for _ in range(2):  # the second time there is nothing to migrate
        await SqliteStore(tmp_path, "normal", lambda: "e1", WITH_WAVE).close()
    with (
        closing(apsw.Connection(str(tmp_path / FILE_NAME))) as migrated,
        closing(apsw.Connection(":memory:")) as made,
    ):
        for table in TABLES:
            made.execute(records.create(SQLITE, table))
            assert in_sqlite(migrated, table) == in_sqlite(made, table)


async def test_tables_are_migrated_to_what_their_definitions_say_in_postgresql(
    postgres: Postgres,
) -> None:
    url = await postgres.fresh()
    for _ in range(2):  # the second time there is nothing to migrate
        await (await PostgresStore.open(url, "normal", lambda: "e1", WITH_WAVE)).close()
    database = await asyncpg.connect(url)
    try:
        migrated = [await in_postgresql(database, table) for table in TABLES]
        await database.execute("DROP SCHEMA hubbub CASCADE; CREATE SCHEMA hubbub")
        for table in TABLES:
            await database.execute(records.create(POSTGRES, table))
        assert migrated == [await in_postgresql(database, table) for table in TABLES]
    finally:
        await database.close()
