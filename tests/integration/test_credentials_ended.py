"""Whoever loses the credential that they follow or read with gets nothing that was posted later: at no door, on no node.

Nodes find out from what they deliver and read: none of them looks for ends at any other time here.
"""

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed

import hubbub
from hubbub.domain.aspects.people.accounts import OPERATOR, SuspendPerson
from hubbub.domain.facts import Accepted, Proposal
from hubbub.protocol.secrets import digest_of
from hubbub.server import upkeep
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from hubbub.server.people import door as door_of_server
from hubbub.server.stores.base import Token
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.integration.native import native
from tests.integration.test_files import raw, upload
from tests.integration.test_jwt_accounts import signed, trusting
from tests.integration.test_shut_out import DOORS, Ear, Whom, until
from tests.support.downloads import held_back
from tests.support.every_case import EVERY_CASE
from tests.support.fakes import AT
from tests.support.images import png
from tests.support.nodes import NODES, shared_by
from tests.support.postgres import Postgres
from tests.support.site import PASSWORD, Someone, site

REFUSED = {"code": "unauthenticated", "message": "", "temporary": False}
OVER = (ConnectionError, ConnectionClosed, hubbub.Closed)
NEVER = 3600.0  # seconds
OTHER = f"another-{PASSWORD}"
PNG = png(40, 40)


@dataclass
class Here:
    """Two nodes, which may be one; ada owns the server, and grace posts."""

    nodes: str
    settings: Settings
    here: int
    there: int
    ada: Someone
    grace: Someone

    async def newcomer(self, role: str = "member") -> tuple[Someone, str]:
        """Let somebody come in; return them and their handle."""
        return await newcomer(self.ada, role)

    def over(self, token: str, port: int) -> Someone:
        """Whoever has a token, at a node."""
        return Someone(self.ada._http, f"http://127.0.0.1:{port}", token)


async def newcomer(ada: Someone, role: str = "member") -> tuple[Someone, str]:
    handle = f"mary-{secrets.token_hex(5)}"
    return await ada.bring_in(handle, role), handle


