"""Native clients and rooms for the tests of the doors."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.integration.native import Native, native
from tests.integration.web import Http, over_http
from tests.support.server import Server


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
async def curl(shared_server: Server) -> AsyncIterator[Http]:
    """A client of the HTTP API without a name."""
    async with over_http(shared_server) as http:
        yield http


@pytest.fixture
async def joan(shared_server: Server) -> AsyncIterator[Http]:
    """A client of the HTTP API who says that she is joan."""
    async with over_http(shared_server, "joan") as http:
        yield http
