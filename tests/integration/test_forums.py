"""Rooms that require titles, at every door: those that can give one begin threads, and the others say why they can't."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import hubbub
from hubbub.domain.threads import UNTITLED
from hubbub.protocol.errors import Close
from hubbub.server.people.passwords import Argon2
from tests.integration.conftest import KEY
from tests.integration.native import native
from tests.integration.test_socketio_rooms import socket_io
from tests.integration.test_sockjs_rooms import Poller
from tests.support.site import Site, site

TITLED = {"text": "Which?", "title": "Kettles"}


class Forum(NamedTuple):
    """A server with such a room, in which everyone may post."""

    site: Site
    room: str

    async def titles(self) -> list[str]:
        """The titles of its threads, the newest first."""
        page = (await self.site.ada.ask("GET", f"/rooms/{self.room}/threads")).body
        return [each["title"] for each in page["threads"]]

    async def said(self) -> int:
        """How many messages there are in it."""
        answer = await self.site.ada.ask("GET", f"/rooms/{self.room}/messages")
        return len(answer.body["messages"])


@pytest.fixture
async def forum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Forum]:
    monkeypatch.setattr(Argon2.__init__, "__defaults__", (1_024,))
    async with site(tmp_path, guests="on") as here:
        settings = {"kind": "open", "title": "Help", "public": "post", "titles": True}
        made = await here.ada.ask("POST", "/rooms", settings)
        assert made.status == 201, made.body
        yield Forum(here, made.body["made"])


async def test_over_http(forum: Forum) -> None:
    path = f"/rooms/{forum.room}/messages"
    refused = await forum.site.ada.ask("POST", path, {"text": "x"})
    assert (refused.status, refused.code) == (400, "untitled")
    assert (await forum.site.ada.ask("POST", path, TITLED)).status == 201
    assert await forum.titles() == ["Kettles"]


async def test_by_native_commands(forum: Forum) -> None:
    async with native(forum.site.server.port, token=forum.site.ada.token) as ada:
        refused = await ada._answered("post", {"room": forum.room, "text": "x"})
        assert refused["error"]["code"] == "untitled"
        seq = (await ada.ask("post", room=forum.room, **TITLED))["seq"]
        await ada.ask("post", room=f"{forum.room}:{seq}", text="This one")
    assert await forum.titles() == ["Kettles"] and await forum.said() == 1


async def test_by_socket_io(forum: Forum) -> None:
    async with socket_io(forum.site.ada.url, room=forum.room, name="grace", key=KEY) as grace:
        await grace.emit("chat message", "hi")
        assert (await grace.heard("error"))[0]["code"] == "untitled"
        assert "ok" in await grace.ask("post", {"room": forum.room} | TITLED)
    assert await forum.titles() == ["Kettles"] and await forum.said() == 1


async def test_by_commands_over_sockjs(forum: Forum) -> None:
    async with aiohttp.ClientSession(forum.site.ada.url) as http:
        poller = Poller(http)
        await poller.take()
        hello = {"id": 1, "do": "hello", "name": "grace", "key": KEY}
        posts = [{"text": "x"}, TITLED]
        asked = [{"id": 2 + n, "do": "post", "room": forum.room} | p for n, p in enumerate(posts)]
        await poller.send(*map(json.dumps, [hello, *asked]))
        answers: dict[int, dict[str, object]] = {}
        while len(answers) < 3:
            answers |= {each["re"]: each for each in await poller.messages()}
    assert answers[2]["error"]["code"] == "untitled" and "ok" in answers[3]  # type: ignore[index]
    assert await forum.titles() == ["Kettles"]


async def test_a_plain_websocket_is_closed_with_the_reason(forum: Forum) -> None:
    url = forum.site.ada.url.replace("http", "ws") + f"/?room={forum.room}"
    async with connect(url) as socket, asyncio.timeout(30):
        await socket.send("hi")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (Close.REFUSED, UNTITLED.detail)
    assert await forum.said() == 0


async def test_in_the_python_sdk(forum: Forum) -> None:
    async with hubbub.connect(forum.site.ada.url, token=forum.site.ada.token) as client:
        room = await client.follow(forum.room)
        with pytest.raises(hubbub.Refused, match="requires titles"):
            await room.post("x")
        seq = (await room.post("Which?", title="Kettles")).seq
        again = await room.forward(forum.room, seq, title="Pots")
        await client.post(forum.room, "x", title="Pans")
        await room.change(titles=False)
        await room.post("x")
    assert again.seq > seq
    assert sorted(await forum.titles()) == ["Kettles", "Pans", "Pots"]
