import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol.names import (
    LONGEST_DISPLAY_NAME,
    MAX_MARKS,
    display_name_fault,
    is_display_name,
    is_emoji,
    is_line,
    is_person_name,
    is_room_name,
    person_name_fault,
    person_name_from,
    room_name_fault,
)
from tests.support.names import SCRIPTS, UNSEEN

JOINERS = dict.fromkeys((0x200C, 0x200D))
DECOMPOSED = unicodedata.normalize("NFD", "küche")


@pytest.mark.parametrize(
    "name",
    ["lobby", "k", "x" * 64, "küche", "台所", "кухня", "a_b-c.d:e@f+g~h", "42", "_"],
)
def test_a_room_may_be_called(name: str) -> None:
    assert is_room_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "x" * 65,
            "the lobby",
            " lobby",
            "lobby\n",
            "lobby\0",
            "a/b",
            "a\\b",
            "a?b",
            "#lobby",
        ),
        *("<b>", '"', "'", "%20", "a,b", "👍", DECOMPOSED, "lob\u200bby", "\u202elobby", "a\tb"),
    ],
)
def test_a_room_may_not_be_called(name: str) -> None:
    assert not is_room_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ada",
        "a",
        "a" * 32,
        "Ada Lovelace",
        "O'Brien",
        "d’Artagnan",
        "guest-1f",
        "Ærø",
        "李",
        "a b'c d",
    ],
)
def test_a_person_may_have_this_name(name: str) -> None:
    assert is_person_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "a" * 33,
            " ada",
            "ada ",
            "'ada",
            "ada'",
            "ada\n",
            "a\tb",
            "a\u00a0b",
            "a/b",
            "<ada>",
        ),
        *("@ada", "@", "@p7m2q9x4w1z3k"),
        *("👍", unicodedata.normalize("NFD", "Ærö"), "ada\u200b", "\u202eada", "ada\0"),
    ],
)
def test_a_person_may_not_have_this_name(name: str) -> None:
    assert not is_person_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("ada", "A", "x" * 64, "Ada Lovelace", "Dr. Ada (she/her)", "O'Brien & Söhne, Ltd.", "李"),
        *("Ada 🎉", "🚀", "C++", "<b>", "…", "ada@example.org", "€5", "१२", "東京 太郎", "#1"),
    ],
)
def test_an_account_may_show_itself_as(name: str) -> None:
    assert is_display_name(name)
    assert display_name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("", "x" * 65, " ", " ada", "ada ", "ada  lovelace", "ada\n", "a\tb", "a\0b", "a\x1bb"),
        *("a\u00a0b", "a\u3000b", "a\u2028b", "a\u2003b", "\u202eada", "ada\u2066", "ada\u200f"),
        *("ada\u200b", "\ufeffada", "a\ud800b", "a\ue000b", "a\uffffb", "\U000e0041", DECOMPOSED),
    ],
)
def test_an_account_may_not_show_itself_as(name: str) -> None:
    assert not is_display_name(name)
    assert display_name_fault(name) is not None


BLANKS = "\u200b\ufeff\u3164\uffa0\u2800\u00ad\u2060\u180e\u034f\u0301\ufe0f\U000e0041\U0001d159"


@pytest.mark.parametrize("text", [*BLANKS, BLANKS, "\u200b\u200d"])
def test_nothing_that_cannot_be_seen_is_a_title_or_a_reaction(text: str) -> None:
    assert not is_line(text) and not is_line(f" {text} ") and not is_emoji(text)


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "नमस्ते", "می‌خواهم", "+1", "…"])
def test_what_is_seen_may_have_joiners_and_marks_in_it(text: str) -> None:
    assert is_line(text) and is_emoji(text)


@given(st.text(max_size=70))
def test_a_name_is_short_printable_and_in_the_one_normal_form(name: str) -> None:
    if is_room_name(name):
        assert 1 <= len(name) <= 64
        assert name.translate(JOINERS).isprintable()
        assert unicodedata.normalize("NFC", name) == name
    if is_person_name(name):
        assert 1 <= len(name) <= 32
        assert name.translate(JOINERS).isprintable()
        assert unicodedata.normalize("NFC", name) == name
        assert name.strip() == name
    if is_display_name(name):
        assert 1 <= len(name) <= LONGEST_DISPLAY_NAME
        assert name.translate(JOINERS).isprintable()
        assert unicodedata.normalize("NFC", name) == name
        assert " ".join(name.split()) == name


@pytest.mark.parametrize("emoji", ["👍", "👩‍👩‍👧‍👦", "❤️", "🇩🇪", "+1", ":shipit:", "é", "x" * 32])
def test_a_reaction_may_be(emoji: str) -> None:
    assert is_emoji(emoji)


@pytest.mark.parametrize(
    "emoji", ["", " ", "a b", "\n", "\0", "👍 ", "\u00a0", "\ud800", "\u202e👍", "\x7f", "x" * 33]
)
def test_a_reaction_may_not_be(emoji: str) -> None:
    assert not is_emoji(emoji)


@pytest.mark.parametrize("script", SCRIPTS)
def test_words_of_any_script_are_names(script: str) -> None:
    for name in SCRIPTS[script]:
        assert is_room_name(name), name
        assert is_person_name(name), name
        assert is_display_name(name), name


@pytest.mark.parametrize("name", UNSEEN.values(), ids=UNSEEN)
def test_nothing_unseen_is_in_a_name(name: str) -> None:
    assert not is_room_name(name)
    assert not is_person_name(name)
    assert not is_display_name(name)


def test_a_mark_belongs_to_a_letter() -> None:
    mark = "\u0300"
    for before in ("", "-", "a b-", "_", "4 '"):
        assert not is_person_name(f"{before}{mark}x")
        assert not is_display_name(f"{before}{mark}x")
    assert is_person_name("q" + mark * MAX_MARKS + "x")
    assert not is_person_name("q" + mark * (MAX_MARKS + 1) + "x")


def test_a_reserved_name_says_that_it_is() -> None:
    for fault in (person_name_fault("@ada"), display_name_fault("@ada")):
        assert fault is not None and "reserved" in fault


def test_what_is_not_normalized_is_told_so() -> None:
    for faults in (room_name_fault, person_name_fault, display_name_fault):
        fault = faults(DECOMPOSED)
        assert fault is not None and "NFC" in fault
    for fault in (room_name_fault(DECOMPOSED + "/"), person_name_fault(DECOMPOSED + "/")):
        assert fault is not None and "NFC" not in fault
    assert room_name_fault("lobby") is person_name_fault("ada") is None


@pytest.mark.parametrize(
    "text, name",
    [
        ("auth0|64f1", "auth0-64f1"),
        ("https://app.example.org/users/7", "https:-app.example.org-users-7"),
        ("|||", "user"),
        ("x" * 255, "x" * 32),
        (" ada ", "ada"),
        ("@ada", "ada"),
        ("-@-ada@example.org", "ada@example.org"),
        ("@", "user"),
        ("\u115f", "user"),
    ],
)
def test_a_name_is_made_of_any_text(text: str, name: str) -> None:
    assert person_name_from(text) == name


@given(st.text(min_size=1, max_size=255))
def test_what_is_made_of_a_text_is_a_name(text: str) -> None:
    assert is_person_name(person_name_from(text))
