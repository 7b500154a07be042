"""What an account decides for itself alone."""

from typing import Any

import pytest

from hubbub.domain.aspects.people.accounts import SuspendPerson
from hubbub.domain.aspects.people.preferences import (
    MAX_BLOCKS,
    MAX_PREFERENCE_BYTES,
    MAX_PREFERENCES,
    PREFERENCES,
    Preference,
)
from hubbub.domain.facts import Accepted
from hubbub.domain.tables.accounts import BLOCKS, Block
from hubbub.events.people import Blocked, Preferred, Unblocked
from hubbub.protocol.commands import preferences
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.messages import Change
from tests.support.fakes import ADA, account
from tests.support.team import BEGIN, Team, rfc3339

DAVE, MARY = account("dave").id, account("mary").id
BLOCK, UNBLOCK = BlockPerson(room=DAVE, who=MARY), UnblockPerson(room=DAVE, who=MARY)
UNCHANGED = Accepted(None, rfc3339(BEGIN))
SETTINGS = [
    name for key, name in vars(preferences).items() if key.isupper() and isinstance(name, str)
]


def preferring(value: Any, name: str = "theme") -> Prefer:
    return Prefer(room=DAVE, name=name, value=value)


async def test_blocking_and_unblocking_are_told_in_the_own_log_only(team: Team) -> None:
    assert await team.code("dave", BLOCK) is None
    assert await team.store.rows(BLOCKS) == [Block(DAVE, MARY)]
    assert await team.do("dave", BLOCK) == UNCHANGED
    assert await team.code("dave", UNBLOCK) is None
    assert await team.do("dave", UNBLOCK) == UNCHANGED
    assert await team.store.rows(BLOCKS) == []
    blocked, unblocked = await team.log(DAVE)
    assert isinstance(blocked, Blocked) and isinstance(unblocked, Unblocked)
    assert await team.log(MARY) == []


@pytest.mark.parametrize("change", [BLOCK, UNBLOCK, preferring("dark")], ids=type)
@pytest.mark.parametrize("by", ["ada", "mary", ADA])
async def test_nobody_decides_for_another(team: Team, by: str, change: Change) -> None:
    assert await team.code(by, change) == "not_found"


@pytest.mark.parametrize("change", [BLOCK, UNBLOCK, preferring("dark")], ids=type)
async def test_nor_does_a_suspended_account(team: Team, change: Change) -> None:
    assert await team.code("ada", SuspendPerson(account=DAVE)) is None
    assert await team.code("dave", change) == "forbidden"


async def test_one_blocks_neither_oneself_nor_nobody(team: Team) -> None:
    assert await team.code("dave", BlockPerson(room=DAVE, who=DAVE)) == "forbidden"
    nemo = account("nemo").id
    assert await team.code("dave", BlockPerson(room=DAVE, who=nemo)) == "not_found"


async def test_an_account_blocks_only_so_many(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_BLOCKS == 1_000
    monkeypatch.setattr("hubbub.domain.aspects.people.preferences.MAX_BLOCKS", 2)
    others = [BlockPerson(room=DAVE, who=account(name).id) for name in ("ada", "grace", "mary")]
    assert await team.code("dave", *others) == "too_large"
    assert await team.code("dave", *others[:2]) is None


async def test_a_setting_is_kept_until_it_is_removed(team: Team) -> None:
    assert await team.code("dave", preferring("dark")) is None
    assert await team.do("dave", preferring("dark")) == UNCHANGED
    assert await team.store.rows(PREFERENCES) == [Preference(DAVE, "theme", b'"dark"')]
    assert await team.code("dave", preferring({"hour": 22})) is None
    assert await team.code("dave", preferring(None)) is None
    assert await team.do("dave", preferring(None)) == UNCHANGED
    assert await team.store.rows(PREFERENCES) == []
    told = [event.value for event in await team.log(DAVE) if isinstance(event, Preferred)]
    assert told == ["dark", {"hour": 22}, None]


@pytest.mark.parametrize(
    "name, value, expected",
    [
        *[("", 1, "bad_request"), ("x" * 65, 1, "bad_request"), ("x" * 64, 1, None)],
        *[
            ("x", "x" * (MAX_PREFERENCE_BYTES - 2), None),
            ("x", "x" * (MAX_PREFERENCE_BYTES - 1), "too_large"),
        ],
    ],
)
async def test_a_setting_has_a_name_and_is_small(
    team: Team, name: str, value: Any, expected: str | None
) -> None:
    assert await team.code("dave", preferring(value, name)) == expected


async def test_an_account_has_only_so_many_settings(team: Team) -> None:
    settings = [preferring(n, str(n)) for n in range(MAX_PREFERENCES + 1)]
    assert await team.code("dave", *settings) == "too_large"
    assert await team.code("dave", preferring("other", "0"), preferring(None, "1")) is None
    assert await team.code("dave", settings[-1]) is None


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_setting_that_the_server_reads_takes_no_value_of_another_kind(
    team: Team, name: str
) -> None:
    assert await team.code("dave", preferring("strange", name)) == "bad_request"
