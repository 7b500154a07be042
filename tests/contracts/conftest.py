"""Each store in turn, empty, for the tests of what all of them promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.server.stores.base import Store
from tests.support.postgres import Postgres
from tests.support.stores import STORES


@pytest.fixture(params=STORES)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    store = await STORES[request.param](tmp_path, postgres)
    yield store
    await store.close()
