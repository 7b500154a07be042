"""Native clients and rooms for the tests of the doors."""

import asyncio
import re
from collections.abc import AsyncIterator, Generator

import pytest

from hubbub.server import upkeep
from tests.integration.native import Native, native
from tests.integration.web import Http, over_http
from tests.support.server import Server

# What must hold on each store and broker: the doors, as their clients see them.
ON_EVERY_STORE = {
    f"tests.integration.test_{name}"
    for name in (
        "erasing",
        "http_api",
        "long_poll",
        "mixed_room",
        "native_commands",
        "native_join",
        "native_signals",
        "plain_clients",
        "sse",
        "texts",
    )
}
STORES = ("sqlite", "postgres", "postgres and nats")
# What a store refuses no broker is told.
WITHOUT_BROKER = {"tests.integration.test_texts"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of the doors on each kind of store and broker."""
    if "shared_server" in metafunc.fixturenames and metafunc.module.__name__ in ON_EVERY_STORE:
        stores = STORES[: 2 if metafunc.module.__name__ in WITHOUT_BROKER else 3]
        metafunc.parametrize("shared_server", stores, indirect=True, scope="session")


KEY = "made up at random"


@pytest.fixture(autouse=True, scope="session")
def nodes_look_soon() -> Generator[None]:
    """A node in this process looks for what others committed five times as often: thousands of tests wait for that."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(upkeep, "LOOK", upkeep.LOOK / 5)
        yield


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of the test's own, called as the test."""
    return re.sub(r"[^\w.-]+", "-", request.node.name)[-64:]


@pytest.fixture
async def ada(shared_server: Server) -> AsyncIterator[Native]:
    """A native client of the shared server, called ada."""
    async with native(shared_server.port, "ada") as client:
        yield client


@pytest.fixture
async def grace(shared_server: Server) -> AsyncIterator[Native]:
    """A native client of the shared server, called grace."""
    async with native(shared_server.port, "grace") as client:
        yield client


@pytest.fixture
async def mary(shared_server: Server) -> AsyncIterator[Native]:
    """A native client of the shared server, called mary, whose messages stay hers by a key."""
    async with native(shared_server.port, "mary", key=KEY) as client:
        yield client


@pytest.fixture
async def curl(shared_server: Server) -> AsyncIterator[Http]:
    """A client of the HTTP API without a name."""
    async with over_http(shared_server) as http:
        yield http


@pytest.fixture
async def joan(shared_server: Server) -> AsyncIterator[Http]:
    """A client of the HTTP API who says that she is joan, and has a key."""
    async with over_http(shared_server, "joan", KEY) as http:
        yield http


@pytest.fixture(scope="session")
async def forgetful(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that keeps the last 10 events of a room; in the lobby there were 30."""
    data = tmp_path_factory.mktemp("forgetful") / "data"
    async with Server(data) as before, native(before.port, "ada") as client:
        for n in range(1, 31):
            await client.ask("post", room="lobby", text=str(n))
    async with Server(data, "--keep-events", "10") as server:
        async with over_http(server) as http, asyncio.timeout(30):
            while (await http.ask("GET", "/lobby/events?since=0")).status == 200:
                pass  # it forgets in the background
        yield server
