"""Accounts, sessions, invites and the audit log, whatever the store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.domain.aspects import RULES, people
from hubbub.domain.aspects.people.accounts import (
    OPERATOR,
    OWNERS,
    ChangeRole,
)
from hubbub.domain.aspects.people.audit import ADDRESS_DAYS, ForgetAddresses
from hubbub.domain.aspects.people.invites import INVITES
from hubbub.domain.facts import Accepted
from hubbub.domain.rules import Rules
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from tests.support.fakes import MemoryStore, account
from tests.support.postgres import Postgres
from tests.support.stores import REAL
from tests.support.team import (
    DAY,
    ROLES,
    Team,
    inviting,
    newcomer,
    using,
)
from tests.support.team_story import EVERYTHING, do_everything

GRACE = account("grace").id


def test_every_internal_command_is_among_them() -> None:
    kinds = {type(change) for _, change in EVERYTHING}
    rules = Rules(people.ASPECTS).by_command
    assert {kind.__name__ for kind in rules.keys() - kinds} == {"Note", "ForgetAddresses"}


@pytest.mark.parametrize("at_once", [False, True])
async def test_all_that_is_done_with_accounts_is_kept_as_in_the_model(
    store: Store, at_once: bool
) -> None:
    team, model = Team(store), Team(MemoryStore())
    codes = await do_everything(team, at_once=at_once)
    assert codes == await do_everything(model, at_once=False)
    assert {*codes} == {None, "gone", "forbidden", "name_taken"}
    for table in RULES.tables:
        assert await store.rows(table) == await model.store.rows(table), table
    for log in (DIRECTORY, AUDIT, *(account(name).id for name in (*ROLES, "beth", "bot7"))):
        assert await team.bodies(log) == await model.bodies(log)
    assert len(await team.audited()) > 20
    team.now += ADDRESS_DAYS * DAY + 1
    assert await team.code(OPERATOR, ForgetAddresses(entries=tuple(range(1, 30)))) is None
    assert (await team.audited())[-1] == "addresses forgotten"


@pytest.mark.parametrize("store", REAL, indirect=True)
async def test_a_failed_commit_leaves_no_half_made_account(store: Store) -> None:
    team = Team(store)
    await team.begin()
    assert await team.code("grace", inviting("i1")) is None
    before = [await store.rows(table) for table in RULES.tables]
    unstorable = using("i1", "beth", GRACE, secret="a lone surrogate: \ud800")
    assert await team.code(newcomer("beth"), unstorable) == "bad_request"
    assert [await store.rows(table) for table in RULES.tables] == before
    assert await team.code(newcomer("beth"), using("i1", "beth", GRACE)) is None
    await team.audited()


@pytest.fixture
async def nodes(tmp_path: Path, postgres: Postgres) -> AsyncIterator[list[Team]]:
    """Two nodes on one database."""
    url = await postgres.prepared()
    stores = [await PostgresStore.open(url, "full", lambda: "e1") for _ in range(2)]
    yield [Team(store) for store in stores]
    for store in stores:
        await store.close()


async def test_an_invite_used_on_two_nodes_at_once_lets_one_in(nodes: list[Team]) -> None:
    await nodes[0].begin()
    names = [f"a{n}" for n in range(8)]
    for n in range(0, len(names), 2):
        invite = f"i{n}"
        assert await nodes[0].code("grace", inviting(invite)) is None
        two = zip(nodes, names[n : n + 2], strict=True)
        uses = [team.do(newcomer(name), using(invite, name, GRACE)) for team, name in two]
        answers = await asyncio.gather(*uses)
        assert sorted(isinstance(answer, Accepted) for answer in answers) == [False, True]
    rows = await nodes[1].store.rows(INVITES)
    assert [row.uses_left for row in rows] == [0] * len(rows)
    assert len(await nodes[1].store.rows(ACCOUNT)) == len(ROLES) + len(names) // 2
    await nodes[1].audited()


async def test_two_owners_who_leave_on_two_nodes_at_once_leave_one(nodes: list[Team]) -> None:
    one, other = nodes
    await one.begin()
    assert await one.code("ada", ChangeRole(account=GRACE, role="owner")) is None
    leave = [ChangeRole(account=account(name).id, role="member") for name in ("ada", "grace")]
    answers = await asyncio.gather(one.do("ada", leave[0]), other.do("grace", leave[1]))
    assert sorted(isinstance(answer, Accepted) for answer in answers) == [False, True]
    assert len(await other.store.rows(OWNERS)) == 1
