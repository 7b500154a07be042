"""The origin of files: browsers are redirected there with a ticket, which is valid for one file and one session, as long as that may read it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from hubbub.protocol.secrets import new_ticket, session_from
from hubbub.server.http.files_origin import ROUTES as SHOWN
from hubbub.server.http.routes import ROUTES
from hubbub.server.people import tickets
from tests.support.downloads import held_back
from tests.support.images import png
from tests.support.site import Site, Someone, site

PAGE, FILES = "chat.example", "files.example"
ORIGINS = {"public_url": f"https://{PAGE}", "files_origin": f"https://{FILES}"}
PICTURE = png(500, 400) + hashlib.shake_256(b"more").digest(200_000)
SUFFIXES = ("", "/thumbnails/360", "/thumbnails/1280")


class Here(NamedTuple):
    """A server with an origin for files, and two pictures that its owner posted in a closed room."""

    site: Site
    room: str
    file: str
    other: str

    async def member(self, handle: str) -> Someone:
        """Somebody new in the room."""
        made = await self.site.ada.bring_in(handle)
        await self.site.ada.ask("POST", self.members, {"who": [made.account]})
        return made

    @property
    def members(self) -> str:
        """Of the room, under /api/v1."""
        return f"/rooms/{self.room}/members"

    def paths(self) -> list[str]:
        """Of all ways to get the file."""
        return [f"/api/v1/files/{self.file}{suffix}" for suffix in SUFFIXES]


class Got(NamedTuple):
    """What was answered."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


async def uploaded(who: Someone) -> str:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {who.token}"}) as http,
        http.post(f"{who.url}/api/v1/files?name=a.png", data=PICTURE) as answer,
    ):
        return str((await answer.json())["file"])


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    async with site(tmp_path_factory.mktemp("origin"), **ORIGINS) as made:
        yield await furnished(made)


async def furnished(made: Site) -> Here:
    room = (await made.ada.ask("POST", "/rooms", {"kind": "closed", "title": "K"})).body["made"]
    file, other = [await uploaded(made.ada) for _ in range(2)]
    posted = await made.ada.ask("POST", f"/rooms/{room}/messages", {"files": [file, other]})
    assert posted.status == 201
    return Here(made, room, file, other)


async def get(
    who: Someone, path: str, host: str = PAGE, method: str = "GET", **headers: str
) -> Got:
    """Ask a host of the server as a program, unless the headers say otherwise."""
    given = {name.replace("_", "-"): value for name, value in headers.items()} | {"Host": host}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{who.url}{path}", headers=given, allow_redirects=False) as answer,
    ):
        return Got(answer.status, answer.headers, await answer.read())


def shown(who: Someone, kind: str = "image") -> dict[str, str]:
    """What a browser sends that shows something on the page."""
    return {
        "Cookie": f"__Host-hubbub={who.token}",
        "Sec_Fetch_Site": "same-origin",
        "Sec_Fetch_Dest": kind,
    }


async def sent_to(who: Someone, path: str) -> str:
    """Where a browser is sent to show a file: a path at the origin of files."""
    answer = await get(who, path, **shown(who))
    assert (answer.status, answer.headers["Cache-Control"]) == (307, "no-store")
    origin, at, rest = answer.headers["Location"].partition(path)
    assert (origin, at) == (f"https://{FILES}", path)
    return at + rest


def test_every_way_to_get_a_file_is_known_there() -> None:
    got = {
        each.path
        for each in ROUTES
        if each.method == "GET" and each.path.startswith("/api/v1/files/")
    }
    assert got == SHOWN


