"""A server to be abused, and the innocent who are there during each test of this directory."""

from collections.abc import AsyncIterator

import pytest

from tests.abuse.watch import Watch, watching
from tests.support.server import Server


@pytest.fixture(scope="session")
async def abused(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that waits for requests no longer than 1 s, so that the tests need not either."""
    async with Server(
        tmp_path_factory.mktemp("abuse") / "data", "--request-timeout", "1"
    ) as server:
        yield server


@pytest.fixture(scope="session")
async def watch(abused: Server) -> AsyncIterator[Watch]:
    """Who watches it."""
    async with watching(abused) as watch:
        yield watch


@pytest.fixture(autouse=True)
async def innocent(watch: Watch) -> AsyncIterator[None]:
    """They talk during each test."""
    async with watch.during():
        yield


@pytest.fixture
def port(abused: Server) -> int:
    """Where it listens."""
    return abused.port
