"""Broken frames on a native connection: which are answered, and which end it, with which code."""

import json

import pytest

from tests.integration.native import Native, native
from tests.integration.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    close_frame,
    frame,
    opened,
)
from tests.support.server import Server

LIMIT = 65_536
LEAVE = b'{"id": 1, "do": "leave", "room": "x"}'

BAD_FRAMES: dict[str, tuple[str, object]] = {
    "not JSON": ("hello", None),
    "empty": ("", None),
    "a list": ("[]", None),
    "a number": ("7", None),
    "cut off": ('{"id": 7, "do": "leave", "room": "x"', None),
    "two at once": ('{"id": 7, "do": "leave", "room": "x"}{}', None),
    "no do": ('{"id": 7, "room": "x"}', 7),
    "an unknown do": ('{"id": 7, "do": "fly"}', 7),
    "do of a wrong type": ('{"id": "a", "do": 1}', "a"),
    "no room": ('{"id": 7, "do": "leave"}', 7),
    "a room of a wrong type": ('{"id": 7, "do": "leave", "room": 1}', 7),
    "an id of a wrong type": ('{"id": 1.5, "do": "leave", "room": "x"}', None),
    "an id of 65 characters": (json.dumps({"id": "i" * 65, "do": "leave", "room": "x"}), None),
    "a key twice": ('{"id": 7, "do": "leave", "room": "x", "room": "y"}', 7),
    "a NUL": ('{"id": 7, "do": "post", "room": "x", "text": "\\u0000"}', 7),
    "a lone surrogate": ('{"id": 7, "do": "post", "room": "x", "text": "\\ud800"}', None),
    "NaN": ('{"id": 7, "do": "patch", "room": "x", "patch": {"n": NaN}}', None),
    "an infinite number": ('{"id": 7, "do": "patch", "room": "x", "patch": {"n": 1e999}}', 7),
    "__proto__": ('{"id": 7, "do": "patch", "room": "x", "patch": {"__proto__": 1}}', 7),
    "too deep": (f'{{"id": 7, "do": "patch", "room": "x", "patch": {"[" * 40 + "]" * 40}}}', 7),
    "very deep": ("[" * 30_000, None),
    "text where a number belongs": ('{"id": 7, "do": "join", "room": "x", "since": "1"}', 7),
    "a number beyond 64 bits": (f'{{"id": 7, "do": "join", "room": "x", "since": {2**70}}}', 7),
}


@pytest.mark.parametrize("bad", BAD_FRAMES.values(), ids=BAD_FRAMES)
async def test_a_bad_frame_is_refused_with_its_id_if_that_can_be_read(
    ada: Native, bad: tuple[str, object]
) -> None:
    sent, command_id = bad
    await ada.send(sent)
    reply = await ada.reply()
    assert reply["error"]["code"] == "bad_request"
    assert reply.get("re") == command_id
    assert await ada.ask("leave", room="x") == {"room": "x"}


async def test_the_twentieth_bad_frame_ends_the_connection(ada: Native) -> None:
    for _ in range(19):
        await ada.send("{")
        assert (await ada.reply())["error"]["code"] == "bad_request"
    await ada.ask("leave", room="x")
    assert (await ada.refused("edit", room="x", seq=1, text=""))["code"] == "not_found"
    await ada.send("{")
    assert await ada.closed() == 4400
    assert [reply["error"]["code"] for reply in ada.replies] == ["bad_request"]


async def test_binary_frames_are_not_spoken_here(ada: Native) -> None:
    await ada.send(LEAVE)
    assert await ada.closed() == 1003


async def test_the_largest_frame_is_taken(shared_server: Server) -> None:
    async with opened(shared_server.port, "/ws") as raw:
        raw.send(frame(TEXT, LEAVE.ljust(LIMIT)))
        assert json.loads((await raw.frame()).payload)["re"] == 1


