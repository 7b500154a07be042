"""SockJS 0.3.x, as its public description has it: the services of the test server."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol.foreign import sockjs
from tests.integration.raw import HANDSHAKE, connected
from tests.support.costly import MOST_SECONDS, within
from tests.support.programs import protocol_server
from tests.support.waiting import noticed, under_way

Http = aiohttp.ClientSession
WAIT_SECONDS = 30
NOT_CACHED = "no-store, no-cache, no-transform, must-revalidate, max-age=0"


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    async with protocol_server("sockjs_server") as port:
        yield port


@pytest.fixture
async def http(port: int) -> AsyncIterator[Http]:
    timeout = aiohttp.ClientTimeout(WAIT_SECONDS)
    async with Http(f"http://127.0.0.1:{port}", timeout=timeout, auto_decompress=False) as session:
        yield session


def session_url(service: str = "/echo") -> str:
    return f"{service}/000/{uuid4()}"


async def post(http: Http, url: str, body: str = "", **headers: str) -> tuple[int, str]:
    async with http.post(url, data=body.encode(), headers=headers) as answer:
        return answer.status, await answer.text()


async def frames(answer: aiohttp.ClientResponse) -> list[str]:
    """Each chunk of a stream as text, until its end."""
    return [chunk.decode() async for chunk, _ in answer.content.iter_chunks() if chunk]


async def chunk(answer: aiohttp.ClientResponse) -> str:
    """The next chunk of a stream."""
    async with asyncio.timeout(WAIT_SECONDS):
        received, _ = await answer.content.readchunk()
    return received.decode()


@pytest.mark.parametrize("path", ["", "/"])
async def test_the_base_url_greets(http: Http, path: str) -> None:
    async with http.get(f"/echo{path}") as answer:
        assert (answer.status, await answer.text()) == (200, "Welcome to SockJS!\n")
        assert answer.headers["Content-Type"].replace(" ", "") == "text/plain;charset=UTF-8"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/"])
async def test_nothing_else_is_there(http: Http, path: str) -> None:
    async with http.get(f"/echo{path}") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("name", [".html", "-0.1.2.html?t=1234", ".htm", ""])
async def test_no_page_speaks_for_those_of_other_sites(http: Http, name: str) -> None:
    async with http.get(f"/echo/iframe{name}") as answer:
        assert answer.status == 404


async def test_info_tells_what_there_is(http: Http) -> None:
    entropies = set()
    for _ in range(2):
        async with http.get("/echo/info") as answer:
            assert (
                answer.headers["Content-Type"].replace(" ", "") == "application/json;charset=UTF-8"
            )
            assert answer.headers["Cache-Control"] == NOT_CACHED
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            told = json.loads(await answer.text())
        entropies.add(told.pop("entropy"))
        assert told == {"websocket": True, "cookie_needed": False, "origins": ["*:*"]}
    assert len(entropies) == 2
    async with http.get("/disabled_websocket_echo/info") as answer:
        assert json.loads(await answer.text())["websocket"] is False
    async with http.get("/cookie_needed_echo/info") as answer:
        assert json.loads(await answer.text())["cookie_needed"] is True
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path, methods",
    [
        ("/info", "OPTIONS, GET"),
        ("/abc/abc/xhr", "OPTIONS, POST"),
        ("/abc/abc/xhr_send", "OPTIONS, POST"),
        ("/abc/abc/xhr_streaming", "OPTIONS, POST"),
    ],
)
@pytest.mark.parametrize("origin", [None, "test", "null"])
async def test_options_are_told_for_long(
    http: Http, path: str, methods: str, origin: str | None
) -> None:
    headers = {"Origin": origin} if origin else {}
    async with http.options(f"/echo{path}", headers=headers) as answer:
        assert (answer.status, await answer.text()) == (204, "")
        assert re.search("public, max-age=[1-9][0-9]{6}", answer.headers["Cache-Control"])
        assert answer.headers["Expires"]
        assert int(answer.headers["Access-Control-Max-Age"]) > 1_000_000
        assert answer.headers["Access-Control-Allow-Methods"] == methods
        assert answer.headers["Access-Control-Allow-Origin"] == (origin or "*")
        assert answer.headers.get("Access-Control-Allow-Credentials") == (origin and "true")


@pytest.mark.parametrize("path", ["/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20"])
async def test_any_server_and_session_will_do(http: Http, path: str) -> None:
    assert await post(http, f"/echo{path}{uuid4()}/xhr") == (200, "o\n")


@pytest.mark.parametrize("path", ["//", "/a./a", "/a/a.", "/./.", "/", "///"])
async def test_names_with_dots_or_none_will_not(port: int, path: str) -> None:
    for method in ("GET", "POST"):
        async with connected(port) as raw:
            headers = {"Host": "localhost", "Content-Length": "0"}
            answer = await raw.request(f"{method} /echo{path}/xhr HTTP/1.1", headers)
            assert answer.status == 404


async def test_the_server_part_means_nothing(http: Http) -> None:
    session = uuid4()
    assert await post(http, f"/echo/000/{session}/xhr") == (200, "o\n")
    assert (await post(http, f"/echo/000/{session}/xhr_send", '["a"]'))[0] == 204
    assert await post(http, f"/echo/999/{session}/xhr") == (200, 'a["a"]\n')


async def test_two_requests_at_once_are_one_too_many(http: Http) -> None:
    url = session_url()
    await post(http, f"{url}/xhr")
    first = await under_way(post(http, f"{url}/xhr"), http)
    assert await post(http, f"{url}/xhr") == (200, 'c[2010,"Another connection still open"]\n')
    first.cancel()
    await asyncio.wait({first})
    await noticed(http)
    assert (await post(http, f"{url}/xhr"))[1] in ("o\n", 'c[1002,"Connection interrupted"]\n')


async def test_a_session_that_was_closed_says_so_again_and_again(http: Http) -> None:
    url = session_url("/close")
    assert await post(http, f"{url}/xhr") == (200, "o\n")
    for _ in range(2):
        assert await post(http, f"{url}/xhr") == (200, 'c[3000,"Go away!"]\n')


async def test_polling_has_the_right_headers(http: Http) -> None:
    url = session_url()
    async with http.post(f"{url}/xhr") as answer:
        kind = answer.headers["Content-Type"].replace(" ", "")
        assert kind == "application/javascript;charset=UTF-8"
        assert answer.headers["Cache-Control"] == NOT_CACHED
        assert "Access-Control-Allow-Headers" not in answer.headers
    async with http.post(f"{url}/xhr_send", data='["x"]') as answer:
        assert answer.status == 204
        assert answer.headers["Content-Type"].replace(" ", "") == "text/plain;charset=UTF-8"
        assert answer.headers["Cache-Control"] == NOT_CACHED
    asked = {"Access-Control-Request-Headers": "a, b, c"}
    async with http.post(f"{session_url()}/xhr", headers=asked) as answer:
        assert answer.headers["Access-Control-Allow-Headers"] == "a, b, c"


async def test_what_is_no_payload_is_refused_and_the_session_goes_on(http: Http) -> None:
    url = session_url()
    await post(http, f"{url}/xhr")
    assert await post(http, f"{url}/xhr_send", '["x') == (500, "Broken JSON encoding.")
    assert await post(http, f"{url}/xhr_send", "") == (500, "Payload expected.")
    assert await post(http, f"{url}/xhr_send", "[1]") == (500, "Broken JSON encoding.")
    assert await post(http, f"{url}/xhr_send", '["a"]') == (204, "")
    assert await post(http, f"{url}/xhr") == (200, 'a["a"]\n')
    assert (await post(http, f"{session_url()}/xhr_send", '["a"]'))[0] == 404


async def test_the_content_type_means_nothing(http: Http) -> None:
    url = session_url()
    await post(http, f"{url}/xhr")
    kinds = [
        "text/plain",
        "T",
        "application/json",
        "application/xml",
        "",
        "text/xml; charset=utf-8",
    ]
    for kind in kinds:
        assert (await post(http, f"{url}/xhr_send", '["a"]', **{"Content-Type": kind}))[0] == 204
    elements = ",".join(['"a"'] * len(kinds))
    assert await post(http, f"{url}/xhr") == (200, f"a[{elements}]\n")


async def test_xhr_streaming(http: Http) -> None:
    url = session_url()
    async with http.post(f"{url}/xhr_streaming") as answer:
        assert await chunk(answer) == "h" * 2048 + "\n"
        assert await chunk(answer) == "o\n"
        await post(http, f"{url}/xhr_send", '["x"]')
        assert await chunk(answer) == 'a["x"]\n'


async def test_eventsource(http: Http) -> None:
    url = session_url()
    async with http.get(f"{url}/eventsource") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == NOT_CACHED
        assert await chunk(answer) == "\r\n"
        assert await chunk(answer) == "data: o\r\n\r\n"
        await post(http, f"{url}/xhr_send", r'["  \u0000\n\r "]')
        assert await chunk(answer) == 'data: a["  \\u0000\\n\\r "]\r\n\r\n'


@pytest.mark.parametrize("text", ["100% sure", "%", "%20", "%zz", "%25"])
async def test_an_event_is_as_the_client_unescapes_it(http: Http, text: str) -> None:
    url = session_url()
    async with http.get(f"{url}/eventsource") as answer:
        for _ in range(2):
            await chunk(answer)
        await post(http, f"{url}/xhr_send", json.dumps([text]))
        received = await chunk(answer)
        assert unquote(received.removeprefix("data: ").strip()) == f"a{json.dumps([text])}"


@pytest.mark.parametrize("transport", ["xhr_streaming", "eventsource"])
async def test_a_stream_ends_after_enough(http: Http, transport: str) -> None:
    url = session_url()
    method = "GET" if transport == "eventsource" else "POST"
    async with http.request(method, f"{url}/{transport}") as answer:
        await chunk(answer)
        await chunk(answer)
        sent = 0
        while sent < 4096 - 4:  # what said that it is open counts, too
            await post(http, f"{url}/xhr_send", json.dumps(["x" * 128]))
            received = await chunk(answer)
            assert "x" * 128 in received
            sent += len(received)
        assert await frames(answer) == []
    await post(http, f"{url}/xhr_send", '["more"]')
    assert await post(http, f"{url}/xhr") == (200, 'a["more"]\n')


async def test_a_stream_of_a_closed_session_ends(http: Http) -> None:
    url = session_url("/close")
    async with http.post(f"{url}/xhr_streaming") as answer:
        assert await frames(answer) == ["h" * 2048 + "\n", "o\n", 'c[3000,"Go away!"]\n']
    async with http.post(f"{url}/xhr_streaming") as answer:
        assert await frames(answer) == ["h" * 2048 + "\n", 'c[3000,"Go away!"]\n']


async def test_a_second_stream_is_one_too_many(http: Http) -> None:
    url = session_url()
    async with http.post(f"{url}/xhr_streaming") as first:
        await chunk(first)
        async with http.post(f"{url}/xhr_streaming") as second:
            busy = 'c[2010,"Another connection still open"]\n'
            assert await frames(second) == ["h" * 2048 + "\n", busy]


async def test_a_stream_over_http_1_0_ends_with_its_connection(port: int) -> None:
    async with connected(port) as raw:
        line = f"POST {session_url('/close')}/xhr_streaming HTTP/1.0"
        answer = await raw.request(line, {"Host": "localhost", "Connection": "Keep-Alive"})
        assert answer.status == 200
        assert not {"transfer-encoding", "content-length"} & answer.headers.keys()
        assert await raw.rest() == b"h" * 2048 + b"\n" + b'o\nc[3000,"Go away!"]\n'


@pytest.mark.parametrize("transport", ["jsonp", "jsonp_send", "htmlfile", "nothing"])
async def test_scripts_in_callbacks_are_not_there(http: Http, transport: str) -> None:
    async with http.get(f"{session_url()}/{transport}?c=alert(1)") as answer:
        assert answer.status == 404


COOKIES = [("POST", "xhr"), ("POST", "xhr_streaming"), ("GET", "eventsource")]


@pytest.mark.parametrize("method, transport", COOKIES)
async def test_a_cookie_is_set_where_it_is_needed(http: Http, method: str, transport: str) -> None:
    for sent, expected in (
        ({}, "dummy"),
        ({"Cookie": "JSESSIONID=abcdef"}, "abcdef"),
        ({"Cookie": 'JSESSIONID="a;b"'}, "dummy"),
    ):
        url = f"{session_url('/cookie_needed_echo')}/{transport}"
        async with http.request(method, url, headers=sent) as answer:
            assert answer.headers["Set-Cookie"] == f"JSESSIONID={expected}; path=/"


async def test_websocket(http: Http) -> None:
    async with http.ws_connect(f"{session_url()}/websocket") as socket:
        assert await socket.receive_str(timeout=WAIT_SECONDS) == "o"
        await socket.send_str("")
        await socket.send_str('["a"]')
        assert await socket.receive_str(timeout=WAIT_SECONDS) == 'a["a"]'
        await socket.send_str('["a')
        assert (await socket.receive(timeout=WAIT_SECONDS)).type is aiohttp.WSMsgType.CLOSE


async def test_websocket_that_is_closed(http: Http) -> None:
    async with http.ws_connect(f"{session_url('/close')}/websocket") as socket:
        assert await socket.receive_str(timeout=WAIT_SECONDS) == "o"
        assert await socket.receive_str(timeout=WAIT_SECONDS) == 'c[3000,"Go away!"]'
        assert (await socket.receive(timeout=WAIT_SECONDS)).type is aiohttp.WSMsgType.CLOSE


async def test_two_websockets_may_have_one_session_name(http: Http) -> None:
    url = f"{session_url()}/websocket"
    async with http.ws_connect(url) as one, http.ws_connect(url) as other:
        for socket, text in ((one, "a"), (other, "b")):
            assert await socket.receive_str(timeout=WAIT_SECONDS) == "o"
            await socket.send_str(json.dumps([text]))
            assert await socket.receive_str(timeout=WAIT_SECONDS) == f'a["{text}"]'


async def test_raw_websocket(http: Http) -> None:
    async with http.ws_connect("/echo/websocket") as socket:
        await socket.send_str("Hello world!\uffff")
        assert await socket.receive_str(timeout=WAIT_SECONDS) == "Hello world!\uffff"


async def test_a_raw_websocket_is_closed_with_the_application_s_code(http: Http) -> None:
    async with http.ws_connect("/close/websocket") as socket:
        closing = await socket.receive(timeout=WAIT_SECONDS)
        assert (closing.data, closing.extra) == (3000, "Go away!")


async def test_bytes_end_any_websocket(http: Http) -> None:
    for url in ("/echo/websocket", f"{session_url()}/websocket"):
        async with http.ws_connect(url) as socket:
            await socket.send_bytes(b"hi")
            while (
                received := await socket.receive(timeout=WAIT_SECONDS)
            ).type is aiohttp.WSMsgType.TEXT:
                pass
            assert received.data == 1003


@pytest.mark.parametrize("version", ["7", "8", "13"])
@pytest.mark.parametrize("connection", ["Upgrade", "keep-alive, Upgrade"])
async def test_older_versions_of_websocket_are_spoken(
    port: int, version: str, connection: str
) -> None:
    changed = {"Sec-WebSocket-Version": version, "Connection": connection, "Host": "localhost"}
    async with connected(port) as raw:
        line = f"GET {session_url()}/websocket HTTP/1.1"
        answer = await raw.request(line, HANDSHAKE | changed)
        assert answer.status == 101
        assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert "content-length" not in answer.headers


async def test_what_is_no_handshake_is_refused(http: Http) -> None:
    async with http.get("/echo/0/0/websocket") as answer:
        assert answer.status == 400
        assert 'Can "Upgrade" only to "WebSocket".' in await answer.text()
    headers = {"Upgrade": "WebSocket", "Connection": "close"}
    async with http.get("/echo/0/0/websocket", headers=headers) as answer:
        assert answer.status == 400
        assert '"Connection" must be "Upgrade".' in await answer.text()
    async with http.post("/echo/0/0/websocket") as answer:
        assert (answer.status, await answer.text()) == (405, "")
        assert answer.headers["Allow"]
        assert "Content-Type" not in answer.headers
    async with http.get("/disabled_websocket_echo/0/0/websocket") as answer:
        assert answer.status == 404


SPOILT = [*range(0x200C, 0x2010), *range(0x2028, 0x2030), *range(0x2060, 0x2070)]
SPOILT += range(0xFFF0, 0x10000)


async def test_what_browsers_spoil_is_escaped(http: Http) -> None:
    url = session_url()
    await post(http, f"{url}/xhr")
    text = "".join(map(chr, SPOILT))
    await post(http, f"{url}/xhr_send", json.dumps([text], ensure_ascii=False))
    escaped = "".join(f"\\u{code:04x}" for code in SPOILT)
    assert await post(http, f"{url}/xhr") == (200, f'a["{escaped}"]\n')
    await post(http, f"{url}/xhr_send", f'["{escaped}"]')
    assert await post(http, f"{url}/xhr") == (200, f'a["{escaped}"]\n')


async def test_much_goes_through(http: Http) -> None:
    url = session_url("/amplify")
    await post(http, f"{url}/xhr")
    await post(http, f"{url}/xhr_send", '["17"]')
    status, body = await post(http, f"{url}/xhr")
    assert (status, len(json.loads(body[1:])[0])) == (200, 2**17)


def test_the_answers_are_as_any_json_reader_reads_them() -> None:
    for text in ("", "a", '"\\', "\u2028", "ä👍", "\x00\x1f"):
        element: Any = json.loads(sockjs.element(text))
        assert element == text


HALVES = {
    r'["a\ud800"]': ["\0"],
    r' [ "\ud83d\ude00\ude00" , "b" ] ': ["\0", "b"],
    r'["\\ud800\ud800\\", "\ud83d\ude00"]': ["\0", "\U0001f600"],
    r'"\uDC00\"\uD800"': ["\0"],
}


@pytest.mark.parametrize("payload", HALVES)
def test_half_a_surrogate_pair_spoils_its_message_alone(payload: str) -> None:
    """A message that can't be text is one that every application refuses."""
    with pytest.raises(sockjs.HalfPair):
        sockjs.decode(payload)
    assert list(sockjs.scan(payload)) == HALVES[payload]


