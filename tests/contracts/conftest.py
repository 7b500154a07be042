"""Each store in turn, empty, for the tests of what all of them promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.fakes import MemoryStore
from tests.support.postgres import Postgres
from tests.support.rooms import ROOM_RULES, House
from tests.support.stores import STORES


@pytest.fixture
async def postgres(postgres: Postgres) -> AsyncIterator[Postgres]:
    """The server whose databases serve one test after the other."""
    async with postgres.lending():
        yield postgres


@pytest.fixture(params=STORES)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    store = await STORES[request.param](tmp_path, postgres)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[House]:
    store: Store
    if request.param == "memory":
        store = MemoryStore(rules=ROOM_RULES)
    elif request.param == "sqlite":
        store = SqliteStore(tmp_path, "normal", lambda: "e1", ROOM_RULES)
    else:
        url = await postgres.prepared()
        store = await PostgresStore.open(url, "normal", lambda: "e1", ROOM_RULES)
    yield await House.opened(store)
    await store.close()
