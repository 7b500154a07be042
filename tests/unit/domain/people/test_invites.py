"""Ways to an account."""

from typing import Any

import msgspec
import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR, OWNERS, RANKS, ChangeRole, SuspendPerson
from hubbub.domain.aspects.people.credentials import CREDENTIALS, IDENTITIES, PASSWORD
from hubbub.domain.aspects.people.invites import INVITES, RevokeInvite
from hubbub.domain.facts import Accepted
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.events.people import CredentialChanged, Noted, PersonAdded, PersonChanged
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import AUDIT, DIRECTORY
from tests.support.fakes import ADA, account
from tests.support.team import BEGIN, DAY, ROLES, Team, adding, inviting, newcomer, rfc3339, using

BETH = newcomer("beth")


def key(name: str) -> str:
    return account(name).id


# --- the claim ---


async def test_who_claims_a_server_owns_it(nobody: Team) -> None:
    assert await nobody.code(OPERATOR, inviting("c1", role="owner")) is None
    claim = using("c1", "ada", OPERATOR.id, secret="hash", client_message_id="k")
    at = rfc3339(BEGIN)
    assert await nobody.do(newcomer("ada"), claim) == Accepted(1, at, made=key("ada"))
    shown: dict[str, Any] = {
        "account": key("ada"),
        "handle": "ada",
        "name": "Ada",
        "kind": "person",
        "role": "owner",
    }
    assert await nobody.log(DIRECTORY) == [PersonAdded(DIRECTORY, 1, at, key("ada"), **shown)]
    assert await nobody.log(key("ada")) == [
        CredentialChanged(key("ada"), 1, at, key("ada"), kind=PASSWORD)
    ]
    assert [row.secret for row in await nobody.store.rows(CREDENTIALS)] == ["hash"]
    assert await nobody.audited() == ["invite made", "person added"]


async def test_a_server_is_claimed_once(nobody: Team) -> None:
    claims = [inviting(name, role="owner") for name in ("c1", "c2")]
    assert await nobody.code(OPERATOR, *claims) is None
    assert await nobody.code(newcomer("ada"), using("c1", "ada", OPERATOR.id)) is None
    for claim in ("c1", "c2"):
        assert await nobody.code(BETH, using(claim, "beth", OPERATOR.id)) == "gone"
    assert len(await nobody.store.rows(OWNERS)) == 1


async def test_of_two_claims_at_once_one_counts(nobody: Team) -> None:
    claims = [inviting(name, role="owner") for name in ("c1", "c2")]
    assert await nobody.code(OPERATOR, *claims) is None
    both = using("c1", "ada", OPERATOR.id), using("c2", "beth", OPERATOR.id)
    assert await nobody.code(BETH, *both) == "gone"
    assert [row.account for row in await nobody.store.rows(OWNERS)] == [key("ada")]


@pytest.mark.parametrize("by", ROLES)
async def test_only_the_server_itself_makes_claims(team: Team, by: str) -> None:
    assert await team.code(by, inviting("c1", role="owner")) == "forbidden"


# --- invites ---


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("role", RANKS[:-1])
@pytest.mark.parametrize("is_open", [False, True])
async def test_who_may_invite_and_as_what(team: Team, by: str, role: str, is_open: bool) -> None:
    if ROLES[by] in ("owner", "admin"):
        may = RANKS.index(role) <= RANKS.index(ROLES[by])
    else:
        may = is_open and ROLES[by] != "guest" and role in ("guest", "member")
    expected = None if may else "forbidden"
    assert await team.code(by, inviting("i1", role=role, is_open=is_open)) == expected
    assert len(await team.store.rows(INVITES)) == 1 + may  # besides the claim


async def test_an_invite_makes_one_account_of_its_role(team: Team) -> None:
    assert await team.code("grace", inviting("i1", role="moderator")) is None
    use = using("i1", "beth", key("grace"), role="owner")
    assert await team.do(BETH, use) == Accepted(6, rfc3339(BEGIN), made=key("beth"))
    row = next(row for row in await team.store.rows(ACCOUNT) if row.account == key("beth"))
    assert (row.role, row.status, row.handle) == ("moderator", "active", "beth")
    [*_, noted] = await team.log(AUDIT)
    assert isinstance(noted, Noted)
    assert noted.details == {"role": "moderator", "invite": "i1"}


