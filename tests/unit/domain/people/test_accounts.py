"""What accounts are called, and what they may do on a server."""

from typing import Any

import pytest

from hubbub.domain.aspects.people.accounts import (
    HANDLES,
    OPERATOR,
    OWNERS,
    RANKS,
    ChangePerson,
    ChangeRole,
    Handle,
    OwnerRow,
    ResumePerson,
    SuspendPerson,
)
from hubbub.domain.aspects.people.sessions import SESSIONS
from hubbub.domain.facts import Accepted
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.events.people import PersonChanged, SessionClosed
from hubbub.protocol.keys import DIRECTORY
from tests.support.fakes import ADA, account
from tests.support.team import BEGIN, DAY, ROLES, Team, adding, logging_in, rfc3339

MADE = 5  # events in the directory


def key(name: str) -> str:
    return account(name).id


# --- what they are called ---


async def test_a_change_is_told_in_the_directory_with_what_is_new(team: Team) -> None:
    change = ChangePerson(account=key("dave"), handle="david", name="Dave", status_text="at lunch")
    assert await team.do("dave", change) == Accepted(MADE + 1, rfc3339(BEGIN))
    [event] = await team.log(DIRECTORY, MADE)
    told: dict[str, Any] = {"account": key("dave"), "handle": "david", "status_text": "at lunch"}
    place: dict[str, Any] = {
        "room": DIRECTORY,
        "seq": MADE + 1,
        "at": rfc3339(BEGIN),
        "by": key("dave"),
    }
    assert event == PersonChanged(**place, **told)
    row = next(row for row in await team.store.rows(ACCOUNT) if row.account == key("dave"))
    assert (row.handle, row.name, row.status_text) == ("david", "Dave", "at lunch")


async def test_what_is_the_same_changes_nothing(team: Team) -> None:
    for change in (
        ChangePerson(account=key("dave"), name="Dave"),
        ChangePerson(account=key("dave")),
    ):
        assert await team.do("dave", change) == Accepted(None, rfc3339(BEGIN))
    assert len(await team.log(DIRECTORY)) == MADE


async def test_an_empty_text_takes_away(team: Team) -> None:
    for text in ("at lunch", ""):
        assert await team.code("dave", ChangePerson(account=key("dave"), status_text=text)) is None
    assert {row.status_text for row in await team.store.rows(ACCOUNT)} == {""}


@pytest.mark.parametrize(
    "by, whom, expected",
    [
        *((name, name, None) for name in ROLES),
        *[("ada", "grace", None), ("grace", "mary", None), ("grace", "ada", "forbidden")],
        *[
            ("mary", "dave", "forbidden"),
            ("dave", "sam", "forbidden"),
            ("ada", "nemo", "not_found"),
        ],
    ],
)
async def test_one_changes_oneself_and_those_one_may_manage(
    team: Team, by: str, whom: str, expected: str | None
) -> None:
    assert await team.code(by, ChangePerson(account=key(whom), name="New")) == expected


async def test_nobody_without_an_account_changes_one(team: Team) -> None:
    assert await team.code(ADA, ChangePerson(account=key("dave"), name="New")) == "forbidden"


@pytest.mark.parametrize("handle", ["d", "Dave", "-dave", "dave.", "da ve", "dävid", "x" * 33, ""])
async def test_a_handle_that_can_not_be(team: Team, handle: str) -> None:
    assert (
        await team.code("dave", ChangePerson(account=key("dave"), handle=handle)) == "bad_request"
    )


@pytest.mark.parametrize(
    "field, text",
    [
        ("name", ""),
        ("name", "x" * 65),
        ("status_text", "x" * 101),
        ("time_zone", "\n"),
        ("time_zone", "Nowhere/Land"),
        ("avatar", "x" * 33),
    ],
)
async def test_a_text_that_can_not_be(team: Team, field: str, text: str) -> None:
    given: Any = {field: text}
    change = ChangePerson(account=key("dave"), **given)
    assert await team.code("dave", change) == "bad_request"


async def test_two_can_not_have_one_handle(team: Team) -> None:
    change = ChangePerson(account=key("dave"), handle="mary")
    assert await team.code("dave", change) == "name_taken"
    assert await team.code("ada", adding("beth", handle="mary")) == "name_taken"


async def test_a_former_handle_is_its_account_s_for_90_days(team: Team) -> None:
    rename = ChangePerson(account=key("dave"), handle="david")
    take = ChangePerson(account=key("mary"), handle="dave")
    assert await team.code("dave", rename) is None
    team.now += 90 * DAY - 1
    assert await team.code("mary", take) == "name_taken"
    assert await team.code("dave", ChangePerson(account=key("dave"), handle="dave")) is None
    assert await team.code("dave", rename) is None
    team.now += 90 * DAY
    assert await team.code("mary", take) is None
    rows = {row.handle: row for row in await team.store.rows(HANDLES)}
    assert rows["dave"] == Handle(DIRECTORY, "dave", key("mary"), True, None)
    assert rows["mary"] == Handle(DIRECTORY, "mary", key("mary"), False, team.now + 90 * DAY)
    assert await team.code("dave", ChangePerson(account=key("dave"), handle="dave")) == "name_taken"


