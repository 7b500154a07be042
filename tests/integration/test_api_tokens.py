"""API tokens of accounts over HTTP, and bots, for which their owners make them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hubbub.domain.access import RoomKind
from hubbub.domain.principals import Role, Scope
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.routes import ROUTES
from tests.support.paths import filled
from tests.support.site import PASSWORD, Site, Someone, site

MINE = "/me/tokens"
NOTICED_SECONDS = 20.0  # a second is promised; the rest is for a busy machine


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def token_of(who: Someone, path: str = MINE, **fields: Any) -> tuple[str, Someone]:
    """Make an API token; return its id, and whoever acts with it."""
    answer = await who.ask("POST", path, {"name": "ci"} | fields)
    assert answer.status == 201, answer.body
    body = answer.body
    return body["id"], Someone(who._http, who.url, body["token"], who.account)


async def bot_of(who: Someone, handle: str = "deploys", **fields: Any) -> str:
    given = {"handle": handle, "name": "Deploys", "kind": "bot"} | fields
    answer = await who.ask("POST", "/people", given)
    assert answer.status == 201, answer.body
    account: str = answer.body["account"]
    return account


async def is_out(who: Someone) -> bool:
    """Whether a token is refused soon, also while a request waits."""
    waiting = who.ask("GET", "/rooms/lobby/events?wait=20")
    return (await asyncio.wait_for(waiting, NOTICED_SECONDS)).code == "unauthenticated"


async def test_a_token_acts_as_the_account_within_its_scopes(here: Site) -> None:
    _, reader = await token_of(here.ada, scopes=["read"])
    _, writer = await token_of(here.ada)
    assert (await reader.ask("GET", "/me")).body["handle"] == "ada"
    hi = {"text": "hi"}
    assert (await reader.ask("POST", "/rooms/lobby/messages", hi)).code == "forbidden"
    assert (await writer.ask("POST", "/rooms/lobby/messages", hi)).status == 201
    [message] = (await reader.ask("GET", "/rooms/lobby/messages")).body["messages"]
    assert message["by"] == here.ada.account


async def test_tokens_are_listed_without_their_texts_and_revoked(here: Site) -> None:
    first, held = await token_of(here.ada, scopes=["post", "read", "post"], days=1)
    second, _ = await token_of(here.ada, name="nightly")
    answer = await here.ada.ask("GET", MINE)
    listed = answer.body["tokens"]
    assert {each["id"] for each in listed} == {first, second}
    one = next(each for each in listed if each["id"] == first)
    assert (one["name"], one["scopes"]) == ("ci", ["post", "read"])
    assert one["until"] > 0 and one["made_at"].endswith("Z")
    assert "hubbub_t_" not in str(answer.body)
    assert held.token.startswith("hubbub_t_")
    waiting = asyncio.ensure_future(is_out(held))
    assert (await here.ada.ask("DELETE", f"{MINE}/{first}")).status == 200
    assert await waiting
    assert (await here.ada.ask("DELETE", f"{MINE}/{first}")).code == "not_found"
    assert [each["id"] for each in (await here.ada.ask("GET", MINE)).body["tokens"]] == [second]


async def test_an_expired_token_makes_way_for_a_new_one(here: Site) -> None:
    _, held = await token_of(here.ada, days=1e-6)
    assert await is_out(held)
    second, _ = await token_of(here.ada)
    assert [each["id"] for each in (await here.ada.ask("GET", MINE)).body["tokens"]] == [second]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "ci", "scopes": []},
        {"name": "ci", "scopes": ["everything"]},
        {"name": "ci", "days": 0},
        {"name": "ci", "days": -1},
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(here: Site, given: Any) -> None:
    assert (await here.ada.ask("POST", MINE, given)).code == "bad_request"


async def test_only_a_session_makes_lists_and_revokes_tokens(here: Site) -> None:
    bot = await bot_of(here.ada)
    id_, held = await token_of(here.ada, scopes=["read", "post", "patch", "moderate"])
    for path in (MINE, f"/people/{bot}/tokens"):
        told = [
            await held.ask("POST", path, {"name": "more"}),
            await held.ask("GET", path),
            await held.ask("DELETE", f"{path}/{id_}"),
        ]
        assert {answer.code for answer in told} == {"forbidden"}
    assert (await held.ask("POST", "/people", {"handle": "x1", "name": "X"})).code == "forbidden"


async def test_a_suspended_accounts_token_is_out_within_a_second_and_good_once_resumed(
    here: Site,
) -> None:
    dave = await here.ada.bring_in("dave")
    _, held = await token_of(dave)
    waiting = asyncio.ensure_future(is_out(held))
    assert (await here.ada.ask("POST", f"/people/{dave.account}/suspend")).status == 200
    assert await waiting
    assert (await held.ask("GET", "/me")).code == "unauthenticated"
    assert (await here.ada.ask("POST", f"/people/{dave.account}/resume")).status == 200
    assert (await held.ask("GET", "/me")).status == 200


async def test_a_token_never_allows_more_than_the_account_may_now(here: Site) -> None:
    mary = await here.ada.bring_in("mary", "moderator")
    _, held = await token_of(mary, scopes=["moderate"])
    seqs = [
        (await here.ada.ask("POST", "/rooms/lobby/messages", {"text": "hi"})).body["seq"]
        for _ in "12"
    ]
    assert (await held.ask("DELETE", f"/rooms/lobby/messages/{seqs[0]}")).status == 200
    await here.ada.ask("PUT", f"/people/{mary.account}/role", {"role": "member"})
    assert (await held.ask("DELETE", f"/rooms/lobby/messages/{seqs[1]}")).code == "forbidden"


# --- people and bots ---


async def test_admins_make_bots_and_their_tokens(here: Site) -> None:
    admin, dave = await here.ada.bring_in("grace", "admin"), await here.ada.bring_in("dave")
    bot = await bot_of(admin)
    path = f"/people/{bot}/tokens"
    id_, held = await token_of(admin, path)
    me = (await held.ask("GET", "/me")).body
    assert (me["account"], me["kind"], me["owner"]) == (bot, "bot", admin.account)
    assert [each["id"] for each in (await admin.ask("GET", path)).body["tokens"]] == [id_]
    for stranger in (here.ada, dave):
        assert (await stranger.ask("POST", path, {"name": "ci"})).code == "forbidden"
        assert (await stranger.ask("GET", path)).code == "forbidden"
    assert (await dave.ask("DELETE", f"{path}/{id_}")).code == "forbidden"
    waiting = asyncio.ensure_future(is_out(held))
    assert (await admin.ask("DELETE", f"{path}/{id_}")).status == 200
    assert await waiting


async def test_a_bot_is_out_while_its_owner_is_suspended(here: Site) -> None:
    admin = await here.ada.bring_in("grace", "admin")
    bot = await bot_of(admin)
    _, held = await token_of(admin, f"/people/{bot}/tokens")
    waiting = asyncio.ensure_future(is_out(held))
    assert (await here.ada.ask("POST", f"/people/{admin.account}/suspend")).status == 200
    assert await waiting
    assert (await here.ada.ask("POST", f"/people/{admin.account}/resume")).status == 200
    assert (await held.ask("GET", "/me")).status == 200


async def test_who_may_add_whom(here: Site) -> None:
    admin, dave = await here.ada.bring_in("grace", "admin"), await here.ada.bring_in("dave")
    cases: list[tuple[Someone, dict[str, str], str | None]] = [
        (dave, {}, "forbidden"),
        (dave, {"kind": "bot"}, "forbidden"),
        (admin, {"role": "moderator"}, None),
        (admin, {"role": "admin"}, "forbidden"),
        (here.ada, {"role": "owner"}, None),
        (here.ada, {"role": "moderator", "kind": "bot"}, "forbidden"),
        (here.ada, {"handle": "dave"}, "name_taken"),
        (here.ada, {"handle": "root"}, "bad_request"),
        (here.ada, {"name": "\u0410da"}, "name_taken"),
        (here.stranger, {}, "unauthenticated"),
    ]
    for number, (by, fields, code) in enumerate(cases):
        given = {"handle": f"New{number}", "name": f"New {number}"} | fields
        assert (await by.ask("POST", "/people", given)).code == code, given


async def test_whoever_was_added_gets_a_password_by_a_reset_link(here: Site) -> None:
    given = {"handle": "Dave", "name": "Dave"}
    first, again = [
        await here.ada.ask("POST", "/people", given, {"Idempotency-Key": "k"}) for _ in "12"
    ]
    assert again.body == first.body | {"duplicate": True}
    wrong = {"handle": "dave", "password": PASSWORD}
    assert (await here.stranger.ask("POST", "/login", wrong)).code == "unauthenticated"
    path = f"/people/{first.body['account']}/reset"
    link = (await here.ada.ask("POST", path)).body["token"]
    dave = await here.stranger.enter("/reset", token=link, password=PASSWORD)
    assert dave.account == first.body["account"]
    assert (await here.stranger.log_in("dave")).account == dave.account


SAYS_WHO_ONE_IS = {"getMe"}  # with any scope
OF_ACCOUNTS = [  # what is about a room is tried in test_who_may_what.py
    each
    for each in operations_of(ROUTES)
    if {RoomKind.OWN, RoomKind.SERVER} & each.needs.rows.keys()
    and "room" not in each.path_names
    and each.name not in SAYS_WHO_ONE_IS | {"logout"}
]


def kept(operation: HttpOperation[Any]) -> tuple[str, ...]:
    """The scopes that a token may have and still not do it."""
    lacking = Scope.READ if operation.method == "GET" else Scope.POST
    if operation.needs.rows.get(RoomKind.OWN, {}).get(Role.ACCOUNT) == frozenset({Scope.MODERATE}):
        lacking = Scope.MODERATE
    scopes = {Scope.READ} if lacking is Scope.POST else {*Scope} - {lacking}
    return tuple(sorted(scope.value for scope in scopes))


async def test_what_is_an_accounts_own_is_read_and_changed_only_with_the_scope_for_it(
    tmp_path: Path,
) -> None:
    async with site(tmp_path, message_rate=0) as here:
        tokens: dict[tuple[str, ...], Someone] = {}
        for operation in OF_ACCOUNTS:
            scopes = kept(operation)
            if scopes not in tokens:
                _, tokens[scopes] = await token_of(here.ada, scopes=scopes)
            kind = operation.body.content_type if operation.body else "application/json"
            path = filled(operation.path, where="lobby", seq=1, side=360).removeprefix("/api/v1")
            path += "?q=x" * (operation.name == "search")
            body = {"kind": "closed", "title": "x", "text": "x"}
            answer = await tokens[scopes].ask(operation.method, path, body, {"Content-Type": kind})
            assert answer.code == "forbidden", (operation.name, answer)
