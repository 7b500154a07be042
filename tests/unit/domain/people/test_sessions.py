"""Sessions and tokens of an account."""

from typing import Any

import pytest

from hubbub.domain.aspects.people.accounts import SuspendPerson
from hubbub.domain.aspects.people.passwords import SetPassword
from hubbub.domain.aspects.people.sessions import (
    MAX_TOKENS,
    SESSIONS,
    CloseSession,
    CloseSessions,
    RenewSession,
    Session,
)
from hubbub.domain.facts import Accepted
from hubbub.events.people import SessionClosed, SessionOpened, SessionRenewed
from hubbub.protocol.messages import Change
from tests.support.fakes import ADA, account
from tests.support.team import BEGIN, DAY, Team, adding, logging_in, rfc3339

DAVE = account("dave").id
TOKEN = logging_in("dave", "t1", kind="token", until=None, name="ci")


async def sessions(team: Team) -> list[str]:
    return [row.session for row in await team.store.rows(SESSIONS, DAVE)]


async def test_logging_in_opens_a_session_that_the_own_log_shows(team: Team) -> None:
    at, until = rfc3339(BEGIN), BEGIN + 90 * DAY
    assert await team.do("dave", logging_in("dave", "s1", name="Firefox")) == Accepted(1, at)
    shown: dict[str, Any] = {"session": "s1", "kind": "session", "name": "Firefox", "until": until}
    assert await team.log(DAVE) == [SessionOpened(DAVE, 1, at, DAVE, **shown)]
    values = ("digest of s1", "Firefox", '["read","post"]', at, until)
    assert await team.store.rows(SESSIONS) == [Session(DAVE, "session", "s1", *values)]
    assert (await team.audited())[-1] == "logged in"


async def test_a_session_is_opened_with_the_password_that_is_good_now(team: Team) -> None:
    assert await team.code("dave", SetPassword(room=DAVE, secret="hash 1")) is None
    assert await team.code("dave", logging_in("dave", "s1", was="hash 1")) is None
    change = SetPassword(room=DAVE, secret="hash 2", was="hash 1")
    assert await team.code("dave", change, logging_in("dave", "s2", was="hash 1")) == "forbidden"
    assert await sessions(team) == []


@pytest.mark.parametrize("by", ["ada", "mary", ADA])
@pytest.mark.parametrize("kind", ["session", "token"])
async def test_nobody_logs_in_for_another(team: Team, by: str, kind: str) -> None:
    assert await team.code(by, logging_in("dave", "s1", kind=kind)) == "forbidden"


async def test_a_bot_s_tokens_are_made_by_who_owns_it(team: Team) -> None:
    assert await team.code("grace", adding("bot7", kind="bot")) is None
    token = logging_in("bot7", "t1", kind="token", until=None)
    assert await team.code("mary", token) == "forbidden"
    assert await team.code("grace", token) is None
    assert await team.code("ada", SuspendPerson(account=account("grace").id)) is None
    other = logging_in("bot7", "t2", kind="token", until=None)
    assert await team.code("grace", other) == "forbidden"


async def test_sessions_that_expired_end_when_another_begins(team: Team) -> None:
    for session in ("s1", "s2"):
        assert await team.code("dave", logging_in("dave", session)) is None
    assert await team.code("dave", logging_in("dave", "s3", closes=("s1", "s9"))) is None
    assert await sessions(team) == ["s2", "s3"]
    ended = [e.session for e in await team.log(DAVE) if isinstance(e, SessionClosed)]
    assert ended == ["s1"]


async def test_an_id_is_never_used_twice(team: Team) -> None:
    session = logging_in("dave", "s1")
    assert await team.code("dave", session, session) == "conflict"


@pytest.mark.parametrize("fields", [{"until": None}, {"kind": "cookie"}])
async def test_a_session_that_can_not_be(team: Team, fields: dict[str, object]) -> None:
    assert await team.code("dave", logging_in("dave", "s1", **fields)) == "bad_request"


