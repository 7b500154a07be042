"""Engine.IO 4, as its public description has it: the door of a server that echoes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.support.programs import protocol_server
from tests.support.waiting import noticed, under_way

WAIT_SECONDS = 30
Http = aiohttp.ClientSession


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    async with protocol_server("engineio_server") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def base(url: str) -> str:
    """A door that pings nobody while a test lasts."""
    return f"{url}/patient/"


@pytest.fixture
def hasty(url: str) -> str:
    """One that pings soon, and soon gives up who does not answer."""
    return f"{url}/engine.io/"


@pytest.fixture
def pinging(url: str) -> str:
    """One that pings soon, and waits."""
    return f"{url}/pinging/"


@pytest.fixture
async def http(url: str) -> AsyncIterator[Http]:
    async with Http(url, timeout=aiohttp.ClientTimeout(WAIT_SECONDS)) as session:
        yield session


async def poll(http: Http, base: str, sid: str | None = None, **query: str) -> tuple[int, str]:
    """A GET; status and body."""
    params = {"EIO": "4", "transport": "polling"} | ({"sid": sid} if sid else {}) | query
    async with http.get(base, params=params) as answer:
        return answer.status, await answer.text()


async def push(http: Http, base: str, sid: str, payload: str, **query: str) -> tuple[int, str]:
    """A POST; status and body."""
    params = {"EIO": "4", "transport": "polling", "sid": sid} | query
    async with http.post(base, params=params, data=payload) as answer:
        return answer.status, await answer.text()


async def opened(http: Http, base: str) -> str:
    """A session by polling; its id."""
    status, body = await poll(http, base)
    assert (status, body[0]) == (200, "0")
    sid: str = json.loads(body[1:])["sid"]
    return sid


def websocket(http: Http, base: str, sid: str | None = None, **query: str) -> Any:
    params = {"EIO": "4", "transport": "websocket"} | ({"sid": sid} if sid else {}) | query
    return http.ws_connect(base, params=params)


async def is_closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    assert (await socket.receive(timeout=WAIT_SECONDS)).type is aiohttp.WSMsgType.CLOSE


async def test_a_session_is_opened_by_polling(http: Http, hasty: str) -> None:
    status, body = await poll(http, hasty)
    assert status == 200
    told = json.loads(body[1:])
    assert isinstance(told.pop("sid"), str)
    assert told == {
        "upgrades": ["websocket"],
        "pingInterval": 300,
        "pingTimeout": 200,
        "maxPayload": 1_000_000,
    }


@pytest.mark.parametrize(
    "query",
    [
        {"transport": "polling"},
        {"EIO": "abc", "transport": "polling"},
        {"EIO": "3", "transport": "polling"},
        {"EIO": "4"},
        {"EIO": "4", "transport": "abc"},
        {"EIO": "4", "transport": "polling", "sid": "unknown"},
        {"EIO": "4", "transport": "polling", "j": "0"},
    ],
)
async def test_a_wrong_query_is_refused(http: Http, base: str, query: dict[str, str]) -> None:
    async with http.get(base, params=query) as answer:
        assert answer.status == 400
        assert (await answer.json())["message"]


async def test_an_older_client_is_told_which_one_fits(http: Http, base: str) -> None:
    async with http.get(base, params={"EIO": "3", "transport": "polling"}) as answer:
        assert "socket.io-client 3 and 4" in (await answer.json())["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_only_get_opens_a_session(http: Http, base: str, method: str) -> None:
    params = {"EIO": "4", "transport": "polling"}
    async with http.request(method, base, params=params) as answer:
        assert answer.status == 400


async def test_a_session_is_opened_by_websocket(http: Http, base: str) -> None:
    async with websocket(http, base) as socket:
        opening = await socket.receive_str()
        assert opening[0] == "0"
        assert json.loads(opening[1:])["upgrades"] == []


@pytest.mark.parametrize("query", [{"EIO": "abc"}, {"transport": "abc"}, {"sid": "unknown"}])
async def test_a_wrong_handshake_is_refused(http: Http, base: str, query: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await websocket(http, base, **query)


async def test_pings_come_by_polling_and_are_answered(http: Http, pinging: str) -> None:
    sid = await opened(http, pinging)
    for _ in range(3):
        assert await poll(http, pinging, sid) == (200, "2")
        assert await push(http, pinging, sid, "3") == (200, "ok")


async def test_who_answers_no_ping_is_closed(http: Http, hasty: str) -> None:
    sid = await opened(http, hasty)
    polled = [await poll(http, hasty, sid) for _ in range(2)]
    while polled[-1][0] == 200:
        polled.append(await poll(http, hasty, sid))
    assert polled[-1][0] == 400
    assert {body for _, body in polled[:-1]} <= {"2", "1", "2\x1e1"}


async def test_pings_come_by_websocket_and_are_answered(http: Http, pinging: str) -> None:
    async with websocket(http, pinging) as socket:
        await socket.receive_str()
        for _ in range(3):
            assert await socket.receive_str() == "2"
            await socket.send_str("3")


async def test_who_answers_no_ping_by_websocket_is_closed(http: Http, hasty: str) -> None:
    async with websocket(http, hasty) as socket:
        await socket.receive_str()
        assert await socket.receive_str() == "2"
        await is_closed(socket)
        assert socket.close_code == 1000


async def test_a_client_closes_by_polling(http: Http, base: str) -> None:
    sid = await opened(http, base)
    polled = await under_way(poll(http, base, sid), http)
    assert await push(http, base, sid, "1") == (200, "ok")
    assert await polled == (200, "6")
    assert (await poll(http, base, sid))[0] == 400


async def test_a_client_closes_by_websocket(http: Http, base: str) -> None:
    async with websocket(http, base) as socket:
        await socket.receive_str()
        await socket.send_str("1")
        await is_closed(socket)


@pytest.mark.parametrize("packets", [["4hello"], ["4test1", "4test2", "4test3"], ["bAQIDBA=="]])
async def test_messages_go_there_and_back_by_polling(
    http: Http, base: str, packets: list[str]
) -> None:
    sid = await opened(http, base)
    payload = "\x1e".join(packets)
    assert await push(http, base, sid, payload) == (200, "ok")
    assert await poll(http, base, sid) == (200, payload)


@pytest.mark.parametrize("payload", ["abc", "", "b!!", "4a\x1eabc", "0", "5", "6x"])
async def test_what_is_no_packet_ends_the_session(http: Http, base: str, payload: str) -> None:
    sid = await opened(http, base)
    assert (await push(http, base, sid, payload))[0] == 400
    assert (await poll(http, base, sid))[0] == 400


async def test_two_polls_at_once_end_the_session(http: Http, base: str) -> None:
    sid = await opened(http, base)
    first = await under_way(poll(http, base, sid), http)
    assert (await poll(http, base, sid))[0] == 400
    assert await first == (200, "1")
    assert (await poll(http, base, sid))[0] == 400


async def test_a_poll_that_is_given_up_ends_the_session(http: Http, base: str) -> None:
    sid = await opened(http, base)
    given_up = await under_way(poll(http, base, sid), http)
    given_up.cancel()
    await asyncio.wait({given_up})
    await noticed(http)
    assert (await poll(http, base, sid))[0] == 400


async def test_a_request_that_comes_again_ends_the_session(http: Http, base: str) -> None:
    """A browser repeats one whose answer was lost, with the client's stamp in it: what was in the answer can't come again."""
    for repeated in ("GET", "POST"):
        sid = await opened(http, base)
        for stamp in ("a", "b"):
            assert await push(http, base, sid, "4hi", t=stamp) == (200, "ok")
            assert await poll(http, base, sid, t=stamp) == (200, "4hi")
        again = (
            poll(http, base, sid, t="b")
            if repeated == "GET"
            else push(http, base, sid, "4hi", t="b")
        )
        assert (await again)[0] == 400
        assert (await poll(http, base, sid, t="c"))[0] == 400, repeated


async def test_messages_go_there_and_back_by_websocket(http: Http, base: str) -> None:
    async with websocket(http, base) as socket:
        await socket.receive_str()
        await socket.send_str("4hello")
        assert await socket.receive_str() == "4hello"
        await socket.send_bytes(b"\1\2\3\4")
        assert await socket.receive_bytes() == b"\1\2\3\4"


async def test_what_is_no_packet_ends_the_websocket(http: Http, base: str) -> None:
    async with websocket(http, base) as socket:
        await socket.receive_str()
        await socket.send_str("abc")
        await is_closed(socket)


async def test_a_session_moves_to_a_websocket(http: Http, base: str) -> None:
    sid = await opened(http, base)
    async with websocket(http, base, sid) as socket:
        await socket.send_str("2probe")
        assert await socket.receive_str() == "3probe"
        await socket.send_str("5")
        await socket.send_str("4hello")
        assert await socket.receive_str() == "4hello"
        assert (await poll(http, base, sid))[0] == 400
        await is_closed_at_once(http, base, sid)
        await socket.send_str("4still here")
        assert await socket.receive_str() == "4still here"


async def is_closed_at_once(http: Http, base: str, sid: str) -> None:
    """Another WebSocket for a session that has one: it is opened, since that is all a client can read."""
    async with websocket(http, base, sid) as second:
        assert (await second.receive(timeout=WAIT_SECONDS)).data == 1000


async def test_a_session_that_began_by_websocket_takes_no_second_one(http: Http, base: str) -> None:
    async with websocket(http, base) as socket:
        sid = json.loads((await socket.receive_str())[1:])["sid"]
        await is_closed_at_once(http, base, sid)
        await socket.send_str("4still here")
        assert await socket.receive_str() == "4still here"


async def test_of_two_websockets_at_once_one_takes_the_session(http: Http, base: str) -> None:
    sid = await opened(http, base)
    async with websocket(http, base, sid) as first, websocket(http, base, sid) as second:
        await first.send_str("2probe")
        assert await first.receive_str() == "3probe"
        await second.send_str("2probe")
        assert (await second.receive(timeout=WAIT_SECONDS)).data == 1000
        await first.send_str("5")
        await first.send_str("4hello")
        assert await first.receive_str() == "4hello"


async def test_what_waited_comes_over_the_websocket_in_order(http: Http, base: str) -> None:
    sid = await opened(http, base)
    await push(http, base, sid, "4one\x1ebAQI=\x1e4two")
    async with websocket(http, base, sid) as socket:
        await socket.send_str("2probe")
        assert await socket.receive_str() == "3probe"
        await socket.send_str("5")
        await socket.send_str("4three")
        assert await socket.receive_str() == "4one"
        assert await socket.receive_bytes() == b"\1\2"
        assert await socket.receive_str() == "4two"
        assert await socket.receive_str() == "4three"


async def test_a_poll_under_way_is_let_go_for_the_upgrade(http: Http, base: str) -> None:
    sid = await opened(http, base)
    polled = await under_way(poll(http, base, sid), http)
    async with websocket(http, base, sid) as socket:
        await socket.send_str("2probe")
        assert await socket.receive_str() == "3probe"
        assert await polled == (200, "6")
        assert await poll(http, base, sid) == (200, "6")  # as long as the client has not paused
        await socket.send_str("5")
        await socket.send_str("4hello")
        assert await socket.receive_str() == "4hello"


async def test_an_upgrade_that_fails_leaves_the_session_as_it_was(http: Http, base: str) -> None:
    sid = await opened(http, base)
    async with websocket(http, base, sid) as socket:
        await socket.send_str("2nonsense")
        await is_closed(socket)
    await push(http, base, sid, "4hello")
    assert await poll(http, base, sid) == (200, "4hello")


async def test_a_payload_over_the_limit_is_refused(http: Http, base: str) -> None:
    sid = await opened(http, base)
    assert (await push(http, base, sid, "4" + "x" * 1_000_000))[0] == 413
    allowed = "4" + "x" * 999_000
    pushed = asyncio.create_task(push(http, base, sid, allowed))  # until the echo is taken
    assert await poll(http, base, sid) == (200, allowed)
    assert await pushed == (200, "ok")
