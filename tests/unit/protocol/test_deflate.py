import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol.foreign.deflate import (
    COMPRESSED,
    WORTHWHILE,
    BadDeflate,
    TooLarge,
    agreement,
    compressed,
    decompressed,
    deflated,
    form,
)
from hubbub.protocol.wires import BINARY, NATIVE, PING, PLAIN, TEXT, frame

BARE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
ACCEPTED = {
    "permessage-deflate": BARE,
    "Permessage-Deflate": BARE,
    "permessage-deflate; client_max_window_bits": BARE,
    "permessage-deflate; client_max_window_bits=8": BARE,
    'permessage-deflate;client_max_window_bits="10"': BARE,
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover": BARE,
    "permessage-deflate; server_max_window_bits=15": f"{BARE}; server_max_window_bits=15",
    "permessage-deflate; server_max_window_bits=12": f"{BARE}; server_max_window_bits=12",
}
DECLINED = [
    "",
    "permessage-bzip2",
    "x-webkit-deflate-frame",
    "permessage-deflate; server_max_window_bits=11",  # the window is made for everyone
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=015",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; mux",
]
# Section 7.2.3 of the RFC: the same five letters, as different clients may send them.
HELLO = {
    "one block": "f2 48 cd c9 c9 07 00",
    "a stored block": "00 05 00 fa ff 48 65 6c 6c 6f 00",
    "a final block": "f3 48 cd c9 c9 07 00 00",
    "two blocks": "f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
}


@pytest.mark.parametrize("offer", ACCEPTED)
def test_an_offer_is_accepted(offer: str) -> None:
    assert agreement([offer]) == ACCEPTED[offer]


@pytest.mark.parametrize("offer", DECLINED)
def test_an_offer_is_declined(offer: str) -> None:
    assert agreement([offer]) is None
    assert agreement([offer, "permessage-deflate"]) == BARE, "the next may do"


@pytest.mark.parametrize("sent", HELLO.values(), ids=HELLO)
def test_what_others_send_is_read(sent: str) -> None:
    assert decompressed(bytes.fromhex(sent), 5) == b"Hello"
    with pytest.raises(TooLarge):
        decompressed(bytes.fromhex(sent), 4)


@given(st.binary(max_size=5000))
def test_any_payload_comes_back(payload: bytes) -> None:
    assert decompressed(compressed(payload), len(payload)) == payload


def test_a_bomb_is_not_blown_up() -> None:
    bomb = zlib.compress(bytes(10**8), 9, -15)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decompressed(bomb, 65_536)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "garbage",
    [b"\xff\xff\xff", b"\x05", compressed(b"x" * 50) + b"\x07\x07", b"\x03\x00more"],
)
def test_garbage_is_told(garbage: bytes) -> None:
    with pytest.raises(BadDeflate):
        decompressed(garbage, 1000)


def frames(buffer: bytes) -> list[tuple[int, bytes]]:
    """First byte and payload, as their sender meant it, of each frame."""
    found = []
    while buffer:
        size, begin = buffer[1], 2
        if size > 125:
            begin = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:begin])
        first, payload = buffer[0], buffer[begin : begin + size]
        if first & COMPRESSED:
            first, payload = first & ~COMPRESSED, decompressed(payload, 1 << 30)
        found.append((first, payload))
        buffer = buffer[begin + size :]
    return found


payloads = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(str.encode),
    st.integers(0, 70_000).map(lambda size: b"as long as it takes " * (size // 20)),
)


@given(st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), payloads), max_size=5))
def test_frames_stay_what_they_are(sent: list[tuple[int, bytes]]) -> None:
    buffer = b"".join([frame(payload, first) for first, payload in sent])
    small = deflated(buffer)
    assert frames(small) == sent
    assert len(small) <= len(buffer)
    assert deflated(small) == small, "nothing is compressed twice"


def test_only_what_gets_smaller_is_compressed() -> None:
    noise = bytes(zlib.crc32(bytes([i])) & 255 for i in range(256))
    ping = frame(b"p" * 125, PING)
    short = frame(b"s" * (WORTHWHILE - 3))
    for whole in (frame(noise, BINARY), ping, short):
        assert deflated(whole + frame(b"long " * 100)).startswith(whole)
    assert len(deflated(frame(b"long " * 100))) < 40


def test_each_wire_form_has_one_compressed_form() -> None:
    assert form(NATIVE) is form(NATIVE)
    assert form(PLAIN).name == "plain" and not form(PLAIN).takes_signals
    body = b'{"event":"posted","text":"%b"}' % (b"and on " * 100)
    assert frames(form(NATIVE).events("e", 1, [body, body])) == [(TEXT, body)] * 2
    assert frames(form(NATIVE).signals([body])) == [(TEXT, body)]
    assert form(NATIVE).notice(body) == NATIVE.notice(body)
