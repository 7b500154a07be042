"""Addresses beside the audit log are forgotten after 90 days."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import ADDRESS_DAYS, AUDIT_ADDRESS, Note
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change
from hubbub.server.people import addresses
from hubbub.server.people.addresses import forget_old
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.retention import Retention
from hubbub.server.stores.base import StoreFailed
from tests.support.fakes import MemoryStore
from tests.support.team import BEGIN, DAY, Team

NOTE = Note(action="exported", address="192.0.2.7")


@pytest.fixture
def team() -> Team:
    return Team(MemoryStore())


async def forget(team: Team) -> None:
    await forget_old(team.store, team.do, team.now)


def commits_of(team: Team) -> list[Sequence[Proposal]]:
    assert isinstance(team.store, MemoryStore)
    return team.store.commits


async def left(team: Team) -> list[int]:
    return [row.seq for row in await team.store.rows(AUDIT_ADDRESS)]


async def test_old_addresses_go_and_all_entries_stay(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "ENTRIES_AT_ONCE", 2)
    await team.do(OPERATOR, *[NOTE] * 5)
    team.now += DAY
    await team.do(OPERATOR, NOTE)
    team.now = BEGIN + ADDRESS_DAYS * DAY + 1
    await forget(team)
    assert await left(team) == [6]
    assert await team.audited() == ["exported"] * 6 + ["addresses forgotten"] * 3
    commits = len(commits_of(team))
    await forget(team)
    assert len(commits_of(team)) == commits  # nothing is asked for as long as nothing is old
    team.now += DAY
    await forget(team)
    assert await left(team) == []


async def test_if_it_may_not_write_it_tries_again_later(team: Team) -> None:
    async def refuse(_: Principal, __: Change) -> Answer:
        return Refusal("busy", "Too many changes")

    await team.do(OPERATOR, NOTE)
    team.now += (ADDRESS_DAYS + 1) * DAY
    with pytest.raises(StoreFailed):
        await forget_old(team.store, refuse, team.now)


async def test_retention_keeps_the_audit_log(team: Team) -> None:
    await team.do(OPERATOR, *[NOTE] * 5)
    keeping = Retention(team.store, 2, 1.0, lambda: datetime.fromtimestamp(team.now + 9 * DAY, UTC))
    await go_round(keeping, team.store)
    assert len(await team.audited()) == 5