@pytest.fixture(scope="module", params=NODES)
async def here(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> AsyncIterator[Here]:
    folder = tmp_path_factory.mktemp("ends")
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(upkeep, "BEAT", NEVER)
        patch.setattr(door_of_server, "GUESSES_PER_SECOND", 0.0)  # all are refused from one address
        given: dict[str, Any] = await shared_by(request.param, stack, postgres) | trusting(folder)
        first = await stack.enter_async_context(site(folder / "0", **given))
        there = first.server.port
        settings = Settings(host="127.0.0.1", port=0, data=folder / "0", guests="off", **given)
        if request.param != "one node":
            there = (await stack.enter_async_context(running(settings))).port
        grace, _ = await newcomer(first.ada)
        yield Here(request.param, settings, first.server.port, there, first.ada, grace)
    gc.unfreeze()


# --- what ends, and how ---

# What somebody holds, and what ends it, which returns whether it has.
End = Callable[[], Awaitable[bool]]
Given = tuple[str, End]


def asks(who: Someone, method: str, path: str, body: Any = None) -> End:
    async def end() -> bool:
        return (await who.ask(method, path, body)).status == 200

    return end


async def made(who: Someone, path: str) -> tuple[str, str]:
    """Have an API token made; return it and its id."""
    answer = await who.ask("POST", path, {"name": "ear", "scopes": ["read"]})
    return answer.body["token"], answer.body["id"]


async def suspended(here: Here) -> Given:
    mary, _ = await here.newcomer()
    return mary.token, asks(here.ada, "POST", f"/people/{mary.account}/suspend")


async def suspended_with_a_token(here: Here) -> Given:
    mary, _ = await here.newcomer()
    token, _ = await made(mary, "/me/tokens")
    return token, asks(here.ada, "POST", f"/people/{mary.account}/suspend")


async def suspended_with_a_jwt(here: Here) -> Given:
    token = signed(f"u-{secrets.token_hex(5)}")
    account = (await here.over(token, here.here).ask("GET", "/me")).body["account"]
    return token, asks(here.ada, "POST", f"/people/{account}/suspend")


async def removed(here: Here) -> Given:
    mary, _ = await here.newcomer()
    return mary.token, asks(here.ada, "POST", f"/people/{mary.account}/remove", {})


async def removed_with_a_token(here: Here) -> Given:
    mary, _ = await here.newcomer()
    token, _ = await made(mary, "/me/tokens")
    return token, asks(here.ada, "POST", f"/people/{mary.account}/remove", {})


async def logged_out(here: Here) -> Given:
    mary, _ = await here.newcomer()
    return mary.token, asks(mary, "POST", "/logout")


async def ended_by_another_session(here: Here) -> Given:
    mary, handle = await here.newcomer()
    listed = (await mary.ask("GET", "/me/sessions")).body["sessions"]
    return mary.token, asks(
        await mary.log_in(handle), "DELETE", f"/me/sessions/{listed[0]['session']}"
    )


async def all_others_ended(here: Here) -> Given:
    mary, handle = await here.newcomer()
    return mary.token, asks(await mary.log_in(handle), "DELETE", "/me/sessions")


async def another_password(here: Here) -> Given:
    mary, handle = await here.newcomer()
    given = {"was": PASSWORD, "password": OTHER}
    return mary.token, asks(await mary.log_in(handle), "POST", "/me/password", given)


async def reset(here: Here) -> Given:
    mary, _ = await here.newcomer()

    async def end() -> bool:
        link = await here.ada.ask("POST", f"/people/{mary.account}/reset")
        given = {"token": link.body["token"], "password": OTHER, "wants": "token"}
        return (await here.ada.ask("POST", "/reset", given)).status == 201

    return mary.token, end


async def token_revoked(here: Here) -> Given:
    mary, _ = await here.newcomer()
    token, id_ = await made(mary, "/me/tokens")
    return token, asks(mary, "DELETE", f"/me/tokens/{id_}")


async def _of_a_bot(here: Here) -> tuple[str, Someone]:
    """An API token of a bot, and its owner."""
    mary, handle = await here.newcomer("admin")
    given = {"handle": f"{handle}-bot", "name": "Bot", "kind": "bot"}
    bot = (await mary.ask("POST", "/people", given)).body["account"]
    token, _ = await made(mary, f"/people/{bot}/tokens")
    return token, mary


async def bots_owner_suspended(here: Here) -> Given:
    token, mary = await _of_a_bot(here)
    return token, asks(here.ada, "POST", f"/people/{mary.account}/suspend")


async def bots_owner_of_lesser_role(here: Here) -> Given:
    token, mary = await _of_a_bot(here)
    return token, asks(here.ada, "PUT", f"/people/{mary.account}/role", {"role": "guest"})


async def servers_token_revoked(here: Here) -> Given:
    """One that an operator issued, for rooms that nobody made."""
    name = f"app-{secrets.token_hex(5)}"
    issued = kind_of(here.settings.store).open_tokens(here.settings.store, here.settings.data)
    token = Token(name, name, digest_of(f"hubbub_{name}"), ("read",), ("*",), AT, None)
    await asyncio.to_thread(issued.add, token)
    for port in (here.here, here.there):  # which read something, and see that a token is new
        assert (await here.over(here.grace.token, port).ask("GET", "/me")).status == 200

    async def end() -> bool:
        return await asyncio.to_thread(issued.revoke, name, AT) == [name]

    return f"hubbub_{name}", end


ENDS: dict[str, Callable[[Here], Awaitable[Given]]] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(suspended, suspended_with_a_token, suspended_with_a_jwt),
        *(removed, removed_with_a_token),
        *(logged_out, ended_by_another_session, all_others_ended, another_password, reset),
        *(token_revoked, bots_owner_suspended, bots_owner_of_lesser_role),
        *(servers_token_revoked,),
    )
}


# --- tests ---


async def until_over(ear: Ear) -> list[str]:
    """What comes until somebody is told that this was all, or is cut off."""
    found: list[str] = []
    try:
        while text := await ear.next():
            found.append(text)
    except OVER:
        pass
    return found


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.timeout(120)
async def test_nothing_comes_through_any_door_that_was_posted_after_a_credential_ended(
    here: Here, how: str
) -> None:
    """Tries half of the doors, so that any two of a door, an end and a number of nodes meet, but not all three."""
    number = [*ENDS].index(how) + NODES.index(here.nodes)
    doors = [*DOORS.items()] if EVERY_CASE else [*DOORS.items()][number % 2 :: 2]
    async with native(here.here, token=here.grace.token) as grace, AsyncExitStack() as stack:
        token, end = await ENDS[how](here)
        room = (await grace.ask("create", kind="open", title="Open"))["made"]
        rooms = [f"free-{room[1:]}", *([] if ENDS[how] is servers_token_revoked else [room])]
        ears: dict[tuple[str, str], Ear] = {}
        for each in rooms:
            await grace.ask("post", room=each, text="first")
            for door, opening in doors:
                coming = opening(here.there, each, Whom({"token": token}, REFUSED))
                ears[each, door] = await stack.enter_async_context(coming)
            await grace.ask("post", room=each, text="hello")
        for ear in ears.values():
            await until(ear.next, "hello")
        hearing = {key: asyncio.create_task(until_over(ear)) for key, ear in ears.items()}
        assert await end()
        for each in rooms:
            await grace.ask("post", room=each, text="after")
        heard = {key: await each for key, each in hearing.items()}
        assert heard == {key: [] for key in ears}


