"""What owners and admins do about accounts over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from tests.integration.native import native
from tests.support.site import PASSWORD, Site, Someone, chosen, site

NEW = "a-wholly-new-lamp"
UNKNOWN = "@p000000000000"


class Here(NamedTuple):
    """A site with somebody of each role."""

    site: Site
    people: dict[str, Someone]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with site(tmp_path) as made:
        people = {"owner": made.ada}
        for role in ("admin", "moderator", "member", "guest"):
            people[role] = await made.ada.bring_in(f"a-{role}", role)
        yield Here(made, people)


async def does(here: Here, by: str, method: str, path: str, to: str, body: object = None) -> str:
    """What somebody is told who does this to somebody else: a code, or `ok`."""
    account = here.people[to].account if to in here.people else to
    answer = await here.people[by].ask(method, f"/people/{account}{path}", body)
    return answer.code or "ok"


async def test_all_but_guests_see_who_there_is_in_pages(here: Here) -> None:
    listed = (await here.people["member"].ask("GET", "/people")).body
    assert {each["role"] for each in listed["people"]} == set(here.people)
    keys = [each["account"] for each in listed["people"]]
    assert (keys, listed["more"]) == (sorted(keys), False)
    found: list[str] = []
    more = True
    while more:
        page = f"/people?limit=2&after={found[-1] if found else ''}"
        answer = (await here.people["owner"].ask("GET", page)).body
        found += [each["account"] for each in answer["people"]]
        more = answer["more"]
    assert found == keys
    assert (await here.people["guest"].ask("GET", "/people")).code == "forbidden"


async def test_owners_give_all_roles_and_admins_those_up_to_moderator(here: Here) -> None:
    cases = {
        ("admin", "member", "moderator"): "ok",
        ("admin", "member", "admin"): "forbidden",
        ("admin", "owner", "member"): "forbidden",
        ("moderator", "guest", "member"): "forbidden",
        ("member", "member", "admin"): "forbidden",
        ("owner", "member", "admin"): "ok",
        ("owner", UNKNOWN, "admin"): "not_found",
        ("owner", "x", "admin"): "not_found",
        ("owner", "guest", "king"): "bad_request",
    }
    for (by, to, role), told in cases.items():
        assert await does(here, by, "PUT", "/role", to, {"role": role}) == told, (by, to, role)


@pytest.mark.parametrize(
    "log, was, becomes", [("@audit", "admin", "moderator"), ("@directory", "member", "guest")]
)
async def test_nobody_reads_on_in_a_log_of_the_server_with_a_lesser_role(
    here: Here, log: str, was: str, becomes: str
) -> None:
    async with native(here.site.server.port, token=here.people[was].token) as client:
        await client.ask("follow", room=log)
        assert await does(here, "owner", "PUT", "/role", was, {"role": becomes}) == "ok"
        assert await does(here, "owner", "PUT", "/role", "moderator", {"role": "member"}) == "ok"
        while not client.notices:
            await client._read()
        assert client.notices[0]["why"]["code"] == "forbidden"
        account = here.people[was].account
        assert {e.get("about", e.get("account")) for e in client.events} <= {account}
        assert (await client.refused("follow", room=log))["code"] == "forbidden"


async def test_the_last_owner_stays(here: Here) -> None:
    assert await does(here, "owner", "PUT", "/role", "owner", {"role": "admin"}) == "forbidden"
    assert await does(here, "owner", "POST", "/suspend", "owner") == "forbidden"
    assert await does(here, "owner", "PUT", "/role", "admin", {"role": "owner"}) == "ok"
    assert await does(here, "owner", "PUT", "/role", "owner", {"role": "admin"}) == "ok"


async def test_whoever_is_suspended_is_out_until_resumed(here: Here) -> None:
    member = here.people["member"]
    assert await does(here, "moderator", "POST", "/suspend", "member") == "forbidden"
    assert await does(here, "admin", "POST", "/suspend", "member") == "ok"
    ended = await member.ask("GET", "/rooms/lobby/events?wait=60")
    assert ended.code == "unauthenticated"
    given = {"handle": "a-member", "password": PASSWORD}
    assert (await here.site.stranger.ask("POST", "/login", given)).code == "forbidden"
    assert await does(here, "admin", "POST", "/resume", "member") == "ok"
    assert (await here.site.stranger.log_in("a-member")).account == member.account


async def test_a_reset_link_gives_another_password_once(here: Here) -> None:
    member, ask = here.people["member"], here.site.stranger.ask
    path = f"/people/{member.account}/reset"
    first, second = [(await here.people["admin"].ask("POST", path)).body["token"] for _ in "12"]
    told = []
    for token, password in ((first, NEW), (second, "a-member1"), (second, NEW), (second, NEW)):
        given = {"token": token, "password": password, "wants": "token"}
        told.append((await ask("POST", "/reset", given)).code)
    assert told == ["gone", "bad_request", None, "gone"]
    assert (await member.ask("GET", "/rooms/lobby/events?wait=60")).code == "unauthenticated"
    assert (await here.site.stranger.log_in("a-member", NEW)).account == member.account
    wrong = {"handle": "a-member", "password": PASSWORD}
    assert (await ask("POST", "/login", wrong)).code == "unauthenticated"


async def test_links_that_reset_nothing_are_answered_alike(here: Here) -> None:
    path = f"/people/{here.people['member'].account}/reset"
    link = (await here.people["owner"].ask("POST", path)).body["token"]
    tokens = ["", "x", "0" * 12 + "." + "0" * 52, link[:-52] + "0" * 52]
    given = [{"token": token, "password": NEW} for token in tokens]
    answers = [await here.site.stranger.ask("POST", "/reset", each) for each in given]
    assert [(a.status, a.code) for a in answers] == [(410, "gone")] * 4
    assert all(a.body == answers[0].body for a in answers)


async def test_admins_make_reset_links_for_lesser_roles_only(here: Here) -> None:
    told = [
        await does(here, by, "POST", "/reset", to)
        for by, to in (("admin", "owner"), ("moderator", "guest"), ("admin", UNKNOWN))
    ]
    assert told == ["forbidden", "forbidden", "not_found"]


@pytest.mark.parametrize("name", ["Ada", "\u0410da", "ADA", "\U0001d400da"])
async def test_nobody_takes_a_name_that_looks_like_an_owners(here: Here, name: str) -> None:
    invite = await here.people["owner"].ask("POST", "/invites", {})
    given = {"token": invite.body["token"]} | chosen("eve") | {"name": name}
    assert (await here.site.stranger.ask("POST", "/accept", given)).code == "name_taken"
    told = {by: await here.people[by].ask("PATCH", "/me", {"name": name}) for by in here.people}
    assert {by for by, answer in told.items() if answer.code is None} == {"owner"}
    assert {answer.code for answer in told.values()} == {None, "name_taken"}


async def test_the_name_of_a_member_may_be_anybodys(here: Here) -> None:
    answer = await here.people["guest"].ask("PATCH", "/me", {"name": "A-Member"})
    assert answer.status == 200


async def test_a_guest_can_not_have_a_handle_as_their_name(tmp_path: Path) -> None:
    async with site(tmp_path, guests="on") as here, aiohttp.ClientSession() as http:
        bob = await http.ws_connect(f"{here.stranger.url}/ws?name=bob")
        await here.ada.bring_in("bob")
        async with asyncio.timeout(30):
            async for _ in bob:
                pass
        assert bob.close_code == 4401
        for name in ("bob", "Bob", "ADA"):
            assert (await here.stranger.ask("GET", f"/rooms?name={name}")).code == "name_taken"
        assert (await here.stranger.ask("GET", "/rooms?name=bobby")).status == 200
