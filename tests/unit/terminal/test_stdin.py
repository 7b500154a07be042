from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.terminal.stdin import MAX_LINE_BYTES, BadInput, split


def lines(*pieces: bytes) -> list[str]:
    rest = iter(pieces)
    return list(split(lambda: next(rest, b"")))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"))), st.data())
def test_lines_come_back_however_they_are_cut(texts: list[str], data: st.DataObject) -> None:
    whole = "".join(f"{text}\n" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert lines(*filter(None, pieces)) == texts


def test_the_last_line_needs_no_end() -> None:
    assert lines(b"a\r\n", b"\nb") == ["a", "", "b"]


def test_what_is_not_utf_8_is_named_after_the_good_lines() -> None:
    good = split(iter([b"one\ntw", b"o\nk\xfcy\nfour\n", b""]).__next__)
    assert [next(good), next(good)] == ["one", "two"]
    with pytest.raises(
        BadInput, match="Line 3 of standard input is not valid UTF-8: byte 2 is 0xFC"
    ):
        next(good)


def test_a_line_that_is_too_long_is_refused_before_its_end() -> None:
    def endless() -> Iterator[bytes]:
        yield b"short\n"
        for _ in range(MAX_LINE_BYTES // 1024 + 2):
            yield b"x" * 1024
        raise AssertionError("it was read on")

    with pytest.raises(
        BadInput, match="Line 2 of standard input is too long: use at most 1,048,576 bytes"
    ):
        list(split(endless().__next__))


def test_what_can_not_be_read_is_said() -> None:
    def closed() -> bytes:
        raise OSError(9, "Bad file descriptor")

    with pytest.raises(BadInput, match="Can't read standard input: Bad file descriptor"):
        list(split(closed))
