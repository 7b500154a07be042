"""Invites over HTTP: who makes them, and what accepting one does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Answer, Site, Someone, chosen, site


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as here:
        yield here


async def invited(by: Someone, **fields: Any) -> str:
    """The token of a new invite."""
    answer = await by.ask("POST", "/invites", fields)
    assert answer.status == 201, answer.body
    return str(answer.body["token"])


async def accepted(here: Site, token: str, handle: str) -> Answer:
    return await here.stranger.ask("POST", "/accept", {"token": token} | chosen(handle))


async def newcomer(here: Site, handle: str, **fields: Any) -> Someone:
    """Somebody who accepted an invite of the owner's."""
    token = await invited(here.ada, **fields)
    return await here.stranger.enter("/accept", token=token, **chosen(handle))


@pytest.mark.parametrize("role", ["guest", "member", "moderator", "admin"])
async def test_whoever_accepts_an_invite_has_its_role(here: Site, role: str) -> None:
    me = (await (await newcomer(here, "bob", role=role)).ask("GET", "/me")).body
    assert (me["handle"], me["role"]) == ("bob", role)


async def test_invites_that_can_not_be_used_are_all_answered_alike(here: Site) -> None:
    used, revoked = await invited(here.ada), await invited(here.ada)
    expired = await invited(here.ada, days=1e-9)
    assert (await accepted(here, used, "bob")).status == 201
    invite = revoked.partition(".")[0]
    assert (await here.ada.ask("DELETE", f"/invites/{invite}")).status == 200
    wrong = (await invited(here.ada)).partition(".")[0] + "." + "0" * 52
    unknown = "0" * 12 + "." + "0" * 52
    tokens = (used, revoked, expired, wrong, unknown, "", "x")
    answers = [await accepted(here, token, "eve") for token in tokens]
    assert [(a.status, a.code) for a in answers] == [(410, "gone")] * 7
    assert all(a.body == answers[0].body for a in answers)


async def test_of_two_who_use_an_invite_at_once_one_wins(here: Site) -> None:
    for nth in range(3):
        token = await invited(here.ada)
        both = [accepted(here, token, f"bob{nth}-{each}") for each in range(2)]
        assert sorted(a.status for a in await asyncio.gather(*both)) == [201, 410]


async def test_a_handle_that_is_taken_does_not_use_the_invite_up(here: Site) -> None:
    token = await invited(here.ada)
    given = {"token": token} | chosen("ada") | {"name": "Eve"}
    assert (await here.stranger.ask("POST", "/accept", given)).code == "name_taken"
    assert (await accepted(here, token, "bob")).status == 201


@pytest.mark.parametrize(
    "role, invites, may",
    [
        ("admin", "admins", ["guest", "member", "moderator", "admin"]),
        ("moderator", "admins", []),
        ("member", "admins", []),
        ("moderator", "members", ["guest", "member"]),
        ("member", "members", ["guest", "member"]),
        ("guest", "members", []),
    ],
)
async def test_who_may_invite_whom(tmp_path: Path, role: str, invites: str, may: list[str]) -> None:
    async with site(tmp_path, invites=invites) as here:
        bob = await newcomer(here, "bob", role=role)
        done = []
        for wanted in ("guest", "member", "moderator", "admin"):
            answer = await bob.ask("POST", "/invites", {"role": wanted})
            assert answer.code in (None, "forbidden")
            done += [wanted] if answer.status == 201 else []
        told = (await bob.ask("GET", "/invites")).body["roles"]
    assert done == told == may


@pytest.mark.parametrize(
    "fields", [{"role": "owner"}, {"uses": 0}, {"uses": 1001}, {"days": 0}, {"days": 366}]
)
async def test_an_invite_that_nobody_should_make_is_refused(here: Site, fields: Any) -> None:
    assert (await here.ada.ask("POST", "/invites", fields)).code == "bad_request"


async def test_a_host_lets_people_into_a_room_by_a_link(here: Site) -> None:
    bob = await newcomer(here, "bob")
    for title in ("offer", "other"):
        made = {"kind": "closed", "title": title, "alias": title}
        assert (await bob.ask("POST", "/rooms", made)).status == 201
    room = (await bob.ask("GET", "/rooms/%23offer/settings")).body["room"]
    wanted: dict[str, Any] = {"role": "guest", "rooms": ["#offer", room]}
    assert (await bob.ask("POST", "/invites", wanted | {"role": "member"})).code == "forbidden"
    assert (await bob.ask("POST", "/invites", wanted | {"rooms": ["lobby"]})).code == "bad_request"
    assert (
        await here.ada.ask("POST", "/invites", wanted | {"rooms": ["#none"]})
    ).code == "not_found"
    token = await invited(bob, **wanted)
    [listed] = (await bob.ask("GET", "/invites")).body["invites"]
    assert listed["rooms"] == [room]
    gus = await here.stranger.enter("/accept", token=token, **chosen("gus"))
    mine = (await gus.ask("GET", "/start")).body["rooms"]
    assert [each["room"] for each in mine] == [room]
    for alias, status in (("offer", 201), ("other", 404)):
        answer = await gus.ask("POST", f"/rooms/%23{alias}/messages", {"text": "hi"})
        assert answer.status == status, answer.body


async def test_admins_see_and_revoke_all_invites_and_others_their_own(tmp_path: Path) -> None:
    async with site(tmp_path, invites="members") as here:
        bob = await newcomer(here, "bob")
        ids = [(await invited(by, uses=2)).partition(".")[0] for by in (here.ada, bob)]
        listed = [(await by.ask("GET", "/invites")).body["invites"] for by in (here.ada, bob)]
        assert [sorted(each["invite"] for each in some) for some in listed] == [
            sorted(ids),
            ids[1:],
        ]
        assert listed[1][0]["by"] == bob.account
        assert (await bob.ask("DELETE", f"/invites/{ids[0]}")).code == "not_found"
        assert (await here.ada.ask("DELETE", f"/invites/{ids[1]}")).status == 200
        assert (await bob.ask("GET", "/invites")).body["invites"] == []