BROKEN = [r'["\ud800', r'["\ud800", []]', '["\\ud800\0"]', r"\ud800", r'["\ud800"', r'"\ud800"]']
BROKEN += [r'["\ud800",]', r'["\ud800"] x', r'"\ud800", "a"', r'["\ud800" "a"]', r'[["\ud800"]]']


@pytest.mark.parametrize("payload", BROKEN)
def test_half_a_surrogate_pair_makes_nothing_else_right(payload: str) -> None:
    with pytest.raises(sockjs.BadPayload):
        list(sockjs.scan(payload))


@given(st.lists(st.text()), st.booleans())
def test_messages_come_one_by_one_as_they_come_together(
    messages: list[str], is_ascii: bool
) -> None:
    payload = json.dumps(messages, ensure_ascii=is_ascii)
    assert list(sockjs.decode(payload)) == messages
    assert not messages or list(sockjs.scan(payload)) == messages


MEBI = 2**20
BURSTS = {
    "empty messages": "[" + ",".join(['""'] * (MEBI // 3)) + "]",
    "halves": "[" + ",".join([r'"\ud800"'] * (MEBI // 9)) + "]",
    "one message of halves": '["' + r"\ud800" * (MEBI // 6) + '"]',
    "a half, and lists": r'["\ud800",' + ",".join(["[]"] * (MEBI // 3)) + "]",
    "a half behind empty messages": "[" + ",".join(['""'] * (MEBI // 3)) + r',"\ud800"]',
}


@pytest.mark.parametrize("what", BURSTS)
def test_no_step_of_reading_a_burst_takes_long(what: str) -> None:
    burst = BURSTS[what].encode()
    within(MOST_SECONDS, lambda text: sockjs.decode(text.decode()), burst, sockjs.BadPayload)
    steps = sockjs.scan(burst.decode())
    within(MOST_SECONDS, lambda _: next(steps, None), b"", sockjs.BadPayload)
