"""RFC 6455 frame by frame, at the door that sends everything back."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from tests.integration.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    Raw,
    close_frame,
    frame,
    opened,
)
from tests.support.resting import until_stuck
from tests.support.server import Server

MAX_BYTES = 1_048_576
COLD = "κόσμε".encode()
LONE_SURROGATE = b"\xed\xa0\x80"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    data = tmp_path_factory.mktemp("echo") / "data"
    async with Server(data, "--echo-max-bytes", str(MAX_BYTES)) as server:
        yield server


@pytest.fixture
async def raw(server: Server) -> AsyncIterator[Raw]:
    """A WebSocket to the echo."""
    async with opened(server.port, "/echo") as raw:
        yield raw


def in_parts(opcode: int, *parts: bytes) -> bytes:
    """One message in as many fragments as there are parts."""
    *others, last = (frame(CONTINUATION, part, is_final=False) for part in parts)
    others[0] = frame(opcode, parts[0], is_final=False)
    return b"".join((*others, frame(CONTINUATION, parts[-1]))) if others else last


# --- messages ---

SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, MAX_BYTES - 1, MAX_BYTES]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_a_message_of_any_size_comes_back_whole(raw: Raw, opcode: int, size: int) -> None:
    payload = (b"*" if opcode == TEXT else b"\xfe") * size
    raw.send(frame(opcode, payload))
    assert await raw.frame() == Frame(opcode, payload)


@pytest.mark.parametrize("chop", [1, 3, 7])
async def test_frames_that_come_in_shreds_are_put_together(raw: Raw, chop: int) -> None:
    sent = frame(TEXT, COLD) + frame(PING, b"are you there?") + frame(BINARY, b"\0" * 300)
    for start in range(0, len(sent), chop):
        raw.send(sent[start : start + chop])
        await asyncio.sleep(0)  # so that each shred is a write of its own
    assert await raw.frame() == Frame(TEXT, COLD)
    assert await raw.frame() == Frame(PONG, b"are you there?")
    assert await raw.frame() == Frame(BINARY, b"\0" * 300)


async def test_many_messages_in_one_write_come_back_in_order(raw: Raw) -> None:
    texts = [f"message {n}".encode() for n in range(500)]
    raw.send(b"".join(frame(TEXT, text) for text in texts))
    assert [(await raw.frame()).payload for _ in texts] == texts


async def test_an_all_zero_mask_is_a_mask(raw: Raw) -> None:
    raw.send(frame(TEXT, b"bare", mask=b"\0\0\0\0"))
    assert await raw.frame() == Frame(TEXT, b"bare")


@pytest.mark.parametrize(
    "parts",
    [
        (b"fragment1", b"fragment2"),
        (b"", b"", b""),
        (b"", b"middle", b""),
        (b"a", b"", b"", b"b"),
        tuple(bytes((65 + n % 26,)) for n in range(100)),
        (b"\xce", b"\xba\xe1", b"\xbd", b"\xb9"),  # code points split between fragments
        (b"x" * 70_000, b"y" * 70_000),
    ],
    ids=lambda parts: f"{len(parts)} parts",
)
async def test_a_fragmented_message_comes_back_as_one(raw: Raw, parts: tuple[bytes, ...]) -> None:
    raw.send(in_parts(TEXT, *parts))
    assert await raw.frame() == Frame(TEXT, b"".join(parts))


async def test_control_frames_may_come_between_fragments(raw: Raw) -> None:
    raw.send(
        frame(TEXT, b"one ", is_final=False)
        + frame(PING, b"between")
        + frame(CONTINUATION, b"two ", is_final=False)
        + frame(PONG, b"unasked")
        + frame(PING)
        + frame(CONTINUATION, b"three")
        + frame(BINARY, b"next")
    )
    assert await raw.frame() == Frame(PONG, b"between")
    assert await raw.frame() == Frame(PONG, b"")
    assert await raw.frame() == Frame(TEXT, b"one two three")
    assert await raw.frame() == Frame(BINARY, b"next")


@pytest.mark.parametrize("payload", [b"", b"hello", bytes(range(125)), b"\xff" * 125])
async def test_a_ping_is_answered_with_its_payload(raw: Raw, payload: bytes) -> None:
    raw.send(frame(PING, payload))
    assert await raw.frame() == Frame(PONG, payload)


async def test_pings_are_answered_in_order(raw: Raw) -> None:
    payloads = [b"%d" % n for n in range(10)]
    raw.send(b"".join(frame(PING, payload) for payload in payloads))
    assert [await raw.frame() for _ in payloads] == [Frame(PONG, p) for p in payloads]


async def test_a_pong_that_nobody_asked_for_is_ignored(raw: Raw) -> None:
    raw.send(frame(PONG, b"unasked") + frame(PONG) + frame(TEXT, b"on"))
    assert await raw.frame() == Frame(TEXT, b"on")


VALID = [
    "κόσμε",
    "\0",
    "\x7f",
    "\x80",
    "߿",
    "ࠀ",
    "퟿",
    "\ue000",
    "\ufffd",
    "￾",
    "￿",
    "\U00010000",
    "\U0010ffff",
    "Hello-µ@ßöäüàá-UTF-8!!",
]


@pytest.mark.parametrize("text", VALID, ids=ascii)
async def test_any_code_point_may_be_in_a_text(raw: Raw, text: str) -> None:
    payload = text.encode()
    raw.send(frame(TEXT, payload) + in_parts(TEXT, payload[:1], payload[1:]))
    assert await raw.frame() == Frame(TEXT, payload)
    assert await raw.frame() == Frame(TEXT, payload)


# --- what is wrong, and the code that it is closed with ---


class Wrong(NamedTuple):
    """Bytes that break the protocol, and the close code for it."""

    sent: bytes
    code: int


SAID = frame(TEXT, b"before")
BEGUN = frame(TEXT, b"begun", is_final=False)
WRONG: dict[str, Wrong] = {
    "unmasked text": Wrong(frame(TEXT, b"hi", mask=None), 1002),
    "unmasked empty text": Wrong(frame(TEXT, mask=None), 1002),
    "unmasked ping": Wrong(frame(PING, b"hi", mask=None), 1002),
    "unmasked close": Wrong(frame(CLOSE, b"\x03\xe8", mask=None), 1002),
    "unmasked after masked": Wrong(frame(PING) + frame(TEXT, b"x" * 200, mask=None), 1002),
    "unmasked, long": Wrong(frame(BINARY, b"x" * 70_000, mask=None), 1002),
    "unmasked continuation": Wrong(BEGUN + frame(CONTINUATION, b"x", mask=None), 1002),
    **{
        f"RSV {bits} on {opcode}": Wrong(frame(opcode, reserved=bits), 1002)
        for bits in range(1, 8)
        for opcode in (TEXT, BINARY, PING, CLOSE)
    },
    "RSV on a continuation": Wrong(BEGUN + frame(CONTINUATION, reserved=4), 1002),
    **{
        f"reserved opcode {opcode}": Wrong(frame(opcode, b"x"), 1002)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "reserved opcode amid fragments": Wrong(BEGUN + frame(3), 1002),
    "fragmented ping": Wrong(frame(PING, b"a", is_final=False) + frame(CONTINUATION, b"b"), 1002),
    "fragmented pong": Wrong(frame(PONG, is_final=False), 1002),
    "fragmented close": Wrong(frame(CLOSE, b"\x03\xe8", is_final=False), 1002),
    "ping of 126 bytes": Wrong(frame(PING, b"x" * 126), 1002),
    "pong of 126 bytes": Wrong(frame(PONG, b"x" * 126), 1002),
    "ping of 64 KiB": Wrong(frame(PING, b"x" * 65_536), 1002),
    "close of 126 bytes": Wrong(close_frame(1000, b"x" * 124), 1002),
    "continuation of nothing": Wrong(frame(CONTINUATION, b"x"), 1002),
    "unfinished continuation of nothing": Wrong(frame(CONTINUATION, b"x", is_final=False), 1002),
    "continuation after the last": Wrong(in_parts(TEXT, b"a", b"b") + frame(CONTINUATION), 1002),
    "text amid fragments": Wrong(BEGUN + frame(TEXT, b"x"), 1002),
    "binary amid fragments": Wrong(BEGUN + frame(BINARY, b"x"), 1002),
    "first fragment amid fragments": Wrong(BEGUN + frame(TEXT, is_final=False), 1002),
    "text after an empty fragment": Wrong(
        frame(TEXT, is_final=False) + frame(TEXT, b"x") + frame(CONTINUATION, b"y"), 1002
    ),
    "text after two empty fragments": Wrong(
        frame(BINARY, is_final=False) + frame(CONTINUATION, is_final=False) + frame(TEXT), 1002
    ),
    "a byte too many": Wrong(frame(BINARY, b"x" * (MAX_BYTES + 1)), 1009),
    "a byte too many in fragments": Wrong(
        in_parts(BINARY, b"x" * MAX_BYTES, b"x"),
        1009,
    ),
    "an enormous size": Wrong(b"\x82\xff\x7f" + b"\xff" * 7 + b"mask", 1009),
    "a size that can't be": Wrong(b"\x82\xff" + b"\xff" * 8 + b"mask", 1009),
}
BAD_TEXT = {
    "a lone continuation byte": b"\x80",
    "a sequence cut off": COLD[:-1],
    "an impossible byte": COLD + b"\xff",
    "an overlong slash": b"\xc0\xaf",
    "an overlong NUL": b"\xe0\x80\x80",
    "a surrogate": LONE_SURROGATE,
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond the last code point": b"\xf4\x90\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
}
WRONG |= {
    f"text with {what}": Wrong(frame(TEXT, b"ok " + text), 1007) for what, text in BAD_TEXT.items()
}
WRONG |= {
    f"fragments with {what}": Wrong(in_parts(TEXT, b"ok", text[:1], text[1:] + b"!"), 1007)
    for what, text in BAD_TEXT.items()
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_broken_frame_closes_with_the_code_for_it(raw: Raw, wrong: Wrong) -> None:
    raw.send(SAID + wrong.sent + frame(TEXT, b"after") + frame(PING, b"after"))
    assert await raw.frame() == Frame(TEXT, b"before")
    while (received := await raw.frame()).opcode != CLOSE:  # what was right before it
        assert received.payload != b"after"
    assert int.from_bytes(received.payload[:2]) == wrong.code
    assert await raw.rest() == b""


async def test_who_goes_on_sending_too_much_still_gets_to_know_why(raw: Raw) -> None:
    """A socket that is closed with bytes unread is reset, and the close frame lost with it."""
    raw.send(frame(BINARY, b"x" * (8 * MAX_BYTES)))
    await raw.writer.drain()
    assert await raw.close_code() == 1009
    assert await raw.rest() == b""


async def test_too_much_is_refused_before_it_is_all_sent(raw: Raw) -> None:
    raw.send(frame(BINARY, b"x" * (MAX_BYTES + 1))[:14])
    assert await raw.close_code() == 1009


async def test_by_default_messages_may_be_64_kib(shared_server: Server) -> None:
    async with opened(shared_server.port, "/echo") as raw:
        raw.send(frame(BINARY, b"x" * 65_536) + frame(BINARY, b"x" * 65_537))
        assert await raw.frame() == Frame(BINARY, b"x" * 65_536)
        assert await raw.close_code() == 1009


# --- closing ---


class Closed(NamedTuple):
    """A client's close frame, and the code in the answer."""

    sent: bytes
    code: int


