"""Who comes in with a session or an API token, and for how long."""

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial

import pytest

from hubbub.domain.aspects.people.accounts import ChangeRole, ResumePerson, SuspendPerson
from hubbub.domain.aspects.people.passwords import SetPassword
from hubbub.domain.aspects.people.sessions import (
    SESSION,
    SESSIONS,
    TOKEN,
    CloseSession,
    CloseSessions,
    RenewSession,
)
from hubbub.domain.facts import Batch, Facts, Needs
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Change
from hubbub.protocol.secrets import SessionToken, digest_of, new_session, new_token
from hubbub.server.people.door import Credentials, Door
from hubbub.server.people.roll import Roll
from hubbub.server.people.sessions import KEPT_FOR, LIFETIME, MOST_KEPT, Sessions
from hubbub.server.people.visits import Visit
from tests.support.fakes import MemoryStore, account, guest
from tests.support.team import DAY, ROLES, Team, adding, logging_in


@dataclass
class Node:
    """One node of a server: its door, and what it knows of sessions."""

    team: Team
    renewed: list[RenewSession] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = self.team.store
        self.sessions = Sessions(store, self.time, self.renew, Roll(store))
        self.failures = 0
        self.door = Door((self.sessions,), failed=self.fail, now=self.time, clock=time.monotonic)

    def fail(self) -> None:
        self.failures += 1

    def time(self) -> float:
        return self.team.now

    def renew(self, _: Principal, renewal: RenewSession) -> None:
        self.renewed.append(renewal)

    async def enter(self, token: SessionToken | str) -> Visit:
        text = token if isinstance(token, str) else token.text
        await self.door.prepare(text)
        return self.door.enter(Credentials(token=text))

    async def refuses(self, token: SessionToken | str) -> bool:
        try:
            await self.enter(token)
        except RefusalError as error:
            return error.refusal.code in ("unauthenticated", "rate_limited")
        return False

    async def look(self) -> None:
        """What happens twice a second."""
        await self.sessions.refresh()
        self.door.review()


class Counting(MemoryStore):
    """Counts how often sessions are looked up."""

    reads = 0

    async def find(self, wanted: Needs) -> Facts:
        self.reads += 1
        return await super().find(wanted)


@pytest.fixture
async def team() -> Team:
    team = Team(Counting())
    await team.begin()
    return team


@pytest.fixture
def node(team: Team) -> Node:
    return Node(team)


def made(name: str, number: int, kind: str = SESSION) -> SessionToken:
    make = new_session if kind == SESSION else new_token
    return make(account(name).id, bytes([number]) * 41)


async def opened(
    team: Team, name: str, number: int = 1, kind: str = SESSION, **fields: object
) -> SessionToken:
    token = made(name, number, kind)
    until = team.now + LIFETIME if kind == SESSION else None
    given = {"digest": digest_of(token.secret), "kind": kind, "until": until} | fields
    assert await team.code(name, logging_in(name, token.id, **given)) is None
    return token


@pytest.mark.parametrize("kind", [SESSION, TOKEN])
async def test_whoever_has_a_session_or_a_token_is_the_account(
    team: Team, node: Node, kind: str
) -> None:
    token = await opened(team, "dave", kind=kind, scopes=("read",))
    visit = await node.enter(token)
    key = account("dave").id
    assert visit.principal == Principal(
        key,
        Role.ACCOUNT,
        key,
        frozenset({Scope.READ}),
        until=team.now + LIFETIME if kind == SESSION else float("inf"),
        session=(key, kind, token.id),
    )
    assert visit.principal.person.who == key and visit.principal.may_own


