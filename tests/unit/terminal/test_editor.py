import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.terminal.editor import END, Editor
from hubbub.terminal.text import width

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"


def typed(keys: str) -> Editor:
    editor = Editor()
    assert editor.feed(keys) == []
    return editor


def test_a_line_is_finished_by_enter() -> None:
    editor = Editor()
    assert editor.feed("hello\rwor") == ["hello"]
    assert editor.feed("ld\n") == ["world"]


@pytest.mark.parametrize(
    "keys, text",
    [
        ("abc\x7f", "ab"),
        ("abc" + LEFT + "X", "abXc"),
        ("abc" + LEFT * 9 + RIGHT + "X", "aXbc"),
        ("abc\x01X\x05Y", "XabcY"),
        ("abc\x1b[HX\x1b[FY", "XabcY"),
        ("abc\x01\x1b[3~", "bc"),
        ("abc" + LEFT + "\x15", "c"),
        ("abc" + LEFT + "\x0b", "ab"),
        ("one two \x17", "one "),
        ("one\x17", ""),
        ("\x7f", ""),
        ("a\tb", "a b"),
        ("a\x1b[15~\x1bOP\x1bxb", "ab"),
        ("日本\x7f", "日"),
    ],
)
def test_keys_edit_the_line(keys: str, text: str) -> None:
    assert typed(keys).text == text


def test_an_escape_sequence_may_come_in_pieces() -> None:
    editor = typed("ab")
    for key in LEFT:
        editor.feed(key)
    editor.feed("X")
    assert editor.text == "aXb"


def test_the_lines_before_can_be_had_again() -> None:
    editor = Editor()
    editor.feed("one\rtwo\r")
    editor.feed(UP + UP)
    assert editor.text == "one"
    editor.feed(UP + DOWN)
    assert editor.text == "two"
    editor.feed(DOWN)
    assert editor.text == ""


def test_ctrl_d_ends_only_an_empty_line() -> None:
    editor = Editor()
    assert editor.feed("a\x04") == []
    assert editor.feed("\x7f\x04") == [END]


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 50), st.integers(8, 80))
def test_the_row_always_fits_and_the_cursor_is_in_it(text: str, lefts: int, columns: int) -> None:
    editor = Editor()
    editor.feed(text)
    editor.feed(LEFT * lefts)
    row, cursor = editor.row(columns)
    assert width(row) <= columns
    assert 0 <= cursor < columns


@given(st.text(st.sampled_from("\x1b[ODCAB~315Hx日\x7f\x01\x04\r")))
def test_no_keys_confuse_it(keys: str) -> None:
    editor = Editor()
    editor.feed(keys)
    assert 0 <= editor.cursor <= len(editor.text)
    assert editor.text.isprintable()