MAY_BE_SENT = (*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999)
MAY_NOT = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
CLOSES: dict[str, Closed] = {
    **{str(code): Closed(close_frame(code), code) for code in MAY_BE_SENT},
    **{f"{code}, which may not be": Closed(close_frame(code), 1002) for code in MAY_NOT},
    "no code": Closed(frame(CLOSE), 1000),
    "one byte": Closed(frame(CLOSE, b"\x03"), 1002),
    "a reason": Closed(close_frame(1000, b"bye"), 1000),
    "the longest reason": Closed(close_frame(4000, "ä".encode() * 61 + b"!"), 4000),
    "a reason that is not UTF-8": Closed(close_frame(1000, COLD[:-1]), 1007),
    "a reason with a surrogate": Closed(close_frame(1000, LONE_SURROGATE), 1007),
}


@pytest.mark.parametrize("closed", CLOSES.values(), ids=CLOSES)
async def test_a_close_is_answered_once_and_last(raw: Raw, closed: Closed) -> None:
    raw.send(SAID + closed.sent + frame(TEXT, b"after") + frame(PING, b"after") + close_frame(1001))
    assert await raw.frame() == Frame(TEXT, b"before")
    received = await raw.frame()
    assert (received.opcode, int.from_bytes(received.payload[:2])) == (CLOSE, closed.code)
    assert await raw.rest() == b""


