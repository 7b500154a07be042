"""Socket.IO 5, as its public description has it: namespaces, events, acknowledgements, attachments."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.support.programs import protocol_server

WAIT_SECONDS = 30
Socket = aiohttp.ClientWebSocketResponse


@pytest.fixture(scope="module")
async def doors() -> AsyncIterator[dict[str, str]]:
    """The URLs of a door where one must connect soon, and of one where nobody is in a hurry."""
    async with protocol_server("socketio_server") as port:
        query = "?EIO=4&transport=websocket"
        paths = {"hasty": "socket.io", "patient": "patient"}
        yield {pace: f"http://127.0.0.1:{port}/{path}/{query}" for pace, path in paths.items()}


@pytest.fixture
def url(doors: dict[str, str]) -> str:
    return doors["patient"]


@asynccontextmanager
async def engine(url: str) -> AsyncIterator[Socket]:
    """A session by WebSocket, before anything of Socket.IO's."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        assert (await socket.receive_str())[0] == "0"
        yield socket


async def said(socket: Socket) -> str | bytes:
    """The next message."""
    message = await socket.receive(timeout=WAIT_SECONDS)
    assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
    data: str | bytes = message.data
    return data


async def ended(socket: Socket) -> bool:
    """Whether the server closes; until then pings are answered."""
    while (message := await socket.receive(timeout=WAIT_SECONDS)).type is aiohttp.WSMsgType.TEXT:
        if message.data == "2":
            await socket.send_str("3")
    return message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def connect(socket: Socket, namespace: str = "", auth: str = "") -> None:
    """Connect to a namespace, and hear what was understood."""
    await socket.send_str(f"40{namespace}{auth}")
    answer = str(await said(socket))
    assert answer.startswith(f"40{namespace}{{")
    assert isinstance(json.loads(answer[len(f"40{namespace}") :])["sid"], str)
    assert await said(socket) == f'42{namespace}["auth",{auth or "{}"}]'


@pytest.mark.parametrize("namespace", ["", "/custom,"])
@pytest.mark.parametrize("auth", ["", '{"token":"123"}'])
async def test_a_client_connects_to_a_namespace(url: str, namespace: str, auth: str) -> None:
    async with engine(url) as socket:
        await connect(socket, namespace, auth)


async def test_the_comma_may_be_left_out_at_the_end(url: str) -> None:
    async with engine(url) as socket:
        await socket.send_str("40/custom")
        assert str(await said(socket)).startswith('40/custom,{"sid":')


async def test_an_unknown_namespace_is_refused(url: str) -> None:
    async with engine(url) as socket:
        await socket.send_str("40/random")
        assert await said(socket) == '44/random,{"message":"Invalid namespace"}'


async def test_who_connects_to_nothing_is_closed(doors: dict[str, str]) -> None:
    async with engine(doors["hasty"]) as socket:
        assert await ended(socket)


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            "4abc",
            "48",
            "42",
            "42{}",
            '42"message"',
            '42abc["message-with-ack",1]',
            "42[]",
            "42[{}]",
        ),
        *('40{"a":', '40["a"]', "41{}", '43["x"]', '431{"x":1}', '4299999999999999999["message"]'),
        *('451["message"]', '42/random,["message"]'),
        *('451-["message",{"_placeholder":true,"num":7}]', '4511-["message"]', '42["a"', "46"),
        '42["message",' + 40 * "[" + 40 * "]" + "]",
    ],
)
async def test_what_is_no_packet_ends_the_session(url: str, wrong: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await socket.send_str(wrong)
        if wrong.startswith("451-"):
            await socket.send_bytes(b"\1")
        assert await ended(socket)


async def test_a_packet_before_connecting_ends_the_session(url: str) -> None:
    async with engine(url) as socket:
        await socket.send_str('42["message"]')
        assert await ended(socket)


async def test_text_in_the_place_of_attachments_ends_the_session(url: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await socket.send_str('451-["message",{"_placeholder":true,"num":0}]')
        await socket.send_str('42["message"]')
        assert await ended(socket)


async def test_bytes_that_nothing_announced_end_the_session(url: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await socket.send_bytes(b"\1")
        assert await ended(socket)


async def test_a_client_leaves_one_namespace_and_stays_in_the_other(url: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await connect(socket, "/custom,")
        await socket.send_str("41/custom,")
        await socket.send_str('42["message","to the other"]')
        assert await said(socket) == '42["message-back","to the other"]'


async def test_an_event_comes_back(url: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await socket.send_str('42["message",1,"2",{"3":[true]}]')
        assert await said(socket) == '42["message-back",1,"2",{"3":[true]}]'


async def test_an_event_is_acknowledged(url: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await socket.send_str('42456["message-with-ack",1,"2",{"3":[false]}]')
        assert await said(socket) == '43456[1,"2",{"3":[false]}]'


PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'


@pytest.mark.parametrize(
    "sent, answered",
    [
        (f'452-["message",{PLACEHOLDERS}]', f'452-["message-back",{PLACEHOLDERS}]'),
        (f'452-789["message-with-ack",{PLACEHOLDERS}]', f"462-789[{PLACEHOLDERS}]"),
        (f'452-["message",[{PLACEHOLDERS}],{{}}]', f'452-["message-back",[{PLACEHOLDERS}],{{}}]'),
    ],
)
async def test_bytes_go_there_and_back(url: str, sent: str, answered: str) -> None:
    async with engine(url) as socket:
        await connect(socket)
        await socket.send_str(sent)
        await socket.send_bytes(b"\1\2\3")
        await socket.send_bytes(b"\4\5\6")
        assert [await said(socket) for _ in range(3)] == [answered, b"\1\2\3", b"\4\5\6"]


async def test_it_all_goes_by_polling_too(url: str) -> None:
    base = url.partition("?")[0]
    async with aiohttp.ClientSession() as http:

        async def call(method: str, payload: str | None = None, **query: Any) -> str:
            params = {"EIO": "4", "transport": "polling"} | query
            async with http.request(method, base, params=params, data=payload) as answer:
                assert answer.status == 200
                return await answer.text()

        sid = json.loads((await call("GET"))[1:])["sid"]
        await call("POST", "40", sid=sid)
        assert (await call("GET", sid=sid)).startswith("40")
        assert await call("GET", sid=sid) == '42["auth",{}]'
        payload = (
            '451-["message",{"_placeholder":true,"num":0}]\x1ebAQID\x1e427["message-with-ack"]'
        )
        await call("POST", payload, sid=sid)
        async with asyncio.timeout(WAIT_SECONDS):
            expected = '451-["message-back",{"_placeholder":true,"num":0}]\x1ebAQID\x1e437[]'
            assert await call("GET", sid=sid) == expected