async def test_a_browser_shows_files_from_their_origin(here: Here) -> None:
    ada = here.site.ada
    direct = await get(ada, here.paths()[0], Authorization=f"Bearer {ada.token}")
    assert (direct.status, direct.body) == (200, PICTURE)  # to programs and scripts, as ever
    assert direct.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert (await get(ada, here.paths()[0], **shown(ada, "empty"))).body == PICTURE
    for path in here.paths():
        for kind in ("image", "video", "document", "iframe"):
            assert (await get(ada, path, **shown(ada, kind))).status == 307
        there = await sent_to(ada, path)
        assert await sent_to(ada, path) == there  # so that browsers keep what they have
        answer = await get(ada, there, FILES)
        assert answer.status == 200
        if "thumbnails" not in path:
            assert answer.body == PICTURE
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert {"Set-Cookie", "Access-Control-Allow-Origin"}.isdisjoint(answer.headers)
        part = await get(ada, there, FILES, Range="bytes=0-99")
        assert (part.status, part.body) == (206, answer.body[:100])
        assert (await get(ada, there, FILES, "HEAD")).status == 200
        again = await get(ada, there, FILES, If_None_Match=answer.headers["ETag"])
        assert again.status == 304


async def test_whoever_has_no_ticket_saves_files_at_the_page(here: Here) -> None:
    """An address with somebody's token could be a link in a message, and a browser would open it where the page is."""
    ada, given = here.site.ada, {"name": "ci", "scopes": ["read"]}
    token = (await ada.ask("POST", "/me/tokens", given)).body["token"]
    opened = {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "document"}
    cookie = {"Cookie": f"__Host-hubbub={token}"}
    for path in here.paths():
        for secret in (ada.token, token):
            answer = await get(ada, f"{path}?access_token={secret}", **shown(ada) | opened)
            assert answer.status == 200
            assert answer.headers["Content-Disposition"].startswith("attachment;")
        answer = await get(ada, path, **opened | cookie)
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        there = await get(ada, await sent_to(ada, path), FILES)
        assert there.headers["Content-Disposition"].startswith("inline;")


async def test_the_page_may_show_what_is_there(here: Here) -> None:
    policy = (await get(here.site.ada, "/")).headers["Content-Security-Policy"]
    for what in ("img-src", "media-src"):
        assert f" {what} 'self' https://{FILES};" in policy
    assert policy.count(FILES) == 2


async def test_without_its_ticket_nobody_gets_a_file_there(here: Here) -> None:
    ada, eve = here.site.ada, await here.site.ada.bring_in("eve")
    for path in here.paths():
        there = await sent_to(ada, path)
        ticket = there.partition("?")[2]
        account, session, until, proof = ticket.removeprefix("ticket=").split("_")
        wrong = [
            "",
            "ticket=",
            f"ticket={ada.token}",
            f"access_token={ada.token}",
            f"ticket={account}_{session}_{until}",
            f"ticket={account}_{session}_{int(until) + 1}_{proof}",
            f"ticket={account}_{'0' * 12}_{until}_{proof}",
            f"ticket={eve.account[1:]}_{session}_{until}_{proof}",
            f"ticket={account}_{session}_{until}_{'0' * 64}",
            f"ticket={account}_{session}_{until}_{proof}x",
            "ticket=%FF",
        ]
        for query in wrong:
            given = shown(ada) | {"Authorization": f"Bearer {ada.token}"}
            assert (await get(ada, f"{path}?{query}", FILES, **given)).status in (404, 400), query
        other = path.replace(here.file, here.other)
        assert (await get(ada, other, Authorization=f"Bearer {ada.token}")).status == 200
        assert (await get(ada, f"{other}?{ticket}", FILES)).status == 404
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert (await get(ada, there, FILES, method)).status == 404
        at_page = await get(ada, there, PAGE)
        assert at_page.status == 401  # a ticket counts for nothing there
        assert (await get(eve, path, **shown(eve))).status == 404  # and no member gets one


async def test_strangers_who_take_all_places_leave_room_for_tickets(tmp_path: Path) -> None:
    async with site(tmp_path, **ORIGINS, max_anonymous=1) as made, aiohttp.ClientSession() as http:
        here = await furnished(made)
        there = await sent_to(made.ada, here.paths()[0])
        async with http.ws_connect(f"{made.ada.url}/ws", headers={"Host": PAGE}):
            assert (await get(made.ada, "/")).status == 503
            assert (await get(made.ada, there, FILES)).status == 200
            assert (await get(made.ada, f"{there}x", FILES)).status == 404


