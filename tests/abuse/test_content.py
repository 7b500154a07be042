"""JSON that is well-framed and yet wrong, at every door that takes JSON: refused, and nothing is stored."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.integration.native import native
from tests.integration.raw import CLOSE, TEXT, Raw, frame, opened

ROOM = "spoilt"

# What may stand for `"text": "hi"` in an object.
MEMBERS = {
    "NaN": b'"text": NaN',
    "Infinity": b'"text": -Infinity',
    "1e999": b'"text": "hi", "reply_to": 1e999',
    "5,000 digits": b'"text": "hi", "reply_to": ' + b"9" * 5000,
    "60,000 digits": b'"text": "hi", "reply_to": ' + b"9" * 60_000,
    "depth 30,000": b'"text": ' + b"[" * 30_000 + b"]" * 30_000,
    "depth 30,000, open": b'"text": ' + b"[" * 60_000,
    "objects in objects": b'"text": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a lone surrogate": b'"text": "\\ud800"',
    "surrogates in the wrong order": b'"text": "\\udc00\\ud800"',
    "NUL": b'"text": "a\\u0000b"',
    "a raw NUL": b'"text": "a\0b"',
    "a raw line end": b'"text": "a\nb"',
    "the same key twice": b'"text": "hi", "text": "ho"',
    "the same key, once escaped": b'"text": "hi", "te\\u0078t": "ho"',
    "__proto__": b'"text": "hi", "__proto__": {"admin": true}',
    "__proto__, escaped": b'"text": "hi", "\\u005f_proto__": {}',
    "a number": b'"text": 1',
    "a list": b'"text": ["hi"]',
    "an object": b'"text": {"toString": "hi"}',
    "null for a number": b'"text": "hi", "reply_to": "1"',
    "a fraction": b'"text": "hi", "reply_to": 1.5',
    "a comma too many": b'"text": "hi",',
    "single quotes": b"'text': 'hi'",
    "a comment": b'"text": "hi" /* hi */',
    "a bad escape": b'"text": "\\x41"',
    "no UTF-8": b'"text": "\xff"',
    "UTF-8, but overlong": b'"text": "\xc0\xaf"',
    "nothing at all": b"",
}
BODIES = {
    **{name: b"{" + member + b"}" for name, member in MEMBERS.items()},
    "no object": b'"hi"',
    "a list": b'[{"text": "hi"}]',
    "null": b"null",
    "two objects": b'{"text": "hi"} {"text": "ho"}',
    "cut off": b'{"text": "hi"',
    "empty": b"",
    "UTF-16": '{"text": "hi"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"text": "hi"}',
}
# The document and live values may be any JSON: only what is no JSON, or dangerous, is refused there.
ANY_JSON = [
    *("NaN", "Infinity", "1e999", "5,000 digits", "60,000 digits", "depth 30,000"),
    *("depth 30,000, open", "objects in objects", "a lone surrogate", "NUL", "a raw NUL"),
    *("surrogates in the wrong order", "a raw line end", "the same key twice", "no UTF-8"),
    *("the same key, once escaped", "__proto__", "__proto__, escaped", "a comma too many"),
    *("single quotes", "a comment", "a bad escape", "UTF-8, but overlong", "two objects"),
    *("cut off", "empty", "UTF-16", "a byte order mark"),
]


@pytest.fixture
async def http(port: int) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the HTTP API; afterwards the room must be as empty as before."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}/api/v1/rooms/") as http:
        yield http
        async with http.get(ROOM) as answer:
            room = await answer.json()
        assert (room["head"], room["messages"], room["state"], room["live"]) == (0, [], {}, [])


async def is_bad(http: aiohttp.ClientSession, method: str, path: str, body: bytes) -> bool:
    kind = "merge-patch+json" if path == "state" else "json"
    async with http.request(
        method, f"{ROOM}/{path}", data=body, headers={"Content-Type": f"application/{kind}"}
    ) as answer:
        details = await answer.json(content_type="application/problem+json")
        return (answer.status, details["code"]) == (400, "bad_request")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_an_invalid_post_is_refused(http: aiohttp.ClientSession, body: bytes) -> None:
    assert await is_bad(http, "POST", "messages", body)


@pytest.mark.parametrize("name", [name for name in BODIES if b"reply_to" not in BODIES[name]])
async def test_an_invalid_edit_is_refused(http: aiohttp.ClientSession, name: str) -> None:
    assert await is_bad(http, "PATCH", "messages/1", BODIES[name])


@pytest.mark.parametrize("name", ANY_JSON)
async def test_an_invalid_patch_is_refused(http: aiohttp.ClientSession, name: str) -> None:
    assert await is_bad(http, "PATCH", "state", BODIES[name])


@pytest.mark.parametrize("name", ANY_JSON)
async def test_an_invalid_live_value_is_refused(http: aiohttp.ClientSession, name: str) -> None:
    body = BODIES[name]
    value = body if body.startswith(b"{") else b""
    assert await is_bad(http, "POST", "signals", b'{"key": "k", "value": ' + value + b"}")


NATIVE = {
    **{n: b'{"id":1,"do":"post","room":"spoilt",' + m + b"}" for n, m in MEMBERS.items() if m},
    "no command": b'{"id":1,"do":"drop","room":"spoilt"}',
    "no room": b'{"id":1,"do":"post","text":"hi"}',
    "an id that is a list": b'{"id":[1],"do":"post","room":"spoilt","text":"hi"}',
    "an id that is huge": b'{"id":' + b"9" * 5000 + b',"do":"post","room":"spoilt","text":"hi"}',
    "no object": b"[]",
    "nothing": b"",
}


@pytest.mark.usefixtures("http")
@pytest.mark.parametrize("said", NATIVE.values(), ids=NATIVE)
async def test_a_native_client_is_refused_and_shown_out_after_twenty(
    port: int, said: bytes
) -> None:
    is_text = not any(name in said for name in (b"\xff", b"\xc0"))
    async with opened(port, "/ws") as raw:
        if not is_text:
            raw.send(frame(TEXT, said))
            assert await raw.close_code() == 1007
            return
        raw.send(20 * frame(TEXT, said))
        for _ in range(20):
            assert (await refusal(raw))["code"] == "bad_request"
        assert await raw.close_code() == 4400


async def refusal(raw: Raw) -> Any:
    received = await raw.frame()
    assert received.opcode != CLOSE
    return json.loads(received.payload)["error"]


@pytest.mark.parametrize("since", [-1, 2**63 - 1, 10**30, -(10**30), 1.5, "1", "x", [], True, 7])
async def test_no_client_joins_at_a_position_that_cannot_be(port: int, since: Any) -> None:
    async with native(port) as client:
        error = await client.refused("join", room="positions", since=since)
        assert error["code"] in {"bad_position", "bad_request"}


async def test_a_position_of_another_epoch_gets_a_snapshot(port: int) -> None:
    async with native(port) as client:
        await client.ask("post", room="positions-of-old", text="hi")
        ok = await client.ask("join", room="positions-of-old", since=1, epoch="of another log")
        assert (ok["mode"], ok["head"]) == ("snapshot", 1)


BAD_POSITIONS = ["-1", "9223372036854775807", "9" * 30, "1e3", "1_0", "0x1", "%00", "", "+1", "٣"]


@pytest.mark.parametrize("since", BAD_POSITIONS)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_no_reader_begins_at_a_position_that_cannot_be(
    port: int, since: str, accept: str
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            f"http://127.0.0.1:{port}/api/v1/rooms/positions/events?since={since}",
            headers={"Accept": accept},
        ) as answer,
    ):
        details = await answer.json(content_type="application/problem+json")
        assert answer.status == 400
        assert details["code"] in {"bad_position", "bad_request"}


@pytest.mark.parametrize(
    "position", ["x", ":", "a:b", "-1", "a:-1", "a:" + "9" * 30, ":1", "\u00e9:1", "a" * 5000]
)
async def test_an_invalid_last_event_id_begins_anew_or_is_refused(port: int, position: str) -> None:
    """A browser sends whatever it was given last; a stream that it can't resume begins with `reset`."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            f"http://127.0.0.1:{port}/api/v1/rooms/positions/events",
            headers={"Accept": "text/event-stream", "Last-Event-ID": position},
        ) as answer,
    ):
        if answer.status == 200:
            opening, first = [await answer.content.readuntil(b"\n\n") for _ in range(2)]
            assert opening == b":\n\n"
            assert b"event: reset\n" in first
        else:
            assert answer.status == 400


@pytest.mark.parametrize("since", ["-1", "9223372036854775807", "x"])
async def test_no_plain_client_begins_at_a_position_that_cannot_be(port: int, since: str) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(f"ws://127.0.0.1:{port}/?room=positions&since={since}")
        assert caught.value.status == 400