@pytest.mark.parametrize(
    "change, is_out",
    [
        (SuspendPerson(account=account("grace").id), True),
        (ChangeRole(account=account("grace").id, role="guest"), True),
        (ChangeRole(account=account("grace").id, role="member"), False),
        (SuspendPerson(account=account("dave").id), False),
        (SuspendPerson(account=account("beep").id), True),
    ],
)
async def test_a_bot_is_never_worth_more_than_its_owner(
    team: Team, node: Node, change: ChangeRole | SuspendPerson, is_out: bool
) -> None:
    bot, token = account("beep"), made("beep", 1, TOKEN)
    assert await team.code("grace", adding("beep", kind="bot")) is None
    given = {"digest": digest_of(token.secret), "kind": TOKEN, "until": None}
    assert await team.code("grace", logging_in("beep", token.id, **given)) is None
    await node.look()
    visit = await node.enter(token)
    assert visit.principal.id == bot.id
    assert await ended(team, node, visit) == [False]
    assert await team.code("ada", change) is None
    assert await ended(team, node, visit) == [is_out]
    assert await node.refuses(token) == is_out


async def test_only_the_secret_of_the_very_session_will_do(team: Team, node: Node) -> None:
    token = await opened(team, "dave")
    other = await opened(team, "mary", 2)
    await node.enter(token)
    for wrong in (
        made("dave", 3),
        made("dave", 1, TOKEN),
        SessionToken(token.account, "session", token.id, other.secret),
        SessionToken(other.account, "session", token.id, token.secret),
        SessionToken(token.account, "session", token.id, digest_of(token.secret)[:52]),
    ):
        assert await node.refuses(wrong)
    assert await node.refuses(token.text[:-1]) and await node.refuses("hubbub_s_")


async def test_a_session_that_was_not_looked_up_is_not_valid(team: Team, node: Node) -> None:
    token = await opened(team, "dave")
    with pytest.raises(RefusalError, match="unauthenticated"):
        node.door.enter(Credentials(token=token.text))


async def ended(team: Team, node: Node, *visits: Visit) -> list[bool]:
    await node.look()
    return [visit.is_expelled for visit in visits]


async def test_a_session_that_is_closed_is_over_on_every_node(team: Team, node: Node) -> None:
    first, second = await opened(team, "dave", 1), await opened(team, "dave", 2)
    other = Node(team)
    visits = [await each.enter(token) for each in (node, other) for token in (first, second)]
    assert await team.code("dave", CloseSession(room=account("dave").id, session=first.id)) is None
    await other.look()
    await node.look()
    assert [visit.is_expelled for visit in visits] == [True, False, True, False]
    assert await node.refuses(first) and await other.refuses(first)
    assert not await node.refuses(second)


async def test_whoever_is_suspended_is_out_and_comes_in_again_when_resumed(
    team: Team, node: Node
) -> None:
    session = await opened(team, "dave", 1)
    token = await opened(team, "dave", 2, TOKEN)
    bystander = await node.enter(await opened(team, "mary", 3))
    visits = [await node.enter(session), await node.enter(token)]
    assert await team.code("grace", SuspendPerson(account=account("dave").id)) is None
    assert await ended(team, node, *visits, bystander) == [True, True, False]
    assert await node.refuses(session) and await node.refuses(token)
    assert await team.code("grace", ResumePerson(account=account("dave").id)) is None
    assert await node.refuses(session)
    assert not await node.refuses(token)


async def test_another_password_ends_the_other_sessions(team: Team, node: Node) -> None:
    here, there = await opened(team, "dave", 1), await opened(team, "dave", 2)
    visits = [await node.enter(here), await node.enter(there)]
    change = SetPassword(room=account("dave").id, secret="another", keeps=here.id)
    assert await team.code("dave", change) is None
    assert await ended(team, node, *visits) == [False, True]


async def test_all_sessions_can_be_ended_at_once(team: Team, node: Node) -> None:
    visits = [await node.enter(await opened(team, "dave", number)) for number in (1, 2)]
    assert await team.code("dave", CloseSessions(room=account("dave").id)) is None
    assert await ended(team, node, *visits) == [True, True]


