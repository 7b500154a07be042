"""What works through a real nginx that was told nothing but where to pass requests on to.

It then speaks HTTP/1.0 with us, closes after each answer, and drops `Upgrade`. So everything works but WebSockets.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import uuid4

import aiohttp
import pytest

from hubbub.server.http.routes import ROUTES
from hubbub.server.transports.sockjs_responses import FORMS
from tests.support.balancers import BARE_NGINX, balancer, program
from tests.support.server import Server

pytestmark = pytest.mark.skipif(
    program("nginx") is None, reason="there is no nginx (Debian: nginx-light)"
)

Http = aiohttp.ClientSession
PLACES = {"room": "lobby", "seq": "1", "emoji": "x", "name": "hubbub.js", "rest": "info"}
MESSAGES, EVENTS = "/api/v1/rooms/lobby/messages", "/api/v1/rooms/lobby/events"
SOCKET_IO = "/socket.io/?EIO=4&transport=polling"


class Proxied(NamedTuple):
    """A client of a server through nginx, and of the same server directly."""

    http: Http
    direct: Http


@pytest.fixture(scope="module")
async def proxied(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxied]:
    folder = tmp_path_factory.mktemp("nginx")
    timeout = aiohttp.ClientTimeout(15)
    async with (
        Server(folder / "data") as server,
        balancer(BARE_NGINX, folder, (server.port,)) as port,
        Http(f"http://127.0.0.1:{port}", timeout=timeout) as http,
        Http(server.url, timeout=timeout) as direct,
    ):
        yield Proxied(http, direct)


async def post(http: Http) -> str:
    """A message in the lobby; its text."""
    text = f"hi {uuid4()}"
    async with http.post(MESSAGES, json={"text": text}) as answer:
        assert answer.status == 201
    return text


async def read_until(answer: aiohttp.ClientResponse, text: str) -> None:
    """Read a stream up to a line with this text."""
    while text not in (line := (await answer.content.readline()).decode()):
        assert line, "the stream has ended"


def targets() -> list[str]:
    """Every address that can be asked by GET, of those that the application has."""
    paths = {route.path for route in ROUTES if route.method in ("GET", "*")}
    paths.remove("/metrics")  # only for this machine
    return sorted(
        re.sub(r"\{(\w+)[^}]*\}", lambda found: PLACES.get(found[1], "x"), p) for p in paths
    )


@pytest.mark.parametrize("target", targets())
async def test_every_address_answers_as_it_does_directly(proxied: Proxied, target: str) -> None:
    async with proxied.http.get(target) as answer, proxied.direct.get(target) as directly:
        assert answer.status == directly.status
        assert answer.headers.get("Content-Type") == directly.headers.get("Content-Type")


async def test_metrics_are_shown_only_directly(proxied: Proxied) -> None:
    async with proxied.http.get("/metrics") as answer, proxied.direct.get("/metrics") as directly:
        assert (answer.status, directly.status) == (404, 200)


async def test_a_stream_of_events_comes_at_once(proxied: Proxied) -> None:
    headers = {"Accept": "text/event-stream"}
    async with proxied.http.get(EVENTS, headers=headers) as stream:
        await read_until(stream, "id: ")
        await read_until(stream, await post(proxied.http))


async def test_a_poll_waits_and_is_answered(proxied: Proxied) -> None:
    async with proxied.http.get(EVENTS) as answer:
        head = (await answer.json())["head"]
    poll = asyncio.create_task(proxied.http.get(f"{EVENTS}?since={head}&wait=10"))
    text = await post(proxied.http)
    async with await poll as answer:
        assert [event["text"] for event in (await answer.json())["events"]] == [text]


async def test_socket_io_polls(proxied: Proxied) -> None:
    async with proxied.http.get(SOCKET_IO) as answer:
        url = f"{SOCKET_IO}&sid={json.loads((await answer.text())[1:])['sid']}"
    for payload in ("40", '42["chat message","over polling"]'):
        async with proxied.http.post(url, data=payload) as answer:
            assert await answer.text() == "ok"
    received = ""
    while "over polling" not in received:
        async with proxied.http.get(url) as answer:
            assert answer.status == 200
            received += await answer.text()


@pytest.mark.parametrize("transport", FORMS)
async def test_sockjs_receives_by_each_transport(proxied: Proxied, transport: str) -> None:
    url = f"/sockjs-plain/000/{uuid4()}"
    method = "GET" if transport == "eventsource" else "POST"
    text = f"hi {uuid4()}"
    is_sent = False
    async with asyncio.timeout(30):
        while True:
            async with proxied.http.request(method, f"{url}/{transport}") as answer:
                assert answer.status == 200
                while line := (await answer.content.readline()).decode():
                    if text in line:
                        return
                    if line.removeprefix("data: ").strip() == "o" and not is_sent:
                        is_sent = True
                        await send(proxied.http, url, text)


async def send(http: Http, url: str, text: str) -> None:
    async with http.post(f"{url}/xhr_send", data=json.dumps([text])) as answer:
        assert answer.status == 204
