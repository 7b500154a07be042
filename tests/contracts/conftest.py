"""Each store in turn, empty, for the tests of what all of them promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres import search as postgres_search
from hubbub.server.stores.sqlite import search as sqlite_search
from tests.support.postgres import Postgres
from tests.support.rooms import ROOM_RULES, House
from tests.support.stores import STORES, store_with


@pytest.fixture
async def postgres(postgres: Postgres) -> AsyncIterator[Postgres]:
    """The server whose databases serve one test after the other."""
    async with postgres.lending():
        yield postgres


@pytest.fixture(autouse=True)
def time_to_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let searches take as long as they need, however busy this machine is."""
    for module in (sqlite_search, postgres_search):
        monkeypatch.setattr(module, "SECONDS", 60.0)


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
    store = await store_with(ROOM_RULES, request.param, tmp_path, postgres)
    yield await House.opened(store)
    await store.close()