@pytest.mark.parametrize("how", ENDS)
async def test_nobody_reads_with_a_credential_that_ended_what_was_posted_after_it_did(
    here: Here, how: str
) -> None:
    """Another node may still know it."""
    room = f"free-{secrets.token_hex(5)}"
    path = f"/rooms/{room}/messages"
    async with native(here.here, token=here.grace.token) as grace:
        await grace.ask("post", room=room, text="first")
        for over in ("HTTP", "a socket", "a snapshot"):
            token, end = await ENDS[how](here)
            mary = here.over(token, here.there)
            assert (await mary.ask("GET", path)).status == 200
            async with native(here.there, token=token) as socket:
                assert await end()
                await grace.ask("post", room=room, text="after")
                if over == "HTTP":
                    assert (await mary.ask("GET", path)).code == "unauthenticated"
                else:
                    do = "history" if over == "a socket" else "follow"
                    with suppress(ConnectionClosed):  # by now
                        await socket.send({"do": do, "room": room, "id": 7})
                    assert await socket.closed() == 4401
                assert not (socket.replies or socket.events)


BYTES = {
    each.name for each in operations_of(ROUTES) if each.method == "GET" and each.answers is bytes
}


async def shown(here: Here) -> dict[str, str]:
    """Where there is something for everyone, by the operation that gives it in bytes."""
    path = f"/emoji/e{secrets.token_hex(5)}"
    assert (await raw(here.ada, "PUT", path, PNG, Content_Type="image/png"))[0] == 200
    listed = (await here.ada.ask("GET", "/emoji")).body["emoji"]
    file = (await upload(here.grace, PNG, "x.png")).body["file"]
    given = {"file": file}
    assert (
        await here.grace.ask("PUT", f"/people/{here.grace.account}/avatar", given)
    ).status == 200
    avatar = (await here.grace.ask("GET", "/me")).body["avatar"]
    file = await posted(here, PNG)
    return {
        "getEmoji": f"{path}/{listed[path.removeprefix('/emoji/')]['image']}",
        "getAvatar": f"/avatars/{avatar}",
        "getFile": f"/files/{file}",
        "getThumbnail": f"/files/{file}/thumbnails/360",
        "exportMe": "/me/export",
    }


async def posted(here: Here, data: bytes) -> str:
    """Post a file of Grace's where everyone reads it; returns its key."""
    file: str = (await upload(here.grace, data, "x.png")).body["file"]
    room = (await here.grace.ask("POST", "/rooms", {"kind": "open", "title": "Open"})).body["made"]
    path = f"/rooms/{room}/messages"
    assert (await here.grace.ask("POST", path, {"files": [file]})).status == 201
    return file


async def test_nobody_gets_any_bytes_with_a_credential_that_ended(here: Here) -> None:
    """The handlers of some write the answer themselves. Another node may still know the credential."""
    paths = await shown(here)
    assert paths.keys() == BYTES
    ways = {(name, method) for name in BYTES for method in ("GET", "HEAD")} - {("exportMe", "HEAD")}
    given: list[tuple[str, str]] = []
    for name, method in sorted(ways):  # the first read that sees the end is the last
        token, end = await logged_out(here)
        mary = here.over(token, here.there)
        assert (await mary.ask("GET", "/me")).status == 200
        if name != "exportMe":  # which one gets only now and then
            assert (await raw(mary, method, paths[name]))[0] == 200
        assert await end()
        if (await raw(mary, method, paths[name]))[0] != 401:
            given.append((name, method))
    assert given == []


async def test_a_file_that_is_being_sent_is_cut_off_once_the_credential_has_ended(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = held_back(monkeypatch)
    token, end = await logged_out(here)
    path = f"/api/v1/files/{await posted(here, PNG + bytes(2_000_000))}"
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(read_bufsize=1024) as http,
        http.get(f"http://127.0.0.1:{here.there}{path}", headers=headers) as answer,
    ):
        assert answer.status == 200
        await answer.content.readany()
        assert await end()
        gate.set()
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def test_what_a_command_beside_the_server_ends_is_over_before_anything_else_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BEAT", NEVER)
    async with site(tmp_path) as made:
        mary, _ = await newcomer(made.ada)
        port = made.server.port
        async with native(port, token=made.ada.token) as ada, native(port, token=mary.token) as she:
            await she.ask("follow", room="lobby")
            await ada.ask("post", room="lobby", text="before")
            assert (await she.event())["text"] == "before"
            beside = SqliteStore(tmp_path, "normal", lambda: "", is_beside=True)
            suspend = Proposal(OPERATOR, SuspendPerson(account=mary.account))
            assert isinstance((await beside.commit([suspend], AT)).answers[0], Accepted)
            await beside.close()
            await ada.ask("post", room="lobby", text="after")
            assert await she.closed() == 4401
            assert not she.events
