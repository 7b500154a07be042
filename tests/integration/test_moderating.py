"""Who moderates free rooms: at every door, accounts with the role for it at that moment, and no others."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.integration.test_socketio_rooms import socket_io
from tests.integration.test_sockjs_rooms import Poller
from tests.support.site import Site, Someone, site

Ask = Callable[..., Awaitable[Any]]  # does a command; returns its answer


class Here(NamedTuple):
    """A site, and one of its accounts."""

    site: Site
    dave: Someone

    async def give(self, role: str) -> None:
        """Give dave a role."""
        path = f"/people/{self.dave.account}/role"
        assert (await self.site.ada.ask("PUT", path, {"role": role})).status == 200


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with site(tmp_path, guests="on") as made:
        yield Here(made, await made.ada.bring_in("dave"))


def bearer(who: Someone) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}


def cookie(who: Someone) -> dict[str, str]:
    port = who.url.rpartition(":")[2]
    return {"Cookie": f"hubbub-{port}={who.token}", "Origin": who.url}


Way = Callable[[Someone], dict[str, str]]


def over_http(way: Way) -> Any:
    @asynccontextmanager
    async def door(who: Someone) -> AsyncIterator[Ask]:
        async with aiohttp.ClientSession(headers=way(who)) as http:

            async def ask(do: str, room: str, seq: int, **fields: Any) -> Any:
                method = {"edit": "PATCH", "delete": "DELETE"}[do]
                url = f"{who.url}/api/v1/rooms/{room}/messages/{seq}"
                async with http.request(method, url, json=fields or None) as answer:
                    body = await answer.json(content_type=None)
                    return {"ok": body} if answer.ok else {"error": body}

            yield ask

    return door


def over_websocket(way: Way) -> Any:
    @asynccontextmanager
    async def door(who: Someone) -> AsyncIterator[Ask]:
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{who.url}/ws", headers=way(who)) as socket,
        ):
            yield asking(socket)

    return door


def asking(socket: aiohttp.ClientWebSocketResponse) -> Ask:
    async def ask(do: str, **fields: Any) -> Any:
        await socket.send_json({"id": 1, "do": do} | fields)
        return await socket.receive_json(timeout=30)

    return ask


@asynccontextmanager
async def over_hello(who: Someone) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{who.url}/ws") as socket:
        ask = asking(socket)
        assert "ok" in await ask("hello", token=who.token)
        yield ask


@asynccontextmanager
async def over_sockjs(who: Someone) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession(who.url) as http:
        poller = Poller(http)
        await poller.take()

        async def ask(do: str, **fields: Any) -> Any:
            await poller.send(json.dumps({"id": 1, "do": do} | fields))
            [answer] = await poller.messages()
            return answer

        assert "ok" in await ask("hello", token=who.token)
        yield ask


@asynccontextmanager
async def over_socket_io(who: Someone) -> AsyncIterator[Ask]:
    async with socket_io(who.url, token=who.token) as client:

        async def ask(do: str, **fields: Any) -> Any:
            return await client.ask(do, fields)

        yield ask


Door = Callable[[Someone], AbstractAsyncContextManager[Ask]]
DOORS: dict[str, Door] = {
    "HTTP with a token": over_http(bearer),
    "HTTP with a cookie": over_http(cookie),
    "WebSocket with a token": over_websocket(bearer),
    "WebSocket with a cookie": over_websocket(cookie),
    "hello": over_hello,
    "SockJS": over_sockjs,
    "Socket.IO": over_socket_io,
}
COMMANDS: dict[str, dict[str, str]] = {"edit": {"text": "changed"}, "delete": {}}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("do", COMMANDS)
async def test_accounts_moderate_free_rooms_as_long_as_they_have_the_role(
    here: Here, door: str, do: str
) -> None:
    posted = await here.site.ada.ask("POST", "/rooms/lobby/messages", {"text": "hi"})
    change = {"room": "lobby", "seq": posted.body["seq"]} | COMMANDS[do]
    async with DOORS[door](here.dave) as ask:
        for role in ("member", "moderator", "member"):
            await here.give(role)
            answer = await ask(do, **change)
            if role == "moderator":
                assert "ok" in answer, answer
                posted = await here.site.ada.ask("POST", "/rooms/lobby/messages", {"text": "hi"})
                change["seq"] = posted.body["seq"]
            else:
                assert answer["error"]["code"] == "forbidden", (role, answer)
        own = await here.dave.ask("POST", "/rooms/lobby/messages", {"text": "mine"})
        assert "ok" in await ask(do, **change | {"seq": own.body["seq"]})