DAVE = account("dave").id
CHANGES: dict[str, tuple[str, Change, list[bool]]] = {
    "one": (
        "dave",
        CloseSession(room=DAVE, session=made("dave", 1).id),
        [True, False, False, False],
    ),
    "all but one": (
        "dave",
        CloseSessions(room=DAVE, keeps=made("dave", 2).id),
        [True, *[False] * 3],
    ),
    "a token": (
        "dave",
        CloseSession(room=DAVE, session=made("dave", 3, TOKEN).id, kind=TOKEN),
        [False, False, True, False],
    ),
    "suspended": ("grace", SuspendPerson(account=DAVE), [True] * 4),
    "another role": ("grace", ChangeRole(account=DAVE, role="moderator"), [False] * 4),
    "another one's": ("ada", SuspendPerson(account=account("mary").id), [False] * 4),
}


@pytest.mark.parametrize("by, change, are_out", CHANGES.values(), ids=CHANGES)
async def test_whoever_is_told_of_a_commit_sends_out_at_once_whom_it_ends(
    team: Team, node: Node, by: str, change: Change, are_out: list[bool]
) -> None:
    bot = made("beep", 4, TOKEN)
    assert await team.code("ada", ChangeRole(account=DAVE, role="admin")) is None
    assert await team.code("dave", adding("beep", kind="bot")) is None
    given = {"digest": digest_of(bot.secret), "kind": TOKEN, "until": None}
    assert await team.code("dave", logging_in("beep", bot.id, **given)) is None
    assert await team.code("ada", ChangeRole(account=DAVE, role="member")) is None
    sessions = [await opened(team, "dave", n) for n in (1, 2)]
    tokens = [*sessions, await opened(team, "dave", 3, TOKEN), bot]
    visits = [await node.enter(token) for token in tokens]
    before = {log: (await team.store.head(log)).seq for log in (DIRECTORY, DAVE)}
    assert await team.code(by, change) is None
    node.door.heed(
        [
            Batch(log, seq + 1, (await team.store.read(log, seq, 99)).bodies)
            for log, seq in before.items()
        ]
    )
    assert [visit.is_expelled for visit in visits] == are_out
    assert [await node.refuses(token) for token in tokens] == are_out


