"""The roll says what accounts are called, however much of the directory's log it has read, and reads only what is new."""

from collections.abc import Sequence
from typing import Any

import pytest

from hubbub.domain.aspects.people.accounts import ChangePerson, ChangeRole
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Change
from hubbub.server.people.removing import removal_of
from hubbub.server.people.roll import Roll
from tests.support.fakes import MemoryStore, account
from tests.support.team import Team, adding


class Counting(MemoryStore):
    """A store that counts how often a table is read."""

    count = 0

    async def rows(self, *asked: Any) -> list[Any]:
        self.count += 1
        return await super().rows(*asked)


@pytest.fixture
async def team() -> Team:
    team = Team(Counting())
    await team.begin()
    return team


def changing(who: str, **fields: Any) -> ChangePerson:
    return ChangePerson(account=account(who).id, **fields)


def promoting(name: str, role: str) -> ChangeRole:
    return ChangeRole(account=account(name).id, role=role)


STORY: list[Sequence[tuple[str, Change]]] = [
    [("dave", changing("dave", handle="david", name="David"))],
    [("dave", changing("dave", handle="dawid")), ("dave", changing("dave", handle="dave"))],
    [("grace", changing("grace", name="Queen Grace"))],
    [("ada", promoting("grace", "member")), ("ada", promoting("dave", "admin"))],
    [("ada", adding("eve", role="admin")), ("eve", changing("eve", name="Eva"))],
    [("dave", changing("dave", status_text="away"))],
]


def shown(roll: Roll) -> tuple[set[str], list[bool]]:
    names = ("Ada", "GRACE", "Queen Grace", "Dave", "David", "Eve", "Ev\u0430", "Mary")
    return roll.names, [roll.looks_taken(name) for name in names]


async def test_the_looks_are_new_only_if_owners_or_admins_look_otherwise(team: Team) -> None:
    roll = Roll(team.store)
    await roll.refresh()
    told = []
    for by, change in [change for part in STORY for change in part]:
        before = roll.looks_version
        assert await team.code(by, change) is None
        await roll.refresh()
        told.append(roll.looks_version != before)
    assert told == [False, False, False, True, True, True, True, True, False]


async def test_what_is_read_on_is_what_is_read_anew(team: Team) -> None:
    assert isinstance(team.store, Counting)
    roll = Roll(team.store)
    await roll.refresh()
    read = team.store.count
    for step in STORY:
        for by, change in step:
            assert await team.code(by, change) is None
        before = team.store.count
        await roll.refresh()
        assert team.store.count == before, "all accounts were read"
        anew = Roll(team.store)
        await anew.refresh()
        assert shown(roll) == shown(anew)
    assert read == 2 and shown(roll)[1] == [True, False, False, False, True, False, True, False]


async def test_what_is_no_longer_kept_is_read_anew(team: Team) -> None:
    roll = Roll(team.store)
    await roll.refresh()
    assert await team.code("ada", adding("eve", role="admin")) is None
    await team.store.trim(DIRECTORY, (await team.store.head(DIRECTORY)).seq)
    await roll.refresh()
    assert "eve" in roll.names and roll.looks_taken("Eve")


async def test_an_account_may_look_like_itself(team: Team) -> None:
    roll = Roll(team.store)
    await roll.refresh()
    assert roll.looks_taken("Ada") and not roll.looks_taken("Ada", account("ada").id)


async def test_the_version_grows_only_with_what_is_new(team: Team) -> None:
    roll = Roll(team.store)
    await roll.refresh()
    version = roll.version
    await roll.refresh()
    assert roll.version == version
    assert await team.code("dave", changing("dave", name="David")) is None
    await roll.refresh()
    assert roll.version > version


async def test_whoever_is_removed_is_no_longer_on_the_roll(team: Team) -> None:
    roll, anew = Roll(team.store), Roll(team.store)
    await roll.refresh()
    assert await team.code("ada", await removal_of(team.store, account("grace").id)) is None
    await roll.refresh()
    await anew.refresh()
    assert shown(roll) == shown(anew)
    assert "grace" not in roll.names and not roll.looks_taken("Grace")
