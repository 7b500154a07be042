"""Too much of what would be fine by itself, at every door."""

import asyncio
import json

import aiohttp
import pytest

from hubbub.server.transports.frames import MAX_EMPTY_FRAMES
from tests.abuse.doors import ADAPTERS, WEBSOCKETS
from tests.abuse.watch import memory_returns
from tests.integration.native import native
from tests.integration.raw import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    Raw,
    connected,
    frame,
    opened,
)
from tests.support.memory import MIB
from tests.support.server import Server

EMPTY_FRAGMENTS = frame(TEXT, is_final=False) + 10_000 * frame(CONTINUATION, is_final=False)
FLOODS = {
    "pings": 10_000 * frame(PING, b"?"),
    "pings of 125 bytes": 10_000 * frame(PING, b"?" * 125),
    "pongs": 10_000 * frame(PONG, b"!"),
    "empty fragments": EMPTY_FRAGMENTS,
    "pings amid a message": frame(TEXT, b"x", is_final=False) + 10_000 * frame(PING),
}

each_socket = pytest.mark.parametrize("door", WEBSOCKETS)


@pytest.mark.parametrize("door", WEBSOCKETS | ADAPTERS)
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_flood_of_frames_that_say_nothing_is_closed(
    port: int, door: str, flood: bytes
) -> None:
    async with opened(port, door) as raw:
        raw.send(flood)
        assert await raw.close_code() == 4429


@each_socket
async def test_as_many_pings_as_a_nervous_client_sends_are_answered(port: int, door: str) -> None:
    count = MAX_EMPTY_FRAMES // 2
    async with opened(port, door) as raw:
        raw.send(count * frame(PING, b"?"))
        for _ in range(count):
            assert await raw.frame() == Frame(PONG, b"?")


async def test_a_native_flood_is_refused_and_then_closed(port: int) -> None:
    post = json.dumps({"id": 1, "do": "post", "room": "flooded", "text": "!"}).encode()
    async with opened(port, "/ws?name=flooder") as raw:
        sending = asyncio.create_task(send_in_bursts(raw, 100 * frame(TEXT, post), 200))
        codes = set()
        while (received := await raw.frame()).opcode != CLOSE:
            reply = json.loads(received.payload)
            if "error" in reply:
                assert 0 < reply["error"]["retry_after"] < 1
                codes.add(reply["error"]["code"])
        sending.cancel()
    assert codes == {"rate_limited"}
    assert int.from_bytes(received.payload[:2]) == 4429


async def test_a_plain_flood_is_read_no_faster_than_allowed(port: int) -> None:
    """There are no words for a refusal, so nobody is shown out; he just can't send faster."""
    async with opened(port, "/?room=flooded-plainly&name=flooder") as raw:
        sending = asyncio.create_task(send_in_bursts(raw, 1000 * frame(TEXT, b"!"), 10))
        for _ in range(2100):  # the burst of two seconds, and a little more
            assert await raw.frame() == Frame(TEXT, b"!")
        sending.cancel()


async def test_a_flood_over_http_is_told_when_to_come_back(port: int) -> None:
    """Of bytes, since a slow machine could not send more requests in a second than one may."""
    url = f"http://127.0.0.1:{port}/api/v1/rooms/flooded/signals?name=flooder-by-http"
    signal = b'{"key": "k", "value": 1}'.ljust(60_000)
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as http:
        while True:
            calls = [http.post(url, data=signal) for _ in range(50)]
            answers = await asyncio.gather(*calls)
            late = [answer for answer in answers if answer.status != 202]
            if late:
                break
        assert {answer.status for answer in late} == {429}
        assert (await late[0].json())["code"] == "rate_limited"
        assert int(late[0].headers["Retry-After"]) >= 1


async def test_guesses_of_tokens_are_limited_and_lock_nobody_out(port: int) -> None:
    """By address, since a stranger has nothing else; who is in stays, and others keep their names."""
    async with aiohttp.ClientSession() as http:
        statuses = []
        for n in range(1000):
            headers = {"Authorization": f"Bearer hb_{n:043}"}
            url = f"http://127.0.0.1:{port}/api/v1/rooms/guessed"
            async with http.get(url, headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses[0] == 401
    assert set(statuses) == {401, 429}
    assert statuses.count(401) < 200
    async with native(port, "a-guest-meanwhile") as guest:
        await guest.ask("post", room="guessed", text="in")


@each_socket
async def test_many_messages_that_never_end_take_little(
    port: int, abused: Server, door: str
) -> None:
    with memory_returns(abused, 32 * MIB):
        async with asyncio.TaskGroup() as group:
            for _ in range(100):
                group.create_task(begin_and_vanish(port, door))


async def begin_and_vanish(port: int, door: str) -> None:
    async with opened(port, door) as raw:
        raw.send(frame(TEXT, b"x" * 60_000, is_final=False) + frame(TEXT, b"x" * 5000)[:2000])
        await raw.writer.drain()


async def test_many_heads_that_never_end_take_little(port: int, abused: Server) -> None:
    async def begin() -> None:
        async with connected(port) as raw:
            raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 8000)
            assert await raw.rest() == b""

    with memory_returns(abused, 32 * MIB):
        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(begin())


async def send_in_bursts(raw: Raw, burst: bytes, count: int) -> None:
    for _ in range(count):
        raw.send(burst)
        await raw.writer.drain()
