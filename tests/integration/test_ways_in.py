"""What an outsider tries at the ways in, and with the names of others: the ways and the commands are the server's own lists."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.people.accounts import OWNERS
from hubbub.protocol.keys import DIRECTORY
from hubbub.server.http.entering import ENTER
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.native import Native, native
from tests.integration.test_logins import COOKIE
from tests.support.site import PASSWORD, Answer, Site, Someone, chosen, site

NEW = "a-wholly-new-lamp"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, sign_up="open", guests="on") as here:
        yield here


# --- the ways in ---


async def by_password(here: Site) -> dict[str, Any]:
    return {"handle": "ada", "password": PASSWORD}


async def by_invite(here: Site) -> dict[str, Any]:
    return {"token": (await here.ada.ask("POST", "/invites", {})).body["token"]} | chosen("grace")


async def by_sign_up(here: Site) -> dict[str, Any]:
    return {**chosen("grace")}


async def by_reset(here: Site) -> dict[str, Any]:
    bob = await here.ada.bring_in("bob")
    link = await here.ada.ask("POST", f"/people/{bob.account}/reset")
    return {"token": link.body["token"], "password": NEW}


WAYS: dict[str, Callable[[Site], Awaitable[dict[str, Any]]]] = {
    "logIn": by_password,
    "acceptInvite": by_invite,
    "signUp": by_sign_up,
    "resetPassword": by_reset,
}
OPERATIONS = {each.name: each for each in operations_of(ROUTES) if each.needs is ENTER}
ELSEWHERE = {"beginSignIn", "claim"}  # see test_oidc and test_logins
ONLY_TELLS = {"listWays"}  # which ways there are
WITH_A_SECRET = ("acceptInvite", "resetPassword")


def test_all_ways_in_are_tried() -> None:
    assert WAYS.keys() == OPERATIONS.keys() - ELSEWHERE - ONLY_TELLS


async def come_in(here: Site, way: str, body: dict[str, Any], **headers: str) -> Answer:
    """What a page of the server's own gets."""
    path = OPERATIONS[way].path.removeprefix("/api/v1")
    return await here.stranger.ask("POST", path, body, {"Origin": here.stranger.url} | headers)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["Cookie", "Authorization"])
async def test_no_way_in_makes_a_session_good_that_somebody_planted(
    here: Site, way: str, where: str
) -> None:
    eve = await here.ada.bring_in("eve")
    planted = {"Cookie": f"hubbub-{here.server.port}=", "Authorization": "Bearer "}[where]
    for token in (eve.token, f"hubbub_s_{'0' * 12}_{'0' * 12}_{'0' * 52}"):
        answer = await come_in(here, way, await WAYS[way](here), **{where: planted + token})
        assert answer.status == 201, answer
        found = COOKIE.fullmatch(answer.headers["Set-Cookie"])
        assert found and found[2] not in (eve.token, token)
        someone = Someone(here.stranger._http, here.stranger.url, found[2])
        me = (await someone.ask("GET", "/me")).body
        assert me["account"] == answer.body["account"] != eve.account
        assert (await eve.ask("GET", "/me")).body["account"] == eve.account
        if way != "logIn":
            return  # the others make something that is there only once


@pytest.mark.parametrize("way", WITH_A_SECRET)
async def test_a_secret_lets_in_one_of_many_who_use_it_at_once(here: Site, way: str) -> None:
    body = await WAYS[way](here)
    bodies = [
        body | ({"handle": f"{body['handle']}-{n}"} if "handle" in body else {}) for n in range(8)
    ]
    answers = await asyncio.gather(*(come_in(here, way, each) for each in bodies))
    assert sorted(each.status for each in answers) == [201, *[410] * 7]
    assert (await come_in(here, way, bodies[0])).code == "gone"


# --- the last owner ---

DEEDS: dict[str, tuple[str, str, Any]] = {
    "suspend": ("POST", "suspend", None),
    "demote": ("PUT", "role", {"role": "member"}),
}


@pytest.mark.parametrize("first", DEEDS)
@pytest.mark.parametrize("second", DEEDS)
@pytest.mark.parametrize("is_on_each_other", [True, False], ids=["each other", "themselves"])
async def test_of_two_owners_who_remove_each_other_or_themselves_at_once_one_stays(
    here: Site, first: str, second: str, is_on_each_other: bool
) -> None:
    for n in range(4):
        rival = await here.ada.bring_in(f"rival-{n}")
        path = f"/people/{rival.account}/role"
        assert (await here.ada.ask("PUT", path, {"role": "owner"})).status == 200
        pairs = [(here.ada, first, here.ada), (rival, second, rival)]
        if is_on_each_other:
            pairs = [(here.ada, first, rival), (rival, second, here.ada)]
        await asyncio.gather(
            *(
                by.ask(method, f"/people/{whom.account}/{verb}", body)
                for by, deed, whom in (pairs if n % 2 else reversed(pairs))
                for method, verb, body in [DEEDS[deed]]
            )
        )
        entrance: Any = here.server.entrance
        (owner,) = await entrance._store.rows(OWNERS, DIRECTORY)
        if owner.account != here.ada.account:
            return  # ada can't go on


# --- the names of others ---

NAMING = [kind for kind in RULES.commands.kinds if "who" in kind.__struct_fields__]


def naming(kind: Any, room: str, who: str) -> dict[str, Any]:
    """A command about somebody, with everything else in it right."""
    is_list = kind.__name__ in ("Create", "InvitePeople")
    fields: dict[str, Any] = {"who": [who] if is_list else who}
    if "title" in kind.__struct_fields__:
        return fields | {"kind": "closed", "title": "x"}
    return fields | {"room": room} | ({"role": "host"} if kind.__name__ == "Appoint" else {})


@pytest.mark.parametrize("kind", NAMING, ids=lambda kind: kind.__name__)
async def test_nobody_learns_by_a_command_they_may_not_give_who_has_an_account(
    here: Site, kind: Any
) -> None:
    await here.ada.bring_in("grace")
    gus = await here.ada.bring_in("gus", "guest")
    async with (
        native(here.server.port, token=here.ada.token) as ada,
        native(here.server.port, token=gus.token) as guest,
        native(here.server.port, "vera") as visitor,
    ):
        made = [
            (await ada.ask("create", kind="closed", title=f"{who}", who=who))["made"]
            for who in (["gus"], [])
        ]
        for by in (guest, visitor):
            for room in (*made, "lobby"):
                told = [await told_of(by, kind, room, who) for who in ("grace", "nobody", "ada")]
                assert told[0] == told[1] == told[2], (kind, room, told)


async def told_of(by: Native, kind: Any, room: str, who: str) -> dict[str, Any]:
    command = str(kind.__struct_config__.tag)
    return await by.refused(command, **naming(kind, room, who))
