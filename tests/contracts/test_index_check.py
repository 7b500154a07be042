"""`hubbub verify` finds whatever is wrong with the index, and nothing that is only late; and the index can be made again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hubbub.domain.access import RoomKind
from hubbub.protocol.messages import Delete, Edit, Post
from hubbub.server.admin.index import look
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres import search
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite import writer
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.postgres import Postgres
from tests.support.stores import STORES, commit

TAMPERED = {  # SQL for both databases, and what is said of it
    "missing": (
        "INSERT INTO search_term (search_term, rowid, terms) SELECT 'delete', id, 'three' FROM search_entry WHERE mark >> 10 = 3;"
        " DELETE FROM search_entry WHERE mark >> 10 = 3",
        "DELETE FROM hubbub.search_entry WHERE seq = 3",
    ),
    "surplus": (
        "UPDATE search_entry SET mark = mark + (37 << 10) WHERE mark >> 10 = 3",
        "UPDATE hubbub.search_entry SET seq = 40 WHERE seq = 3",
    ),
    "wrong": (
        "INSERT INTO search_term (search_term, rowid, terms) SELECT 'delete', id, 'three' FROM search_entry WHERE mark >> 10 = 3;"
        " INSERT INTO search_term (rowid, terms) SELECT id, 'secret' FROM search_entry WHERE mark >> 10 = 3",
        "UPDATE hubbub.search_entry SET terms = 'secret' WHERE seq = 3",
    ),
    "wrong, where nobody will look for it": (
        """UPDATE message SET posted = CAST(replace(CAST(posted AS TEXT), '"at":"2', '"at":"1') AS BLOB) WHERE seq = 3""",
        "",
    ),
    "not in any room": ("INSERT INTO search_term (rowid, terms) SELECT 99, 'secret'", ""),
}


def address_of(store: Store) -> str:
    if isinstance(store, PostgresStore):
        return store._dsn
    assert isinstance(store, SqliteStore)
    return f"sqlite:{store._directory}"


async def looked(store: Store) -> tuple[int, list[str]]:
    address = address_of(store)
    async with await kind_of(address).open_tables(address, is_source=True) as tables:
        return await look(tables)


async def index(store: Store) -> None:
    assert await go_round(Indexing(store, lambda: 0, frozenset({RoomKind.FREE})), store)


async def tamper(store: Store, how: str) -> None:
    """Change the tables behind the store's back."""
    on_sqlite, on_postgres = TAMPERED[how]
    if isinstance(store, PostgresStore):
        connection = await store.connect()
        await connection.execute(on_postgres)
        await connection.close()
        return
    assert isinstance(store, SqliteStore)
    store._database.execute(on_sqlite)


@pytest.fixture(params=["sqlite, normal", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres) -> Store:
    store = await STORES[request.param](tmp_path, postgres)
    texts = ["one", "京都 two", "three", "four and four"]
    await commit(store, *(Post(room="lobby", text=text) for text in texts))
    await commit(store, Edit(room="lobby", seq=1, text="other"), Delete(room="lobby", seq=2))
    await index(store)
    return store


async def test_what_is_late_is_not_wrong(store: Store) -> None:
    assert await looked(store) == (3, [])
    await commit(store, Edit(room="lobby", seq=4, text="five"), Post(room="lobby", text="six"))
    await commit(store, Post(room="elsewhere", text="seven"))
    assert await looked(store) == (2, [])
    await index(store)
    assert await looked(store) == (5, [])
    await store.close()


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_is_wrong_is_found_and_made_again(how: str, store: Store) -> None:
    if isinstance(store, PostgresStore) and not TAMPERED[how][1]:
        how = "surplus"  # a row has its terms with it, and is found by its message
    await tamper(store, how)
    _, faults = await looked(store)
    assert any(how.split(",")[0] in fault for fault in faults), faults
    await store.close()
    address = address_of(store)
    async with await kind_of(address).open_tables(address, is_source=False) as tables:
        await tables.empty_index()
        await tables.commit()
    again = await opened_again(store)
    assert await looked(again) == (0, [])
    await index(again)
    assert await looked(again) == (3, [])
    await again.close()


@pytest.mark.parametrize(
    "change", [Edit(room="lobby", seq=5, text="x"), Delete(room="lobby", seq=5)]
)
async def test_a_message_that_is_changed_while_it_is_indexed_is_not_in_the_index_as_it_was(
    change: Edit | Delete, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SQLite, only one thread writes."""
    store = await STORES["postgres"](tmp_path, postgres)
    await commit(store, *(Post(room="lobby", text=f"secret {n}") for n in range(6)))
    sound, changing = search.add, list[asyncio.Task[Any]]()

    async def add(*given: Any) -> None:
        await sound(*given)
        changing.append(asyncio.create_task(commit(store, change)))
        await postgres.somebody_waits(address_of(store))

    with monkeypatch.context() as patch:
        patch.setattr(search, "add", add)
        await store.index("lobby", 0, 6)
    await changing[0]
    assert await looked(store) == (5, [])
    await store.index("lobby", 6, 7)
    assert await looked(store) == (6 if isinstance(change, Edit) else 5, [])
    await store.close()


@pytest.mark.parametrize(
    "upto, kept, parts", [(9, 10, 4), (8, 9, 3), (99, 11, 4), (1, 2, 1), (0, 1, 1)]
)
async def test_what_is_trimmed_in_parts_leaves_the_index_part_by_part(
    upto: int,
    kept: int,
    parts: int,
    tmp_path: Path,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With SQLite: of ten messages, at most three at once, of which two are in the index."""
    monkeypatch.setattr(writer, "TRIMMED_AT_ONCE", 3)
    monkeypatch.setattr(writer, "UNINDEXED_AT_ONCE", 2)
    store = await STORES["sqlite, normal"](tmp_path, postgres)
    assert isinstance(store, SqliteStore)
    await commit(store, *(Post(room="lobby", text=f"word {n}") for n in range(10)))
    await store.index("lobby", 0, 4)
    await store.index("lobby", 8, 10)
    count, trimmed, is_left = 0, 0, True
    while is_left:
        is_left = store._writer.trim("lobby", upto)
        count += 1
        trimmed = (await store.head("lobby")).kept - 1
        held = {1, 2, 3, 4, 9, 10} - {*range(trimmed + 1)}
        assert await looked(store) == (len(held), [])
    assert (count, trimmed + 1) == (parts, kept)
    await store.close()


async def opened_again(store: Store) -> Store:
    if isinstance(store, PostgresStore):
        return await PostgresStore.open(store._dsn, "normal", lambda: "e1")
    assert isinstance(store, SqliteStore)
    return SqliteStore(store._directory, "normal", lambda: "e1")
