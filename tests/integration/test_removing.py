"""Removing accounts over HTTP: who may, what ends at once, and what those who follow are told."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hubbub import connect
from hubbub.domain.aspects.people.credentials import CREDENTIALS
from hubbub.events import Erased
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.resources.accounts.export import MANY_BYTES
from hubbub.server.people import exporting
from tests.integration.native import native
from tests.integration.test_people import Here, does
from tests.support.site import PASSWORD, Someone, site

SECRET = "geheim"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with site(tmp_path, guests="on") as made:
        people = {"owner": made.ada}
        for role in ("admin", "moderator", "member", "guest"):
            people[role] = await made.ada.bring_in(f"a-{role}", role)
        yield Here(made, people)


async def test_owners_remove_all_but_the_last_one_and_admins_those_below_them(here: Here) -> None:
    for by, whom, told in (
        ("moderator", "member", "forbidden"),
        ("admin", "owner", "forbidden"),
        ("guest", "member", "forbidden"),
        ("owner", "owner", "forbidden"),
        ("owner", "@p000000000000", "not_found"),
        ("admin", "moderator", "ok"),
        ("admin", "moderator", "not_found"),
        ("owner", "admin", "ok"),
    ):
        assert await does(here, by, "POST", "/remove", whom, {}) == told, (by, whom)
    listed = (await here.people["member"].ask("GET", "/people")).body["people"]
    assert {each["handle"] for each in listed} == {"ada", "a-member", "a-guest"}


async def test_whoever_is_removed_is_out_at_once_and_nobody_comes_back(here: Here) -> None:
    member = here.people["member"]
    async with native(here.site.server.port, token=member.token) as client:
        await client.ask("follow", room="lobby")
        assert await does(here, "admin", "POST", "/remove", "member", {}) == "ok"
        assert await client.closed() == 4401
    assert (await member.ask("GET", "/me")).code == "unauthenticated"
    given = {"handle": "a-member", "password": PASSWORD}
    assert (await here.site.stranger.ask("POST", "/login", given)).code == "unauthenticated"
    assert await does(here, "owner", "POST", "/resume", "member") == "not_found"
    made = await here.site.ada.ask("POST", "/people", {"handle": "a-member", "name": "Again"})
    assert made.code == "name_taken"


async def test_those_who_follow_drop_what_it_wrote(here: Here) -> None:
    member: Someone = here.people["member"]
    await member.ask("POST", "/rooms/lobby/messages", {"text": SECRET})
    stays = (await here.site.ada.ask("POST", "/rooms/lobby/messages", {"text": "stays"})).body
    await member.ask("PUT", f"/rooms/lobby/messages/{stays['seq']}/reactions/{SECRET}")
    url = f"http://127.0.0.1:{here.site.server.port}"
    async with connect(url, token=here.site.ada.token) as client:
        room = await client.follow("lobby")
        assert SECRET in repr(room.messages)
        given = {"messages": True}
        assert await does(here, "owner", "POST", "/remove", "member", given) == "ok"
        async for event in room:
            if isinstance(event, Erased):
                break
        assert SECRET not in repr(room.messages)
        assert [message.text for message in room.messages] == [None, "stays"]
    async with native(here.site.server.port, token=here.site.ada.token) as late:
        joined = await late.ask("follow", room="lobby", since=0)
        told = [await late.event() for _ in range(joined["missed"])]
        assert SECRET not in repr(told)
        assert [each["event"] for each in told] == ["posted", "posted", "reacted", "erased"]
        assert told[0]["by"] == member.account and told[0]["erased"]


async def test_one_removes_oneself_with_the_password_once_more(here: Here) -> None:
    member = here.people["member"]
    for given, told in (({}, "forbidden"), ({"password": "wrong-lamp-77"}, "forbidden")):
        assert (await member.ask("POST", "/me/remove", given)).code == told
    assert (await here.site.ada.ask("POST", "/me/remove", {"password": PASSWORD})).code == (
        "forbidden"
    )
    token = (await member.ask("POST", "/me/tokens", {"name": "x"})).body["token"]
    program = Someone(member._http, member.url, token, member.account)
    assert (await program.ask("POST", "/me/remove", {"password": PASSWORD})).code == "forbidden"
    assert (await member.ask("POST", "/me/remove", {"password": PASSWORD})).status == 200
    assert (await program.ask("GET", "/me")).code == "unauthenticated"


async def test_one_gets_all_that_is_kept_about_oneself_and_nothing_of_others(here: Here) -> None:
    member = here.people["member"]
    made = (await member.ask("POST", "/rooms", {"kind": "closed", "title": "x"})).body["made"]
    for room in ("lobby", made):
        posted = (
            await member.ask("POST", f"/rooms/{room}/messages", {"text": f"mine in {room}"})
        ).body
        await member.ask("PATCH", f"/rooms/{room}/messages/{posted['seq']}", {"text": "better"})
        await member.ask("PUT", f"/rooms/{room}/messages/{posted['seq']}/reactions/x")
        await member.ask("PUT", f"/me/drafts/{room}", {"text": "a draft"})
        await member.ask("PUT", f"/me/saved/{room}/{posted['seq']}", {"note": "a note"})
    await member.ask("PUT", "/me/preferences/theme", {"value": "dark"})
    await here.site.ada.ask("POST", "/rooms/lobby/messages", {"text": SECRET})
    async with export_of(member) as answer:
        assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
        text = await answer.text()
    lines = [json.loads(line) for line in text.splitlines()]
    kinds = Counter(line["kind"] for line in lines)
    assert kinds.keys() == {
        *("account", "handle", "credential", "session", "draft", "saved", "preference"),
        *("room", "event", "audit", "message", "reaction"),
    }
    assert [kinds[each] for each in ("message", "reaction", "draft", "saved")] == [2, 2, 2, 2]
    said = [[e["text"] for e in line["edits"]] for line in lines if line["kind"] == "message"]
    assert sorted(said) == sorted([["mine in lobby", "better"], [f"mine in {made}", "better"]])
    assert {line["address"] for line in lines if line["kind"] == "audit"} >= {"127.0.0.1"}
    for hidden in (SECRET, "digest", "argon2", member.token.rpartition("_")[2], "hash"):
        assert f'"{hidden}"' not in text.replace('"hash":', "") and f"{hidden}$" not in text
    assert (await member.ask("GET", "/me/export")).code == "rate_limited"
    assert (await here.site.stranger.ask("GET", "/me/export")).code == "unauthenticated"


async def test_without_a_password_the_session_must_be_new(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: Any = here.site.server.entrance
    account = here.people["member"].account
    (row,) = await ways.register.sessions(account)

    async def no_password(table: Any, *prefix: Any) -> list[Any]:
        return [] if table is CREDENTIALS else await rows(table, *prefix)

    rows = ways._store.rows
    monkeypatch.setattr(ways._store, "rows", no_password)
    given = account, row.session, None, "127.0.0.1"
    assert (await ways.own_removal(*given, erases=False)).account == account
    now = ways._now
    monkeypatch.setattr(ways, "_now", lambda: now() + timedelta(minutes=11).total_seconds())
    with pytest.raises(RefusalError, match="Sign in again"):
        await ways.own_removal(*given, erases=False)


async def test_an_export_is_cut_off_when_its_session_ends(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(*_: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"kind": "x" * MANY_BYTES}
        yield {"kind": "the rest"}
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "exported", endless)
        await cut_off(here)
    async with export_of(here.site.ada) as answer:
        assert answer.status == 200  # it is not busy any more


def export_of(someone: Someone) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    headers = {"Authorization": f"Bearer {someone.token}"}
    return someone._http.get(f"{someone.url}/api/v1/me/export", headers=headers)


async def cut_off(here: Here) -> None:
    async with export_of(here.people["member"]) as answer:
        await answer.content.readexactly(MANY_BYTES)
        await does(here, "owner", "POST", "/remove", "member", {})
        async with asyncio.timeout(30):
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.content.read()
