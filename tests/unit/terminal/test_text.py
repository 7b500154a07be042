import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.terminal.text import shorten, visible, visible_lines, width


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain", "plain"),
        ("grüße 日本語 👍🏽 👩‍🚀", "grüße 日本語 👍🏽 👩‍🚀"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\rb\x07", r"a\x0db\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\x7f", r"\x7f"),
        ("user\u202egpj.exe", r"user\u202egpj.exe"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("a\u2028b", r"a\u2028b"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_that_is_shown_controls_anything(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    )


def test_escapes_are_marked() -> None:
    assert visible("a\x07b", "<{}>".format) == r"a<\x07>b"


def test_lines_are_kept_and_tabs_are_space() -> None:
    assert visible_lines("a\n\tb\x1b\n") == ["a", r"    b\x1b"]


@pytest.mark.parametrize(
    "text, columns", [("abc", 3), ("日本", 4), ("e\u0301", 1), ("👍", 2), ("", 0)]
)
def test_columns_are_counted_as_a_terminal_does(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(), st.integers(1, 20))
def test_what_is_shortened_fits(text: str, columns: int) -> None:
    text = visible(text)
    assert width(shorten(text, columns)) <= columns