async def test_an_account_has_only_so_many_tokens(team: Team) -> None:
    tokens = [logging_in("dave", f"t{n}", kind="token", until=None) for n in range(MAX_TOKENS + 1)]
    assert await team.code("dave", *tokens) == "too_large"
    assert await team.code("dave", CloseSession(room=DAVE, session="t0", kind="token")) is None
    assert await team.code("dave", tokens[-1]) is None


async def test_a_session_goes_on_while_it_is_used(team: Team) -> None:
    assert await team.code("dave", logging_in("dave", "s1"), TOKEN) is None
    until = BEGIN + 100 * DAY
    renew = RenewSession(room=DAVE, session="s1", until=until)
    team.now += 90 * DAY - 1
    assert await team.do("dave", renew) == Accepted(3, rfc3339(team.now))
    [*_, event] = await team.log(DAVE)
    assert isinstance(event, SessionRenewed) and (event.session, event.until) == ("s1", until)
    assert [row.until for row in await team.store.rows(SESSIONS, DAVE, "session")] == [until]
    team.now = until
    assert await team.code("dave", renew) == "not_found"
    for other in ("t1", "s9"):
        assert (
            await team.code("dave", RenewSession(room=DAVE, session=other, until=until))
            == "not_found"
        )


async def test_a_suspended_account_s_session_does_not_go_on(team: Team) -> None:
    assert await team.code("dave", logging_in("dave", "s1")) is None
    renew = RenewSession(room=DAVE, session="s1", until=BEGIN + 100 * DAY)
    assert await team.code("ada", SuspendPerson(account=DAVE), renew) == "not_found"


@pytest.mark.parametrize(
    "by, expected", [("dave", None), ("grace", None), ("mary", "forbidden"), (ADA, "forbidden")]
)
@pytest.mark.parametrize(
    "close", [CloseSession(room=DAVE, session="s1"), CloseSessions(room=DAVE)], ids=["one", "all"]
)
async def test_sessions_are_ended_by_their_account_and_by_admins(
    team: Team, by: str, expected: str | None, close: Change
) -> None:
    assert await team.code("dave", logging_in("dave", "s1")) is None
    assert await team.code(by, close) == expected
    assert await sessions(team) == ([] if expected is None else ["s1"])


async def test_what_is_not_open_is_not_ended(team: Team) -> None:
    assert await team.code("dave", TOKEN) is None
    assert await team.code("dave", CloseSession(room=DAVE, session="t1")) == "not_found"
    nemo = account("nemo").id
    assert await team.code("ada", CloseSession(room=nemo, session="s1")) == "not_found"
    assert await sessions(team) == ["t1"]


async def test_all_sessions_end_but_one_and_tokens_stay(team: Team) -> None:
    opened = [logging_in("dave", session) for session in ("s1", "s2", "s3")]
    assert await team.code("dave", *opened, TOKEN) is None
    assert await team.code("mary", logging_in("mary", "s1")) is None
    assert await team.code("dave", CloseSessions(room=DAVE, keeps="s2")) is None
    assert await sessions(team) == ["s2", "t1"]
    assert len(await team.store.rows(SESSIONS)) == 3
    [*_, event] = await team.log(DAVE)
    assert isinstance(event, SessionClosed) and (event.session, event.kept) == (None, "s2")
    assert await team.code("dave", CloseSessions(room=DAVE, keeps="s9")) is None
    assert await sessions(team) == ["t1"]


async def test_what_is_done_with_sessions_is_noted(team: Team) -> None:
    before = len(await team.audited())
    close = [
        CloseSession(room=DAVE, session="t1", kind="token"),
        CloseSession(room=DAVE, session="s1"),
    ]
    opened = [logging_in("dave", "s1"), TOKEN]
    assert await team.code("dave", *opened, *close, CloseSessions(room=DAVE)) is None
    assert (await team.audited())[before:] == [
        *["logged in", "token made", "token revoked", "logged out", "sessions ended"]
    ]
