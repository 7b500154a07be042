"""What tests of the page by people with accounts begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.newcomers import Friends, People, people_of


@pytest.fixture
async def people(browser: Browser, tmp_path: Path) -> AsyncIterator[People]:
    """A server that nobody has claimed, and those who come to it."""
    async with people_of(browser, tmp_path / "data") as people:
        yield people


@pytest.fixture(scope="session")
async def acquainted(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Friends]:
    """Ada and Grace, whom many tests share: two pages and a server cost more than most of what is done with them."""
    async with people_of(browser, tmp_path_factory.mktemp("friends") / "data") as people:
        ada = await people.owner()
        yield Friends(people, ada, await people.invited(ada, "Grace"))


@pytest.fixture
async def friends(acquainted: Friends) -> AsyncIterator[Friends]:
    """Ada, who owns a server, and Grace, a member, both in the lobby and in no other room.

    A test may do with rooms what it likes, but leaves accounts, the server and what their browsers do as they were.
    """
    async with acquainted.meeting():
        yield acquainted