async def test_all_that_can_not_be_used_is_refused_alike(team: Team) -> None:
    made = [
        inviting("used up"),
        inviting("expired", until=BEGIN),
        inviting("revoked"),
        *(inviting(name, uses=9) for name in ("another secret", "another inviter", "other rooms")),
    ]
    assert await team.code("grace", *made, RevokeInvite(invite="revoked")) is None
    assert await team.code(BETH, using("used up", "beth", key("grace"))) is None
    invites = ["used up", "expired", "revoked", "unknown", "another secret"]
    uses = [using(name, "eve", key("grace")) for name in invites]
    uses[-1] = using(invites[-1], "eve", key("grace"), digest="guessed")
    uses.append(using("another inviter", "eve", key("ada")))
    uses.append(using("other rooms", "eve", key("grace"), rooms=("@rx",)))
    uses.append(using("another secret", "eve", key("grace"), kind="bot"))
    answers = {str(await team.do(newcomer("eve"), use)) for use in uses}
    assert len(answers) == 1 and "gone" in answers.pop()
    assert len(await team.store.rows(ACCOUNT)) == 6


async def test_an_invite_is_good_for_as_many_as_it_says(team: Team) -> None:
    assert await team.code("grace", inviting("i1", uses=2)) is None
    names = ["beth", "eve", "max"]
    codes = [await team.code(newcomer(n), using("i1", n, key("grace"))) for n in names]
    assert codes == [None, None, "gone"]


async def test_of_those_who_use_one_invite_at_once_one_comes_in(team: Team) -> None:
    assert await team.code("grace", inviting("i1")) is None
    both = using("i1", "beth", key("grace")), using("i1", "eve", key("grace"))
    assert await team.code(BETH, *both) == "gone"
    assert key("eve") not in [row.account for row in await team.store.rows(ACCOUNT)]


async def test_what_is_refused_uses_nothing_up(team: Team) -> None:
    assert await team.code("grace", inviting("i1")) is None
    taken = using("i1", "beth", key("grace"), handle="mary")
    assert await team.code(BETH, taken) == "name_taken"
    assert await team.code(BETH, using("i1", "beth", key("grace"))) is None


@pytest.mark.parametrize("becomes", ["member", "suspended"])
async def test_an_invite_is_worth_what_its_maker_is_worth_now(team: Team, becomes: str) -> None:
    assert await team.code("grace", inviting("i1", role="moderator")) is None
    change = (
        SuspendPerson(account=key("grace"))
        if becomes == "suspended"
        else ChangeRole(account=key("grace"), role=becomes)
    )
    assert await team.code("ada", change) is None
    assert await team.code(BETH, using("i1", "beth", key("grace"))) == "gone"
    back = ChangeRole(account=key("grace"), role="admin")
    if becomes == "member":
        assert await team.code("ada", back) is None
        assert await team.code(BETH, using("i1", "beth", key("grace"))) is None


@pytest.mark.parametrize(
    "by, expected",
    [("ada", None), ("grace", None), ("dave", None), ("mary", "not_found"), ("sam", "not_found")],
)
async def test_an_invite_is_revoked_by_its_maker_and_by_admins(
    team: Team, by: str, expected: str | None
) -> None:
    assert await team.code("dave", inviting("i1", is_open=True)) is None
    assert await team.code(by, RevokeInvite(invite="i1")) == expected
    assert await team.code(by, RevokeInvite(invite="i2")) == "not_found"
    gone = "gone" if expected is None else None
    assert await team.code(BETH, using("i1", "beth", key("dave"))) == gone


async def test_an_invite_needs_a_use_and_a_known_role(team: Team) -> None:
    assert await team.code("ada", inviting("i1", uses=0)) == "bad_request"
    assert await team.code("ada", inviting("i1", role="boss")) == "bad_request"
    assert await team.code("ada", inviting("i1"), inviting("i1")) == "conflict"


async def test_a_repeated_sign_up_makes_one_account(team: Team) -> None:
    assert await team.code("grace", inviting("i1")) is None
    first = using("i1", "beth", key("grace"), client_message_id="k")
    at = rfc3339(BEGIN)
    assert await team.do(newcomer("beth", "invite/i1"), first) == Accepted(6, at, made=key("beth"))
    retry = using("i1", "eve", key("grace"), handle="beth", client_message_id="k")
    again = await team.do(newcomer("eve", "invite/i1"), retry)
    assert again == Accepted(6, at, is_duplicate=True, made=key("beth"))


# --- other ways ---

MAY_ADD = {"ada": RANKS, "grace": RANKS[:3]}


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("role", RANKS)
async def test_owners_and_admins_add_people(team: Team, by: str, role: str) -> None:
    expected = None if role in MAY_ADD.get(by, ()) else "forbidden"
    assert await team.code(by, adding("beth", role=role)) == expected


async def test_nobody_else_is_let_in_unless_the_settings_say_so(team: Team) -> None:
    for by in (BETH, ADA):
        assert await team.code(by, adding("beth")) == "forbidden"
    assert await team.code(BETH, adding("beth", role="moderator", is_open=True)) == "forbidden"
    assert await team.code(BETH, adding("beth", kind="bot", is_open=True)) == "forbidden"
    assert await team.code(BETH, adding("beth", is_open=True)) is None


