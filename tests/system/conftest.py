"""What tests of the page by people with accounts begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.newcomers import People, people_of


@pytest.fixture
async def people(browser: Browser, tmp_path: Path) -> AsyncIterator[People]:
    """A server that nobody has claimed, and those who come to it."""
    async with people_of(browser, tmp_path / "data") as people:
        yield people