async def test_nothing_of_a_ticket_opens_anything_else(here: Here) -> None:
    ada = here.site.ada
    ticket = (await sent_to(ada, here.paths()[0])).partition("ticket=")[2]
    for path in ("/api/v1/me", f"/api/v1/rooms/{here.room}/messages"):
        for given in ({"Authorization": f"Bearer {ticket}"}, {"Cookie": f"__Host-hubbub={ticket}"}):
            assert (await get(ada, path, **given)).status == 401
            assert (await get(ada, f"{path}?ticket={ticket}", FILES, **given)).status == 404


async def test_a_ticket_expires_and_can_not_be_made_with_the_token(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = here.site.ada
    given = session_from(ada.token)
    assert given
    ticket = (await sent_to(ada, here.paths()[0])).partition("ticket=")[2]
    until = int(ticket.split("_")[2])
    monkeypatch.setattr(tickets, "STEPS", -1)  # made long ago
    old = await sent_to(ada, here.paths()[0])
    assert (await get(ada, old, FILES)).status == 404
    other = new_ticket(given.account, given.id, until, here.file, given.secret).text
    assert (await get(ada, f"{here.paths()[0]}?ticket={other}", FILES)).status == 404


async def test_a_ticket_ends_with_the_right_to_read(here: Here) -> None:
    grace = await here.member("grace")
    there = [await sent_to(grace, path) for path in here.paths()]
    assert {(await get(grace, each, FILES)).status for each in there} == {200}
    assert (await here.site.ada.ask("DELETE", f"{here.members}/{grace.account}")).status == 200
    for each in there:
        for headers in ({}, {"Range": "bytes=1000-"}, {"If_None_Match": "*"}):
            assert (await get(grace, each, FILES, **headers)).status == 404
    assert (await get(grace, here.paths()[0], **shown(grace))).status == 404


@pytest.mark.parametrize("how", ["logged out", "ended by its owner", "suspended", "removed"])
async def test_a_ticket_ends_with_its_session(here: Here, how: str) -> None:
    mary = await here.member(f"mary-{how.split(maxsplit=1)[0]}")
    other = await mary.log_in(f"mary-{how.split(maxsplit=1)[0]}")
    there = await sent_to(other, here.paths()[0])
    person = f"/people/{mary.account}"
    assert (await get(other, there, FILES)).status == 200
    given = session_from(other.token)
    ending = {
        "logged out": other.ask("POST", "/logout"),
        "ended by its owner": mary.ask("DELETE", f"/me/sessions/{given and given.id}"),
        "suspended": here.site.ada.ask("POST", f"{person}/suspend"),
        "removed": here.site.ada.ask("POST", f"{person}/remove", {}),
    }
    answer = await ending.pop(how)
    for unused in ending.values():
        unused.close()
    assert answer.status < 300, answer.body
    assert (await get(other, there, FILES)).status == 404


@pytest.mark.parametrize("how", ["leave", "logout"])
async def test_who_is_removed_while_a_file_is_shown_is_cut_off(
    here: Here, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    mary = await here.member(f"mary-{how}")
    there = await sent_to(mary, here.paths()[0])
    gate = held_back(monkeypatch)
    async with (
        aiohttp.ClientSession(read_bufsize=1024) as http,
        http.get(f"{mary.url}{there}", headers={"Host": FILES}) as answer,
    ):
        assert answer.status == 200
        await answer.content.readany()
        path = "/logout" if how == "logout" else f"/rooms/{here.room}/leave"
        assert (await mary.ask("POST", path)).status < 300
        gate.set()
        with pytest.raises(aiohttp.ClientPayloadError):
            async with asyncio.timeout(30):
                await answer.read()
