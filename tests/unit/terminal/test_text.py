import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.terminal.text import (
    beginning,
    end,
    grapheme_end,
    grapheme_start,
    message_lines,
    room,
    shorten,
    visible,
    visible_json,
    width,
)


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
    assert message_lines("a\n\tb\n") == ["a", "    b"]


NASTY = "\x1b[2J \x7f \x9b31m \u202e \u2028 \U000e0041 \x00"


@given(st.text() | st.just(NASTY), st.sampled_from(["utf-8", "UTF8", "ascii", "latin-1"]))
def test_json_stays_the_same_document(text: str, encoding: str) -> None:
    document = msgspec.json.encode({"text": text}).decode()
    shown = visible_json(document, encoding)
    assert json.loads(shown) == {"text": text}
    assert visible(shown) == shown
    assert encoding.startswith(("utf", "UTF")) or shown.isascii()


CHARACTERS = [  # what terminals draw as one, and its width
    ("日", 2),
    ("e\u0301", 1),
    ("👍", 2),
    ("👍🏽", 2),
    ("👩\u200d🚀", 2),
    ("👨\u200d👩\u200d👧\u200d👦", 2),
    ("🇩🇪", 2),
    ("❤", 1),
    ("❤\ufe0f", 2),
    ("⚠\ufe0e", 1),
    ("1\ufe0f\u20e3", 2),
    ("हि", 2),
    ("\u1112\u1161\u11ab", 2),
    ("a\u0323\u0302", 1),
]


@pytest.mark.parametrize("character, columns", CHARACTERS)
def test_columns_are_counted_as_a_terminal_does(character: str, columns: int) -> None:
    text = f"ab {character * 3} c"
    assert width(text) == 5 + 3 * columns
    assert grapheme_end(text, 3) == 3 + len(character)
    assert grapheme_start(text, 3 + len(character)) == 3
    assert columns <= room(character)
    for needed, fits in ((room(character), character), (room(character) - 1, "")):
        assert beginning(text, 3 + needed) == f"ab {fits}"
        assert end(text, 2 + needed) == f"{fits} c"


def test_text_without_any_has_no_columns() -> None:
    assert width("") == 0
    assert (grapheme_start("", 0), grapheme_end("", 0)) == (0, 0)


@given(st.text(), st.integers(1, 20))
def test_a_shortened_text_fits(text: str, columns: int) -> None:
    text = visible(text)
    assert width(shorten(text, columns)) <= columns
