"""Accounts, sessions, invites and the audit log, whatever the store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.domain.accounts import ACCOUNT
from hubbub.domain.aspects import RULES, people
from hubbub.domain.aspects.people.accounts import (
    OPERATOR,
    OWNERS,
    ChangePerson,
    ChangeRole,
    ResumePerson,
    SuspendPerson,
)
from hubbub.domain.aspects.people.audit import ADDRESS_DAYS, ForgetAddresses
from hubbub.domain.aspects.people.invites import INVITES, RevokeInvite
from hubbub.domain.aspects.people.passwords import MakeReset, SetPassword
from hubbub.domain.aspects.people.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.domain.aspects.people.sessions import CloseSession, CloseSessions, RenewSession
from hubbub.domain.facts import Accepted
from hubbub.domain.rules import Rules
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.protocol.messages import Change
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from tests.support.fakes import MemoryStore, account
from tests.support.postgres import Postgres
from tests.support.stores import REAL
from tests.support.team import (
    BEGIN,
    DAY,
    ROLES,
    Team,
    adding,
    code,
    inviting,
    logging_in,
    newcomer,
    using,
)

DAVE, GRACE, MARY = (account(name).id for name in ("dave", "grace", "mary"))

EVERYTHING: list[tuple[str, Change]] = [  # by whom; each internal command, and some refused
    ("grace", inviting("i1", uses=2, rooms=("@r1",))),
    ("beth", using("i1", "beth", GRACE, rooms=("@r1",), secret="hash", client_message_id="k")),
    ("beth", using("i1", "eve", GRACE, rooms=("@r1",), client_message_id="k")),
    ("eve", using("i1", "eve", GRACE, rooms=("@r1",), address="192.0.2.7")),
    ("max", using("i1", "max", GRACE, rooms=("@r1",))),
    ("dave", inviting("i2", is_open=True)),
    ("dave", RevokeInvite(invite="i2")),
    ("grace", adding("bot7", kind="bot")),
    ("max", adding("max", subject="user/x/1")),
    ("jim", adding("jim", subject="user/x/1")),
    ("dave", ChangePerson(account=DAVE, handle="david", name="Dävid", status_text="at lunch")),
    ("mary", ChangePerson(account=MARY, handle="dave")),
    ("ada", ChangeRole(account=DAVE, role="admin", address="192.0.2.8")),
    ("ada", ChangeRole(account=account("ada").id, role="guest")),
    ("dave", SetPassword(room=DAVE, secret="hash 1")),
    ("dave", logging_in("dave", "s1", was="hash 1", name="Firefox", address="192.0.2.9")),
    ("dave", logging_in("dave", "s2")),
    ("dave", logging_in("dave", "t1", kind="token", until=None)),
    ("dave", RenewSession(room=DAVE, session="s2", until=BEGIN + 100 * DAY)),
    ("dave", CloseSession(room=DAVE, session="s1")),
    ("grace", MakeReset(room=MARY, digest="digest", until=BEGIN + DAY)),
    ("mary", SetPassword(room=MARY, secret="hash", reset="digest")),
    ("grace", CloseSessions(room=MARY)),
    ("grace", logging_in("grace", "s1")),
    ("ada", SuspendPerson(account=GRACE)),
    ("ada", ResumePerson(account=GRACE)),
    ("dave", BlockPerson(room=DAVE, who=MARY)),
    ("dave", BlockPerson(room=DAVE, who=GRACE)),
    ("dave", UnblockPerson(room=DAVE, who=MARY)),
    ("dave", Prefer(room=DAVE, name="theme", value={"dark": True})),
    ("dave", Prefer(room=DAVE, name="theme", value={"dark": False})),
]


async def do_everything(team: Team, *, at_once: bool) -> list[str | None]:
    """Have all of this done, in one commit for each or for all of one person that come together."""
    await team.begin()
    if not at_once:
        return [await team.code(by, change) for by, change in EVERYTHING]
    pending = [team.do(by, change) for by, change in EVERYTHING]
    return [code(answer) for answer in await asyncio.gather(*pending)]


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
    url = await postgres.fresh()
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