async def test_of_those_who_take_one_handle_at_once_one_gets_it(team: Team) -> None:
    take = [ChangePerson(account=key(name), handle="boss") for name in ("dave", "mary")]
    assert await team.code("ada", *take) == "name_taken"
    assert [r.account for r in await team.store.rows(HANDLES) if r.handle == "boss"] == [
        key("dave")
    ]


# --- what they may do ---

MAY_GIVE = {  # who may give whom which role
    "ada": {name: set(RANKS) for name in ("grace", "mary", "dave", "sam")},
    "grace": {name: {"guest", "member", "moderator"} for name in ("mary", "dave", "sam")},
}


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("whom", ["grace", "mary", "dave", "sam"])
@pytest.mark.parametrize("role", RANKS)
async def test_owners_give_any_role_and_admins_lesser_ones(
    team: Team, by: str, whom: str, role: str
) -> None:
    may = role in MAY_GIVE.get(by, {}).get(whom, set())
    answer = await team.do(by, ChangeRole(account=key(whom), role=role))
    if not may:
        assert getattr(answer, "code", None) == "forbidden"
    elif ROLES[whom] == role:
        assert answer == Accepted(None, rfc3339(BEGIN))
    else:
        assert await team.audited() == ["invite made", *["person added"] * 5, "role changed"]
    rows = {row.account: row.role for row in await team.store.rows(ACCOUNT)}
    assert rows[key(whom)] == (role if may else ROLES[whom])


async def test_an_unknown_role_or_account_is_refused(team: Team) -> None:
    assert await team.code("ada", ChangeRole(account=key("dave"), role="boss")) == "bad_request"
    assert await team.code("ada", ChangeRole(account=key("nemo"), role="member")) == "not_found"


async def test_a_bot_gets_no_rights_over_others(team: Team) -> None:
    assert await team.code("grace", adding("bot7", kind="bot")) is None
    for role in ("moderator", "owner"):
        assert await team.code("ada", ChangeRole(account=key("bot7"), role=role)) == "forbidden"
        assert await team.code("ada", adding("bot8", kind="bot", role=role)) == "forbidden"
    assert await team.code("ada", ChangeRole(account=key("bot7"), role="guest")) is None


@pytest.mark.parametrize(
    "leave",
    [ChangeRole(account=key("ada"), role="member"), SuspendPerson(account=key("ada"))],
    ids=["role", "status"],
)
async def test_the_last_owner_can_not_go(team: Team, leave: ChangeRole | SuspendPerson) -> None:
    for by in ("ada", OPERATOR):
        assert await team.code(by, leave) == "forbidden"
    promote = ChangeRole(account=key("grace"), role="owner")
    assert await team.code("ada", promote, leave) is None
    assert await team.store.rows(OWNERS) == [OwnerRow(DIRECTORY, key("grace"))]
    assert await team.code("grace", ChangeRole(account=key("grace"), role="admin")) == "forbidden"


async def test_two_owners_who_leave_at_once_leave_one(team: Team) -> None:
    assert await team.code("ada", ChangeRole(account=key("grace"), role="owner")) is None
    both = [ChangeRole(account=key(name), role="member") for name in ("grace", "ada")]
    assert await team.code("ada", *both) == "forbidden"
    assert await team.store.rows(OWNERS) == [OwnerRow(DIRECTORY, key("ada"))]


async def test_a_suspended_owner_is_none_until_resumed(team: Team) -> None:
    assert await team.code("ada", ChangeRole(account=key("grace"), role="owner")) is None
    assert await team.code("ada", SuspendPerson(account=key("grace"))) is None
    assert await team.code("ada", SuspendPerson(account=key("ada"))) == "forbidden"
    assert await team.code("grace", ResumePerson(account=key("grace"))) == "forbidden"
    assert await team.code("ada", ResumePerson(account=key("grace"))) is None
    assert len(await team.store.rows(OWNERS)) == 2
    assert (await team.audited())[-2:] == ["suspended", "resumed"]


@pytest.mark.parametrize(
    "by, whom, expected",
    [
        *[("ada", "grace", None), ("grace", "mary", None), ("grace", "sam", None)],
        *[("grace", "ada", "forbidden"), ("grace", "grace", "forbidden")],
        *[
            ("mary", "dave", "forbidden"),
            ("dave", "dave", "forbidden"),
            ("ada", "nemo", "not_found"),
        ],
    ],
)
async def test_admins_suspend_those_below_them(
    team: Team, by: str, whom: str, expected: str | None
) -> None:
    assert await team.code(by, SuspendPerson(account=key(whom))) == expected


async def test_a_suspended_account_does_nothing_and_has_no_sessions(team: Team) -> None:
    token = logging_in("grace", "t1", kind="token", until=None)
    assert await team.code("grace", logging_in("grace", "s1"), token) is None
    assert await team.code("ada", SuspendPerson(account=key("grace"))) is None
    assert [row.session for row in await team.store.rows(SESSIONS)] == ["t1"]
    [*_, closed] = await team.log(key("grace"))
    assert isinstance(closed, SessionClosed) and (closed.session, closed.kept) == (None, None)
    assert closed.by == key("ada")
    for change in (
        ChangePerson(account=key("grace"), name="New"),
        ChangeRole(account=key("dave"), role="guest"),
        adding("beth"),
        logging_in("grace", "s2"),
    ):
        assert await team.code("grace", change) == "forbidden"
    again = SuspendPerson(account=key("grace"))
    assert await team.do("ada", again) == Accepted(None, rfc3339(BEGIN))
