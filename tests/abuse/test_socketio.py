"""What a Socket.IO client can do wrong: claims, bodies, floods."""

import json

import aiohttp
import pytest

from tests.abuse.watch import memory_returns
from tests.integration.raw import BINARY, TEXT, frame, opened
from tests.support.memory import MIB
from tests.support.server import Server

WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
POLLING = "/socket.io/?EIO=4&transport=polling"


async def session(http: aiohttp.ClientSession) -> str:
    """A session by polling, connected; its address."""
    async with http.get(POLLING) as answer:
        sid = json.loads((await answer.text())[1:])["sid"]
    url = f"{POLLING}&sid={sid}"
    async with http.post(url, data="40") as answer:
        assert answer.status == 200
    return url


CLAIMS = {
    "a billion attachments": '451000000000-["x",{"_placeholder":true,"num":0}]',
    "eleven attachments": '4511-["x"]',
    "a number of ten digits": '459999999999-["x"]',
    "a placeholder beyond": '451-["x",{"_placeholder":true,"num":1}]',
    "a negative placeholder": '451-["x",{"_placeholder":true,"num":-1}]',
    "NaN": '42["x",NaN]',
    "a namespace of 60,000 letters": "40/" + "x" * 60_000 + ",",
    "an id of 60,000 digits": "42" + "1" * 60_000 + '["x"]',
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
async def test_a_false_claim_ends_the_session_over_polling(port: int, claim: str) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        url = await session(http)
        is_pending = claim.startswith("451-")
        async with http.post(url, data=claim + ("\x1ebAQ==" if is_pending else "")) as answer:
            refused = claim.startswith("40/")
            assert answer.status == (200 if refused else 400)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
async def test_a_false_claim_ends_the_session_over_a_websocket(port: int, claim: str) -> None:
    async with opened(port, WEBSOCKET) as raw:
        raw.send(frame(TEXT, b"40") + frame(TEXT, claim.encode()) + frame(BINARY, b"\1"))
        assert await raw.close_code() == 1000


@pytest.mark.parametrize("size", [65_537, 100_000_000])
async def test_a_huge_polling_body_is_refused_before_it_is_read(
    port: int, abused: Server, size: int
) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        url = await session(http)
        with memory_returns(abused, 16 * MIB):
            async with http.post(url, data=b"4" * min(size, 200_000), headers={"Expect": ""}) as a:
                assert a.status == 413


async def test_attachments_without_an_end_are_bounded(port: int, abused: Server) -> None:
    """Ten of 60,000 bytes each would be more than a message may have."""
    async with opened(port, WEBSOCKET) as raw:
        raw.send(frame(TEXT, b"40") + frame(TEXT, b'4510-["x",{"_placeholder":true,"num":0}]'))
        raw.send(9 * frame(BINARY, b"x" * 60_000))
        assert await raw.close_code() == 1000


async def test_sessions_that_are_opened_and_left_are_forgotten(port: int, abused: Server) -> None:
    with memory_returns(abused, 32 * MIB):
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            for _ in range(500):
                async with http.get(POLLING) as answer:
                    assert answer.status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "HEAD"])
async def test_no_other_method_is_taken(port: int, method: str) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        url = await session(http)
        async with http.request(method, url) as answer:
            assert answer.status in {400, 405}