async def test_another_server_s_user_has_one_account(team: Team) -> None:
    subject = "user/https:%2F%2Fapp.example.org/7"
    made = Accepted(6, rfc3339(BEGIN), made=key("beth"))
    assert await team.do(BETH, adding("beth", subject=subject)) == made
    again = adding("eve", handle="beth2", subject=subject)  # at another node
    assert await team.do(newcomer("eve"), again) == made._replace(seq=None)
    assert [row[1:] for row in await team.store.rows(IDENTITIES)] == [(subject, key("beth"))]
    assert await team.code(BETH, adding("eve", subject="x", role="admin")) == "forbidden"


async def test_a_bot_belongs_to_who_made_it(team: Team) -> None:
    assert await team.code("grace", adding("bot7", kind="bot")) is None
    [*_, added] = await team.log(DIRECTORY)
    assert isinstance(added, PersonAdded)
    assert (added.kind, added.owner, added.by) == ("bot", key("grace"), key("grace"))


async def test_a_key_is_never_used_twice(team: Team) -> None:
    assert await team.code("ada", adding("dave", handle="david")) == "conflict"


@pytest.mark.parametrize(
    "field, value", [("kind", "cat"), ("role", "boss"), ("handle", "-"), ("name", "")]
)
async def test_an_account_that_can_not_be(team: Team, field: str, value: str) -> None:
    answer = await team.do("ada", msgspec.structs.replace(adding("beth"), **{field: value}))
    assert isinstance(answer, Refusal) and answer.code == "bad_request"


async def test_an_invite_may_be_used_until_the_last_moment(team: Team) -> None:
    assert await team.code("grace", inviting("i1", uses=2)) is None
    team.now = BEGIN + 7 * DAY - 0.001
    assert await team.code(BETH, using("i1", "beth", key("grace"))) is None
    team.now = BEGIN + 7 * DAY
    assert await team.code(newcomer("eve"), using("i1", "eve", key("grace"))) == "gone"


# --- users of other servers ---

ISS = "user/https:%2F%2Fid.example"


async def linked(team: Team) -> dict[str, str]:
    return {row.subject: row.account for row in await team.store.rows(IDENTITIES)}


async def test_a_user_of_another_server_gets_one_account_however_often_it_is_asked_for(
    team: Team,
) -> None:
    subject = f"{ISS}/7"
    first = adding("beth", subject=subject)
    assert await team.code(newcomer("beth"), first) is None
    head = await team.store.head(DIRECTORY)
    again = await team.do(newcomer("eve"), adding("eve", subject=subject))
    assert isinstance(again, Accepted) and again.made == key("beth")
    assert await team.store.head(DIRECTORY) == head
    assert await linked(team) == {subject: key("beth")}


async def test_who_is_known_by_a_mail_address_keeps_the_account_and_is_known_by_both(
    team: Team,
) -> None:
    subjects = [f"{ISS}/{n}" for n in range(3)]
    first = adding("beth", subject=subjects[0], mailbox="mail/x")
    assert await team.code(newcomer("beth"), first) is None
    second = adding("beth", subject=subjects[1], mailbox="mail/x")
    answer = await team.do(newcomer("beth"), second)
    assert isinstance(answer, Accepted) and answer.made == key("beth")
    assert isinstance((await team.log(DIRECTORY))[-1], PersonChanged), "copies learn of it"
    assert (await team.audited())[-2:] == ["person added", "identity linked"]
    alone = adding("eve", subject=subjects[2])
    assert await team.code(newcomer("eve"), alone) is None
    known = {subjects[0]: key("beth"), subjects[1]: key("beth"), "mail/x": key("beth")}
    assert await linked(team) == known | {subjects[2]: key("eve")}


async def test_what_a_user_is_there_counts_for_more_than_a_mail_address(team: Team) -> None:
    for name, box in (("beth", "mail/b"), ("eve", "mail/e")):
        change = adding(name, subject=f"{ISS}/{name}", mailbox=box)
        assert await team.code(newcomer(name), change) is None
    moved = adding("beth", subject=f"{ISS}/beth", mailbox="mail/e")
    answer = await team.do(newcomer("beth"), moved)
    assert isinstance(answer, Accepted) and answer.made == key("beth")
    assert (await linked(team))["mail/e"] == key("eve")


async def test_a_mail_address_alone_gives_nobody_an_account(team: Team) -> None:
    assert await team.code(newcomer("beth"), adding("beth", mailbox="mail/b")) == "forbidden"
