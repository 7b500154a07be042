"""Each target on bytes that hypothesis makes up: any, and right ones that were spoilt."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS, frames


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=200))
def test_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(choice=st.data())
def test_damaged_valid_input_breaks_nothing(name: str, choice: st.DataObject) -> None:
    data = bytearray(choice.draw(st.sampled_from(SEEDS[name])))
    for _ in range(choice.draw(st.integers(0, 3))):
        at = choice.draw(st.integers(0, len(data)))
        match choice.draw(st.sampled_from(["put", "drop", "repeat"])):
            case "put":
                data[at : at + 1] = choice.draw(st.binary(max_size=2))
            case "drop":
                del data[at : at + choice.draw(st.integers(1, 8))]
            case _:
                data[at:at] = data[max(0, at - 8) : at]
    TARGETS[name](bytes(data))


@given(
    cut=st.integers(0, 6),
    parts=st.lists(
        st.tuples(
            st.sampled_from([0x81, 0x01, 0x00, 0x80, 0x82, 0x89, 0x8A, 0x88, 0x09, 0x83, 0xC1]),
            st.booleans(),
            st.binary(max_size=130),
        ),
        max_size=6,
    ),
)
@example(cut=0, parts=[(0x01, True, b""), (0x82, True, b"")])
def test_frames_in_any_order(cut: int, parts: list[tuple[int, bool, bytes]]) -> None:
    stream = bytearray([cut])
    for first, is_masked, payload in parts:
        size = len(payload)
        mask = b"\0\0\0\0" if is_masked else b""
        length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        stream += bytes([first, length[0] | 128 * is_masked]) + length[1:] + mask + payload
    frames(bytes(stream))
