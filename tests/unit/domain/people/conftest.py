"""A team whose accounts are kept in memory."""

import pytest

from tests.support.fakes import MemoryStore
from tests.support.team import Team


@pytest.fixture
async def team() -> Team:
    """One account of each role."""
    team = Team(MemoryStore())
    await team.begin()
    return team


@pytest.fixture
def nobody() -> Team:
    """A server that nobody has claimed."""
    return Team(MemoryStore())