async def test_someone_who_can_not_be_expelled_holds_up_neither_the_others_nor_the_commit(
    team: Team, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    visits = [await node.enter(await opened(team, "dave", n)) for n in (1, 2, 3)]
    left, stuck = list[int](), {1}

    def leave(n: int) -> None:
        if n in stuck:
            raise LookupError("a secret")
        left.append(n)

    for n, visit in enumerate(visits):
        visit.when_expelled(partial(leave, n))
    before = (await team.store.head(DAVE)).seq
    assert await team.code("dave", CloseSessions(room=DAVE)) is None
    node.door.heed([Batch(DAVE, before + 1, (await team.store.read(DAVE, before, 99)).bodies)])
    assert sorted(left) == [0, 2] and node.failures == 1
    assert "LookupError at test_sessions.py" in caplog.text and "a secret" not in caplog.text
    with pytest.raises(LookupError):  # which ends the server, if it happens twice
        node.door.review()
    stuck.clear()
    node.door.review()
    assert sorted(left) == [0, 1, 2]


async def test_what_a_commit_ends_during_a_look_up_does_not_come_back(
    team: Team, node: Node
) -> None:
    token = await opened(team, "dave")
    store, find = team.store, team.store.find

    async def find_and_then_a_change(wanted: Needs) -> Facts:
        found = await find(wanted)
        if SESSIONS in wanted.rows:
            store.find = find  # type: ignore[method-assign]
            seq = (await store.head(DAVE)).seq
            assert await team.code("dave", CloseSession(room=DAVE, session=token.id)) is None
            node.door.heed([Batch(DAVE, seq + 1, (await store.read(DAVE, seq, 99)).bodies)])
        return found

    store.find = find_and_then_a_change  # type: ignore[method-assign]
    assert await node.refuses(token)


async def test_a_session_ends_by_itself(team: Team, node: Node) -> None:
    token = await opened(team, "dave", until=team.now + 60)
    visit = await node.enter(token)
    team.now += 60
    assert await ended(team, node, visit) == [True]
    assert await node.refuses(token)


async def test_a_session_that_is_used_goes_on_and_that_is_written_once_a_day(
    team: Team, node: Node
) -> None:
    token = await opened(team, "dave")
    await node.enter(token)
    team.now += DAY - 1
    await node.enter(token)
    assert node.renewed == []
    team.now += 1
    for _ in range(3):
        await node.enter(token)
    assert node.renewed == [
        RenewSession(room=account("dave").id, session=token.id, until=team.now + LIFETIME)
    ]
    assert await team.code("dave", *node.renewed) is None
    await node.look()
    assert (await node.enter(token)).principal.until == team.now + LIFETIME
    assert len(node.renewed) == 1
    team.now += DAY
    await node.enter(token)
    assert len(node.renewed) == 2


async def test_an_api_token_is_not_renewed(team: Team, node: Node) -> None:
    token = await opened(team, "dave", kind=TOKEN, until=team.now + 30 * DAY)
    team.now += 2 * DAY
    await node.enter(token)
    assert node.renewed == []


async def test_what_is_known_is_not_looked_up_again(team: Team, node: Node) -> None:
    store = team.store
    assert isinstance(store, Counting)
    token = await opened(team, "dave")
    await node.enter(token)
    await node.look()
    reads = store.reads
    for _ in range(10):
        await node.enter(token)
        await node.look()
    assert store.reads == reads
    await opened(team, "dave", 2)  # something has happened in their log
    await node.look()
    assert store.reads > reads


async def test_what_is_not_used_is_forgotten_but_no_visit_ends(team: Team, node: Node) -> None:
    staying = await node.enter(await opened(team, "dave", 1))
    gone = await opened(team, "mary", 2)
    node.door.exit(await node.enter(gone))
    for n in range(3):
        team.now += KEPT_FOR - 1
        await opened(team, "mary", 10 + n)  # so that the one before is looked up again
        await node.look()
    assert len(node.sessions._known) == 1
    assert not staying.is_expelled
    assert not await node.refuses(gone)


async def test_what_is_kept_is_bounded(
    team: Team, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_KEPT >= 10_000
    monkeypatch.setattr("hubbub.server.people.sessions.MOST_KEPT", 2)
    tokens = [await opened(team, name, n) for n, name in enumerate(("dave", "mary", "grace"))]
    for token in tokens * 2:
        assert not await node.refuses(token)
    assert len(node.sessions._known) == 2


async def test_a_change_during_a_look_up_is_noticed_afterwards(team: Team, node: Node) -> None:
    token = await opened(team, "dave")
    store, find = team.store, team.store.find

    async def find_and_then_a_change(wanted: Needs) -> Facts:
        found = await find(wanted)
        if SESSIONS in wanted.rows:
            store.find = find  # type: ignore[method-assign]
            close = CloseSession(room=account("dave").id, session=token.id)
            assert await team.code("dave", close) is None
        return found

    store.find = find_and_then_a_change  # type: ignore[method-assign]
    visit = await node.enter(token)
    assert await ended(team, node, visit) == [True]


async def test_nobody_new_comes_in_while_the_database_fails_and_nobody_is_sent_out(
    team: Team, node: Node
) -> None:
    known, new = await opened(team, "dave", 1), await opened(team, "mary", 2)
    visit = await node.enter(known)
    store = team.store
    assert isinstance(store, Counting)
    store.is_failing = True
    assert not await node.refuses(known) and not visit.is_expelled
    with pytest.raises(RefusalError, match="unavailable"):
        await node.enter(new)
    store.is_failing = False
    assert not await node.refuses(new)


async def test_other_credentials_are_none_of_their_business(team: Team, node: Node) -> None:
    assert node.sessions.is_valid(guest("ada"))
    assert await asyncio.wait_for(node.sessions.refresh(), 30) is True
    assert node.sessions.names == ROLES.keys()
    assert await asyncio.wait_for(node.sessions.refresh(), 30) is False
