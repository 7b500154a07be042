"""Setting a password, by oneself or by a reset link."""

import msgspec
import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR, ChangeRole, SuspendPerson
from hubbub.domain.aspects.people.credentials import CREDENTIALS, PASSWORD, RESET, Credential
from hubbub.domain.aspects.people.passwords import MakeReset, SetPassword
from hubbub.domain.aspects.people.sessions import SESSIONS
from hubbub.events.people import CredentialChanged
from hubbub.protocol.messages import Change
from tests.support.fakes import ADA, account
from tests.support.team import BEGIN, DAY, Team, adding, logging_in, rfc3339

DAVE = account("dave").id
SET = SetPassword(room=DAVE, secret="hash 1")
RESET_BY = MakeReset(room=DAVE, digest="digest", until=BEGIN + DAY)
GRACE = account("grace").id
BY_LINK = SetPassword(room=DAVE, secret="hash 2", reset="digest", made_by=GRACE)


async def secrets(team: Team) -> dict[str, str]:
    return {row.kind: row.secret for row in await team.store.rows(CREDENTIALS, DAVE)}


async def test_who_knows_the_present_password_sets_another(team: Team) -> None:
    assert await team.code("dave", SET) is None
    row = Credential(DAVE, PASSWORD, "hash 1", rfc3339(BEGIN), None, DAVE)
    assert await team.store.rows(CREDENTIALS, DAVE) == [row]
    for was in (None, "hash 0", ""):
        change = SetPassword(room=DAVE, secret="hash 2", was=was)
        assert await team.code("dave", change) == "forbidden"
    assert await team.code("dave", SetPassword(room=DAVE, secret="hash 2", was="hash 1")) is None
    assert await secrets(team) == {PASSWORD: "hash 2"}
    assert (await team.audited())[-2:] == ["password changed"] * 2


@pytest.mark.parametrize("by", ["ada", "mary", ADA])
async def test_nobody_sets_another_s_password(team: Team, by: str) -> None:
    assert await team.code(by, SET) == "forbidden"
    assert await team.code("dave", SET) is None
    assert await team.code(by, SetPassword(room=DAVE, secret="x", was="hash 1")) == "forbidden"
    assert await team.code(OPERATOR, SetPassword(room=DAVE, secret="x")) is None


async def test_of_two_who_change_it_at_once_one_succeeds(team: Team) -> None:
    assert await team.code("dave", SET) is None
    both = [SetPassword(room=DAVE, secret=f"hash {n}", was="hash 1") for n in (2, 3)]
    assert await team.code("dave", *both) == "forbidden"
    assert await secrets(team) == {PASSWORD: "hash 2"}


async def test_it_ends_all_other_sessions(team: Team) -> None:
    opened = [logging_in("dave", session) for session in ("s1", "s2")]
    token = logging_in("dave", "t1", kind="token", until=None)
    assert await team.code("dave", *opened, token) is None
    assert await team.code("dave", SetPassword(room=DAVE, secret="hash 1", keeps="s2")) is None
    assert [row.session for row in await team.store.rows(SESSIONS)] == ["s2", "t1"]
    *_, changed, closed = await team.log(DAVE)
    assert isinstance(changed, CredentialChanged) and changed.kind == PASSWORD
    assert getattr(closed, "kept", None) == "s2"


@pytest.mark.parametrize(
    "by, whom, expected",
    [
        *[("ada", "dave", None), ("grace", "dave", None), ("ada", "ada", None)],
        *[("grace", "ada", "forbidden"), ("grace", "grace", "forbidden")],
        *[("mary", "dave", "forbidden"), ("dave", "dave", "forbidden"), (ADA, "dave", "forbidden")],
        *[("ada", "nemo", "not_found"), (OPERATOR, "ada", None)],
    ],
)
async def test_who_makes_reset_links_for_whom(
    team: Team, by: str, whom: str, expected: str | None
) -> None:
    reset = MakeReset(room=account(whom).id, digest="digest", until=BEGIN + DAY)
    assert await team.code(by, reset) == expected
    assert ((await team.audited())[-1] == "reset link made") is (expected is None)


async def test_a_bot_has_no_password_to_reset(team: Team) -> None:
    assert await team.code("grace", adding("bot7", kind="bot")) is None
    reset = MakeReset(room=account("bot7").id, digest="digest", until=BEGIN + DAY)
    assert await team.code("ada", reset) == "forbidden"


async def test_a_reset_link_works_once_and_ends_sessions(team: Team) -> None:
    assert await team.code("dave", SET, logging_in("dave", "s1")) is None
    assert await team.code("grace", RESET_BY) is None
    assert await secrets(team) == {PASSWORD: "hash 1", RESET: "digest"}
    assert await team.code("dave", BY_LINK) is None
    assert await team.store.rows(SESSIONS) == []
    assert await secrets(team) == {PASSWORD: "hash 2"}
    assert await team.code("dave", BY_LINK) == "gone"


async def test_what_is_no_valid_link_is_refused_alike(team: Team) -> None:
    guessed = SetPassword(room=DAVE, secret="x", reset="guessed")
    answers = {str(await team.do("dave", guessed))}
    assert await team.code("grace", RESET_BY) is None
    answers.add(str(await team.do("dave", guessed)))
    team.now += DAY
    answers.add(str(await team.do("dave", BY_LINK)))
    nemo = SetPassword(room=account("nemo").id, secret="x", reset="digest")
    answers.add(str(await team.do("dave", nemo)))
    assert len(answers) == 1 and "gone" in answers.pop()


async def test_a_newer_link_takes_the_place_of_the_last(team: Team) -> None:
    newer = MakeReset(room=DAVE, digest="newer", until=BEGIN + DAY)
    assert await team.code("grace", RESET_BY, newer) is None
    assert await team.code("dave", BY_LINK) == "gone"


async def test_a_password_that_was_changed_since_makes_a_link_useless(team: Team) -> None:
    assert await team.code("grace", RESET_BY) is None
    assert await team.code("dave", SET) is None
    assert await team.code("dave", BY_LINK) == "gone"


@pytest.mark.parametrize(
    "change, expected",
    [
        (SuspendPerson(account=GRACE), "gone"),
        (ChangeRole(account=GRACE, role="moderator"), "gone"),
        (ChangeRole(account=DAVE, role="owner"), "gone"),
        (ChangeRole(account=DAVE, role="moderator"), None),
        (ChangeRole(account=GRACE, role="owner"), None),
    ],
)
async def test_a_link_is_good_while_its_maker_could_make_it_again(
    team: Team, change: Change, expected: str | None
) -> None:
    assert await team.code("grace", RESET_BY) is None
    assert await team.code("ada", change) is None
    assert await team.code("dave", BY_LINK) == expected
    by_another = msgspec.structs.replace(BY_LINK, made_by=account("ada").id)
    assert await team.code("dave", by_another) == "gone"


async def test_the_operator_makes_links_for_all(team: Team) -> None:
    ada = account("ada").id
    assert await team.code(OPERATOR, MakeReset(room=ada, digest="x", until=BEGIN + DAY)) is None
    change = SetPassword(room=ada, secret="hash", reset="x", made_by=OPERATOR.id)
    assert await team.code("ada", change) is None


async def test_a_suspended_account_sets_no_password(team: Team) -> None:
    assert await team.code("grace", RESET_BY, SuspendPerson(account=DAVE)) is None
    for change in (SET, BY_LINK):
        assert await team.code("dave", change) == "forbidden"