CLOSING: dict[str, tuple[bytes, int]] = {
    "too big": (frame(TEXT, LEAVE.ljust(LIMIT + 1)), 1009),
    "too big, only begun": (frame(TEXT, LEAVE.ljust(LIMIT + 1))[:100], 1009),
    "too big in fragments": (
        frame(TEXT, b" " * LIMIT, is_final=False) + frame(CONTINUATION, b"x"),
        1009,
    ),
    "too big in fragments without end": (
        frame(TEXT, b" ", is_final=False)
        + frame(CONTINUATION, b" " * 1000, is_final=False) * (LIMIT // 1000 + 1),
        1009,
    ),
    "not UTF-8": (frame(TEXT, b'{"id": 1, "do": "leave", "room": "\xff"}'), 1007),
    "not UTF-8 over fragments": (
        frame(TEXT, b'{"room": "\xe2', is_final=False) + frame(CONTINUATION, b'x"}'),
        1007,
    ),
    "unmasked": (frame(TEXT, LEAVE, mask=None), 1002),
    "a reserved bit": (frame(TEXT, LEAVE, reserved=4), 1002),
    "a reserved opcode": (frame(3, LEAVE), 1002),
    "a reserved control opcode": (frame(11), 1002),
    "a continuation of nothing": (frame(CONTINUATION, LEAVE), 1002),
    "a fragmented ping": (frame(PING, is_final=False), 1002),
    "a ping too long": (frame(PING, b"x" * 126), 1002),
    "close with 1000": (close_frame(1000, b"bye"), 1000),
    "close with 1001": (close_frame(1001), 1001),
    "close with 3000": (close_frame(3000), 3000),
    "close with 4999": (close_frame(4999), 4999),
    "close without a code": (frame(CLOSE), 1000),
    **{
        f"close with {code}, which may not be sent": (close_frame(code), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)
    },
    "close with one byte": (frame(CLOSE, b"x"), 1002),
}


@pytest.mark.parametrize("closing", CLOSING.values(), ids=CLOSING)
async def test_the_connection_is_closed_with_the_code_for_it(
    shared_server: Server, closing: tuple[bytes, int]
) -> None:
    sent, code = closing
    async with opened(shared_server.port, "/ws") as raw:
        raw.send(frame(TEXT, LEAVE) + sent + frame(TEXT, LEAVE))
        assert json.loads((await raw.frame()).payload)["re"] == 1
        received = await raw.frame()
        assert (received.opcode, int.from_bytes(received.payload[:2])) == (CLOSE, code)
        assert await raw.rest() == b""


async def test_a_well_behaved_client_that_sends_too_much_is_told_so(shared_server: Server) -> None:
    """Not reset: also while it is still sending."""
    async with native(shared_server.port) as client:
        await client.send(" " * 10 * 2**20)
        assert await client.closed() == 1009


async def test_a_ping_between_fragments_is_answered_at_once(shared_server: Server) -> None:
    async with opened(shared_server.port, "/ws") as raw:
        raw.send(frame(TEXT, LEAVE[:10], is_final=False) + frame(PING, b"still there?"))
        assert await raw.frame() == Frame(PONG, b"still there?")
        raw.send(frame(CONTINUATION, LEAVE[10:]))
        assert json.loads((await raw.frame()).payload) == {"re": 1, "ok": {"room": "x"}}


async def test_what_was_asked_before_a_close_is_still_done(
    shared_server: Server, ada: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    post = json.dumps({"do": "post", "room": room, "text": "last words"}).encode()
    async with opened(shared_server.port, "/ws") as raw:
        raw.send(frame(TEXT, post) + close_frame(1000))
        assert await raw.close_code() == 1000
    assert (await ada.event())["text"] == "last words"


async def test_binary_is_refused_also_in_the_middle_of_commands(shared_server: Server) -> None:
    async with opened(shared_server.port, "/ws") as raw:
        raw.send(frame(TEXT, LEAVE) * 3 + frame(BINARY, LEAVE) + frame(TEXT, LEAVE))
        replies = [json.loads((await raw.frame()).payload)["re"] for _ in range(3)]
        assert replies == [1, 1, 1]
        raw.send(close_frame(1000))
        assert await raw.frame() == Frame(CLOSE, (1003).to_bytes(2))
        assert await raw.rest() == b""
