"""Frames that RFC 6455 forbids, at every WebSocket door, and what they are closed with."""

import pytest

from tests.abuse.doors import ADAPTERS, WEBSOCKETS
from tests.integration.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
    opened,
)

HUGE = b"\x81\xff" + (2**63).to_bytes(8, "big")
HUGEST = b"\x82\xff" + b"\xff" * 8
LARGE = b"\x81\xff" + (2**40).to_bytes(8, "big") + b"mask"
FRAGMENT = frame(CONTINUATION, b"x" * 9000, is_final=False)

FRAMES = {
    "no mask": (frame(TEXT, b"hi", mask=None), 1002),
    "a ping without a mask": (frame(PING, b"", mask=None), 1002),
    "a close without a mask": (frame(CLOSE, b"\x03\xe8", mask=None), 1002),
    **{f"reserved bits {bits}": (frame(TEXT, b"hi", reserved=bits), 1002) for bits in range(1, 8)},
    **{
        f"reserved opcode {opcode}": (frame(opcode), 1002)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"a", is_final=False) + frame(TEXT, b"b"), 1002),
    "another after nothing yet": (frame(TEXT, is_final=False) + frame(BINARY, b"b"), 1002),
    "a ping in fragments": (frame(PING, b"x", is_final=False), 1002),
    "a close in fragments": (frame(CLOSE, is_final=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a pong of 64 KiB": (frame(PONG, b"x" * 65_536), 1002),
    "a close of 126 bytes": (frame(CLOSE, b"\x03\xe8" + b"x" * 124), 1002),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002),
    **{
        f"close code {code}": (close_frame(code), 1002)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    "a reason that is no UTF-8": (close_frame(1000, b"\xff"), 1007),
    "text that is no UTF-8": (frame(TEXT, b"\xff"), 1007),
    "text that ends amid a character": (frame(TEXT, b"\xe2\x82"), 1007),
    "text with a surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "text with an overlong character": (frame(TEXT, b"\xc0\xaf"), 1007),
    "text beyond Unicode": (frame(TEXT, b"\xf4\x90\x80\x80"), 1007),
    "fragments that are no UTF-8": (
        frame(TEXT, b"\xe2", is_final=False) + frame(CONTINUATION, b"\x28\xa1"),
        1007,
    ),
    "a message over the limit": (frame(TEXT, b"x" * 65_537), 1009),
    "fragments over the limit": (frame(TEXT, b"x", is_final=False) + 8 * FRAGMENT, 1009),
    "a length of a terabyte": (LARGE, 1009),
    "a length of 2^63": (HUGE, 1009),
    "a length of 2^64 - 1": (HUGEST, 1009),
}


@pytest.mark.parametrize("door", WEBSOCKETS | ADAPTERS)
@pytest.mark.parametrize("sent, code", FRAMES.values(), ids=FRAMES)
async def test_a_forbidden_frame_ends_the_connection(
    port: int, door: str, sent: bytes, code: int
) -> None:
    async with opened(port, door) as raw:
        raw.send(sent)
        assert await raw.close_code() == code
        assert await raw.rest() == b""