async def test_a_close_amid_fragments_is_answered(raw: Raw) -> None:
    raw.send(BEGUN + close_frame(1000))
    assert await raw.frame() == Frame(CLOSE, b"\x03\xe8")
    assert await raw.rest() == b""


async def test_a_client_that_vanishes_amid_a_message_harms_nobody(server: Server) -> None:
    async with opened(server.port, "/echo") as gone:
        gone.send(BEGUN + frame(CONTINUATION, b"x" * 100)[:50])
    async with opened(server.port, "/echo") as raw:
        raw.send(frame(TEXT, b"hi"))
        assert await raw.frame() == Frame(TEXT, b"hi")


async def test_a_client_that_only_sends_is_listened_to_no_more(server: Server, raw: Raw) -> None:
    """What it is sent piles up; beyond a bound the server waits for it to read."""
    size = 10_000
    burst = frame(TEXT, b"x" * size) * (100_000 // size)
    sent = 1
    while await is_taken(server, raw, burst):
        sent += 1
        assert sent < 500, "50 MB were taken that nobody reads the answers to"
    answers = frame(TEXT, b"x" * size, mask=None) * (100_000 // size) * sent
    assert await raw.exactly(len(answers)) == answers


async def is_taken(server: Server, raw: Raw, data: bytes) -> bool:
    """Send; whether the server takes it before it rests."""
    raw.send(data)
    return not await until_stuck(raw.writer.drain(), server.pid)
