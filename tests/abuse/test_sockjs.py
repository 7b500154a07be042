"""What a SockJS client can do wrong: callbacks, bodies, sessions without an end."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from hubbub.server.transports.sockjs import BURST
from tests.abuse.watch import memory_returns
from tests.integration.raw import TEXT, connected, frame, opened
from tests.support.memory import MIB
from tests.support.server import Server

CALLBACKS = [
    "/sockjs/000/abused/jsonp?c=%3Cscript%3Ealert(1)%3C/script%3E",
    "/sockjs/000/abused/jsonp?callback=alert(document.cookie)//",
    "/sockjs/000/abused/jsonp_send",
    "/sockjs/000/abused/htmlfile?c=%3C/script%3E%3Cscript%3Ealert(1)",
    "/sockjs/000/abused/htmlfile?callback=a%20b",
    "/sockjs/a/b/c/xhr",
    "/sockjs/a.b/c/xhr",
    "/sockjs//c/xhr",
    "/sockjs/a/%2e%2e/xhr",
    "/sockjs/../../etc/passwd",
    "/sockjs/iframe%00.html",
    "/sockjs/iframe/../x.html",
]
BROKEN = ["", "x", "{}", '{"a":1}', "[1]", '[["a"]]', '["a"', '["\\ud800]', "[" * 30_000, "nil"]
HUGE = 100_000_000


@asynccontextmanager
async def session(port: int) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A session that polls, and its address."""
    url = f"/sockjs/000/{secrets.token_hex(8)}"
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        assert await polled(http, url) == "o\n"
        yield http, url


async def polled(http: aiohttp.ClientSession, url: str) -> str:
    async with http.post(f"{url}/xhr") as answer:
        return await answer.text()


async def sent(http: aiohttp.ClientSession, url: str, body: str) -> int:
    async with http.post(f"{url}/xhr_send", data=body) as answer:
        return answer.status


@pytest.mark.parametrize("target", CALLBACKS)
async def test_there_is_no_script_in_any_address(port: int, target: str) -> None:
    async with connected(port) as raw:
        answer = await raw.request(f"GET {target} HTTP/1.1", {"Host": "localhost"})
        assert answer.status in (400, 404)
        assert b"alert" not in answer.body


@pytest.mark.parametrize("body", BROKEN)
async def test_what_is_no_message_is_refused_and_the_session_goes_on(port: int, body: str) -> None:
    async with session(port) as (http, url):
        assert await sent(http, url, body) == 500
        assert (
            await sent(http, url, '["{\\"id\\": 1, \\"do\\": \\"leave\\", \\"room\\": \\"x\\"}"]')
            == 204
        )
        assert await polled(http, url) == 'a["{\\"re\\":1,\\"ok\\":{\\"room\\":\\"x\\"}}"]\n'


@pytest.mark.parametrize("broken", ["x", "{}", "[1]", '["a"', "[" * 30_000])
async def test_what_is_no_message_ends_a_websocket(port: int, broken: str) -> None:
    async with opened(port, "/sockjs/000/abused/websocket") as raw:
        raw.send(frame(TEXT, broken.encode()))
        assert await raw.close_code() in (1000, 1002)


async def test_the_twentieth_bad_command_ends_the_session(port: int) -> None:
    async with session(port) as (http, url):
        assert await sent(http, url, f"[{','.join(20 * [chr(34) + '{' + chr(34)])}]") == 204
        assert (await polled(http, url)).count("bad_request") == 20
        assert await polled(http, url) == 'c[4400,"bad frames"]\n'


@pytest.mark.parametrize(
    "door", ["/sockjs/000/{}/xhr_send", "/socket.io/?EIO=4&transport=polling&sid={}"]
)
async def test_a_hundred_megabytes_are_refused_before_they_come(
    port: int, abused: Server, door: str
) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        name = secrets.token_hex(8)
        if "socket.io" in door:
            async with http.get("/socket.io/?EIO=4&transport=polling") as opening:
                name = (await opening.text()).split('"')[3]
        else:
            await polled(http, f"/sockjs/000/{name}")
    with memory_returns(abused, 16 * MIB):
        async with connected(port) as raw:
            head = {"Host": "localhost", "Content-Length": str(HUGE)}
            assert (await raw.request(f"POST {door.format(name)} HTTP/1.1", head)).status == 413


async def test_two_who_take_from_one_session_are_told(port: int) -> None:
    async with session(port) as (http, url):
        both = [asyncio.create_task(polled(http, url)) for _ in range(2)]
        (told,), _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        assert await told == 'c[2010,"Another connection still open"]\n'
        for task in both:
            task.cancel()


async def test_sessions_that_are_opened_and_left_are_forgotten(port: int, abused: Server) -> None:
    with memory_returns(abused, 32 * MIB):
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            for _ in range(500):
                assert await polled(http, f"/sockjs/000/{secrets.token_hex(8)}") == "o\n"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "HEAD"])
async def test_no_other_method_is_taken(port: int, method: str) -> None:
    async with (
        session(port) as (http, url),
        http.request(method, f"{url}/xhr_send", data='["{}"]') as answer,
    ):
        assert answer.status == 405


async def test_a_burst_is_one_body_of_many_messages(port: int) -> None:
    """SockJS's client gathers what is sent while a request is under way: 100 messages of 8,000 bytes here."""
    text = "x" * 8000
    message = json.dumps(json.dumps({"id": 1, "do": "leave", "room": "x", "pad": text}))
    async with session(port) as (http, url):
        assert await sent(http, url, f"[{','.join(100 * [message])}]") == 204
        answered = 0
        while answered < 100:
            answered += (await polled(http, url)).count("room")


async def test_each_message_of_a_burst_has_the_bound_of_any_message(port: int) -> None:
    leave = json.dumps('{"id": 1, "do": "leave", "room": "x"}')
    large = json.dumps(json.dumps({"do": "leave", "room": "x", "pad": "x" * 65_536}))
    async with session(port) as (http, url):
        assert await sent(http, url, f"[{leave},{large},{leave}]") == 204
        received = ""
        while received.count("ok") < 2:
            received += await polled(http, url)
        assert received.count("too_large") == 1


async def test_a_burst_has_a_bound(port: int) -> None:
    async with session(port) as (http, url):
        async with connected(port) as raw:
            head = {"Host": "localhost", "Content-Length": str(BURST * 65_536 + 1)}
            assert (await raw.request(f"POST {url}/xhr_send HTTP/1.1", head)).status == 413
        assert await sent(http, url, '["x"]') == 204
