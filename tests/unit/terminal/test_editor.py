import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.terminal.editor import END, MAX_CHARACTERS, Editor
from hubbub.terminal.text import room

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
        ("x👩\u200d🚀\x7f", "x"),
        ("👍🏽" + LEFT + "x", "x👍🏽"),
        ("🇩🇪🇫🇷" + LEFT + LEFT + "\x1b[3~", "🇫🇷"),
        ("e\u0301b\x01" + RIGHT + "X", "e\u0301Xb"),
        ("one\x1b\rtwo three\x17\x17", "one\n"),
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
    before, after = editor.row(columns)
    assert room(before) + room(after) <= columns
    assert room(before) < columns


@given(st.text(st.sampled_from("\x1b[ODCAB~315Hx日\x7f\x01\x04\r")))
def test_no_keys_confuse_it(keys: str) -> None:
    editor = Editor()
    editor.feed(keys)
    assert 0 <= editor.cursor <= len(editor.text)
    assert editor.text.replace("\n", "").isprintable()


PASTE, PASTED = "\x1b[200~", "\x1b[201~"


def test_pasted_lines_wait_for_enter_and_are_one_message() -> None:
    editor = typed(f"> {PASTE}one\r\n\ttwo\rthree{PASTED}!")
    assert editor.text == "> one\n\ttwo\nthree!"
    assert editor.row(80) == ("> one↵ two↵three!", "")
    assert editor.feed("\r") == ["> one\n\ttwo\nthree!"]
    editor.feed(UP)
    assert editor.text == "> one\n\ttwo\nthree!"


@given(st.integers(0, 30), st.integers(0, 30))
def test_a_paste_may_come_in_pieces(first: int, second: int) -> None:
    keys, editor = f"a{PASTE}b\rc\x1b[D\x04\x03{PASTED}d", Editor()
    cuts = sorted([first, second])
    for piece in (keys[: cuts[0]], keys[cuts[0] : cuts[1]], keys[cuts[1] :]):
        assert editor.feed(piece) == []
    assert editor.text == "ab\nc[Dd"  # no key in it is obeyed


@pytest.mark.parametrize("pasted", ["x" * MAX_CHARACTERS, "\r\n" * MAX_CHARACTERS, "日" * 10**6])
def test_what_is_too_long_is_left_out_whole_and_said(pasted: str) -> None:
    editor = typed("a")
    for at in range(0, len(pasted), 4096):
        editor.feed((PASTE if at == 0 else "") + pasted[at : at + 4096])
    was_overfull = editor.is_overfull
    editor.feed(PASTED)
    assert (was_overfull, editor.is_overfull, editor.text) == (False, True, "a")
    editor.feed("b")
    assert (editor.text, editor.is_overfull) == ("ab", False)
