"""What owners and admins see of a server over HTTP, and do about people's sessions."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from hubbub.protocol.errors import Close
from hubbub.server.sources import origins, shown
from hubbub.server.stores.sqlite.file import FILE_NAME
from tests.integration.native import native
from tests.integration.test_verify import TAMPERED, on_sqlite
from tests.support.site import Site, site


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, message_rate=500.0) as made:
        yield made


async def test_all_rooms_but_directs_are_listed_with_their_numbers(here: Site) -> None:
    grace = await here.ada.bring_in("grace")
    closed = {"kind": "closed", "title": "Plans", "topic": "secret"}
    room = (await grace.ask("POST", "/rooms", closed)).body["made"]
    await grace.ask("POST", f"/rooms/{room}/messages", {"text": "x"})
    await grace.ask("POST", "/rooms", {"kind": "direct", "who": ["ada"]})
    listed = await here.ada.ask("GET", "/admin/rooms")
    (only,) = listed.body["rooms"]
    assert only.items() >= (closed | {"room": room, "members": 1, "nth": 1}).items()
    assert listed.body["more"] is False and only["made_by"] == grace.account


async def test_somebody_is_logged_out_by_an_admin(here: Site) -> None:
    grace = await here.ada.bring_in("grace")
    again = await here.stranger.log_in("grace")
    path = f"/people/{grace.account}/sessions"
    await grace.ask("POST", "/rooms", {"kind": "open", "title": "x"})
    await grace.ask("POST", "/me/tokens", {"name": "ci"})
    async with native(here.server.port, token=again.token):
        told = (await here.ada.ask("GET", f"/admin{path}")).body
        assert (told["connections"], told["rooms"], told["tokens"]) == (1, 1, 1)
    sessions = [each["session"] for each in told["sessions"]]
    assert len(sessions) == 2 and "digest" not in told["sessions"][0]
    newest = sessions[0]
    assert (await here.ada.ask("DELETE", f"{path}/{newest}")).status == 200
    codes = {(await each.ask("GET", "/me")).code for each in (grace, again)}
    assert codes == {None, "unauthenticated"}
    assert (await here.ada.ask("DELETE", path)).status == 200
    assert (await grace.ask("GET", "/me")).code == "unauthenticated"
    assert (await here.ada.ask("GET", f"/admin{path}")).body["sessions"] == []
    entries = (await here.ada.ask("GET", "/rooms/@audit/events?since=0")).body["events"]
    assert {"logged out", "sessions ended"} <= {each["action"] for each in entries}


def numbers(page: dict[str, Any]) -> list[int]:
    return [each["connection"] for each in page["connections"]]


async def test_connections_are_listed_and_ended_one_by_one(here: Site) -> None:
    grace = await here.ada.bring_in("grace")
    url = f"{here.ada.url}/api/v1/rooms/lobby/events"
    headers = {"Authorization": f"Bearer {here.ada.token}", "Accept": "text/event-stream"}
    before = time.time()
    async with (
        native(here.server.port, token=grace.token) as one,
        native(here.server.port, token=grace.token) as other,
        here.ada._http.get(url, headers=headers) as streaming,
    ):
        await asyncio.gather(one.ask("start"), other.ask("start"))
        told = (await here.ada.ask("GET", "/admin/connections")).body
        assert [each["by"] for each in told["connections"]] == 2 * [grace.account] + [
            here.ada.account
        ]
        first, second, stream = told["connections"]
        assert first["session"] and first["connection"] < second["connection"]
        assert (first["kind"], first["transport"], stream["transport"]) == (
            "account",
            "native",
            "sse",
        )
        assert first["address"] == "127.0.0.1"
        assert before <= first["since"] <= first["heard_at"] <= time.time()
        assert stream["heard_at"] is None and streaming.status == 200
        page = (await here.ada.ask("GET", f"/admin/connections?after={first['connection']}")).body
        assert numbers(page) == numbers(told)[1:]
        page = (await here.ada.ask("GET", "/admin/connections?limit=1")).body
        assert (numbers(page), page["more"]) == ([first["connection"]], True)

        path = f"/admin/connections/{first['connection']}"
        assert (await here.ada.ask("DELETE", path)).status == 204
        assert await one.closed() == Close.GOING_AWAY
        assert (await here.ada.ask("DELETE", path)).code == "not_found"
        assert "rooms" in await other.ask("start")
        assert (await grace.ask("GET", "/me")).status == 200  # its session goes on


async def test_admins_see_and_end_no_connection_of_an_owner(here: Site) -> None:
    grace = await here.ada.bring_in("grace")
    await here.ada.ask("PUT", f"/people/{grace.account}/role", {"role": "admin"})
    async with native(here.server.port, token=here.ada.token) as client:
        await client.ask("start")
        (only,) = (await here.ada.ask("GET", "/admin/connections")).body["connections"]
        assert (await grace.ask("GET", "/admin/connections")).body["connections"] == []
        path = f"/admin/connections/{only['connection']}"
        assert (await grace.ask("DELETE", path)).code == "not_found"
        async with native(here.server.port, token=grace.token) as own:
            await own.ask("start")
            page = (await grace.ask("GET", "/admin/connections?limit=1")).body
            assert [each["by"] for each in page["connections"]] == [grace.account]
            assert not page["more"]
        assert "rooms" in await client.ask("start")


async def test_settings_are_shown_with_where_they_come_from(here: Site) -> None:
    told = (await here.ada.ask("GET", "/admin/settings")).body["settings"]
    values = {each["name"]: each["value"] for each in told}
    assert (values["message_rate"], values["guests"]) == ("500.0", '"off"')
    found = origins({"port": 1, "host": None}, {"HUBBUB_EMOJI": "members"})
    assert found == {"port": "--port", "emoji": "HUBBUB_EMOJI"}


def test_secrets_in_settings_are_not_shown() -> None:
    told = shown("https://ada:s3cret@keys.example/jwks")
    assert "keys.example" in told and "s3cret" not in told
    assert (shown(None), shown(("a", "b"))) == ("", '["a", "b"]')


async def test_figures_grow_with_what_happens(here: Site) -> None:
    before = (await here.ada.ask("GET", "/admin/figures")).body
    async with native(here.server.port, token=here.ada.token) as client:
        for _ in range(3):
            await client.ask("post", room="lobby", text="x")
        now = (await here.ada.ask("GET", "/admin/figures")).body
    assert (before["connections"]["native"], now["connections"]["native"]) == (0, 1)
    assert now["changes"] >= before["changes"] + 3
    assert now["commits"]["count"] > before["commits"]["count"] and now["memory_bytes"] > 1e7
    await here.ada.ask("GET", "/admin/people/@p000000000000/sessions")
    later = (await here.ada.ask("GET", "/admin/figures")).body
    assert later["refusals"]["not_found"] == before["refusals"].get("not_found", 0) + 1


async def test_the_audit_log_is_checked(here: Site, tmp_path: Path) -> None:
    for _ in range(3):
        await here.ada.ask("POST", "/invites", {})
    told = (await here.ada.ask("GET", "/admin/audit")).body
    assert told["broken_at"] is None and told["entries"] >= 5
    (changing, *_) = TAMPERED
    with closing(apsw.Connection(str(tmp_path / FILE_NAME))) as database:
        database.execute(on_sqlite(changing)).fetchall()
    told = (await here.ada.ask("GET", "/admin/audit")).body
    assert told == {"entries": 0, "broken_at": 1}


async def test_what_has_no_end_of_its_chain_is_broken(here: Site, tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / FILE_NAME))) as database:
        database.execute("DELETE FROM audit_head").fetchall()
    told = (await here.ada.ask("GET", "/admin/audit")).body
    assert told["broken_at"] == told["entries"] + 1
