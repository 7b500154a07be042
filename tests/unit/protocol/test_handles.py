import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol.handles import (
    RESERVED_HANDLES,
    handle_fault,
    handle_from,
    handle_like,
    is_handle,
)
from hubbub.protocol.names import is_display_name, is_person_name


@pytest.mark.parametrize(
    "text", ["ada", "a1", "42", "ada.lovelace", "a_b-c.d", "x--y", "a" * 32, "p7m2q9x4w1z3k"]
)
def test_an_account_may_have_the_handle(text: str) -> None:
    assert is_handle(text)
    assert handle_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a" * 33, "Ada", "ada ", " ada", "ada\n", "a da", "ada\0"),
        *(".ada", "ada.", "_ada", "ada_", "-ada", "ada-", "@ada", "#ada", "a/b", "a:b", "a@b"),
        *("ädä", "аda", "ａda", "ada\u200b", "٤٢", "ſi"),
    ],
)
def test_an_account_may_not_have_the_handle(text: str) -> None:
    assert not is_handle(text)
    fault = handle_fault(text)
    assert fault is not None and "2 to 32" in fault


@pytest.mark.parametrize("text", sorted(RESERVED_HANDLES))
def test_a_reserved_word_is_no_handle_and_says_so(text: str) -> None:
    assert not is_handle(text)
    assert handle_fault(text) == f"Invalid handle: {text} is reserved"


@pytest.mark.parametrize(
    "word",
    [
        "here",
        "room",
        "all",
        "everyone",
        "admin",
        "system",
        "me",
        "directory",
        "audit",
        "owner",
        "moderator",
        "guest",
    ],
)
def test_words_that_mean_something_else_are_reserved(word: str) -> None:
    assert word in RESERVED_HANDLES


def test_every_reserved_word_would_be_a_handle_otherwise() -> None:
    assert all(is_handle(f"{word}2") and word == handle_from(word) for word in RESERVED_HANDLES)


def test_a_handle_is_kept_in_lower_case() -> None:
    assert handle_from("Ada.Lovelace") == "ada.lovelace"
    assert not is_handle(handle_from("ADMIN"))


@pytest.mark.parametrize("text", ["\u212aate", "ſam", "İda", "ＡDA"])
def test_only_ascii_becomes_a_handle(text: str) -> None:
    assert not is_handle(handle_from(text))


@given(st.text(max_size=40))
def test_a_handle_is_also_a_name_of_a_person_and_a_display_name(text: str) -> None:
    handle = handle_from(text)
    assert handle_from(handle) == handle
    if is_handle(handle):
        assert is_person_name(handle) and is_display_name(handle)


@pytest.mark.parametrize(
    "text, handle",
    [
        ("ada", "ada"),
        ("Ada Lovelace", "ada-lovelace"),
        ("Zo\u00eb", "zoe"),
        ("auth0|64f1", "auth0-64f1"),
        ("--ada..", "ada"),
        ("x" * 31 + " y", "x" * 31),
        ("\u4f60\u597d", ""),
        ("\ud800", ""),
        ("a", "a"),
    ],
)
def test_a_handle_is_made_of_what_there_is(text: str, handle: str) -> None:
    assert handle_like(text) == handle
    assert len(handle) < 2 or is_handle(handle)
