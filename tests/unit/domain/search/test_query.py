"""Queries as people type them, and what they are told if nobody can tell what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.search.query import (
    MOST_WORDS,
    BadQuery,
    Phrase,
    SearchQuery,
    hint_on,
    query_of,
)
from hubbub.domain.search.terms import terms_of
from tests.support.zones import in_zone


def test_words_phrases_and_filters() -> None:
    asked = query_of('deploy* "On Friday" from:Ada in:#plans IN:lobby has:link is:pinned ya:hoo')
    assert asked == SearchQuery(
        (
            Phrase(("deploy",), is_prefix=True),
            Phrase(("on", "friday")),
            Phrase(("ya", "hoo")),  # nobody's filter
        ),
        ("Ada",),
        ("#plans", "lobby"),
        has=frozenset({"link"}),
        of_kind=frozenset({"pinned"}),
    )


def test_filters_in_quotation_marks_are_words() -> None:
    assert query_of('"from:ada"').phrases == (Phrase(("from", "ada")),)
    assert query_of('in:"my room"').rooms == ("my room",)


@pytest.mark.parametrize(
    "typed, plain",
    [
        ("“on friday” in:„my room‟", '"on friday" in:"my room"'),
        ("「on friday」 from：ada", '"on friday" from:ada'),
        ('"on fri*"', '"on fri"*'),
        ("after:2026/5/3 before:2026.06.01", "after:2026-05-03 before:2026-06-01"),
    ],
)
def test_what_other_keyboards_and_habits_write(typed: str, plain: str) -> None:
    assert query_of(typed) == query_of(plain)


@pytest.mark.parametrize(
    "asked, hint",
    [
        (
            "form:ada x",
            "Did you mean from:ada? There is no filter form:, so form:ada was searched for as text",
        ),
        ('channel:"my room"', 'Did you mean in:"my room"?'),
        ("Since：2026", "Did you mean after:2026?"),
        ("deploy -secret", "Searches can't exclude words: the minus sign in -secret has no effect"),
        ("deploy -from:ada", "Searches can't exclude words: the minus sign in -from:ada"),
        ('deploy -"on friday"', 'Searches can\'t exclude words: the minus sign in -"on friday"'),
        ("deploy OR wait", "OR is searched for as a word: results contain every word"),
        ("from:ada in:#x http://a.b re:invent 12:30 form: --force -1 e-mail or", None),
    ],
)
def test_what_is_meant_otherwise_is_said(asked: str, hint: str | None) -> None:
    found = hint_on(asked)
    assert (found or "").startswith(hint) if hint else found is None
    query_of(asked)


def test_what_is_said_twice_counts_once() -> None:
    assert query_of("Friday friday FRIDAY").phrases == (Phrase(("friday",)),)


@pytest.mark.parametrize(
    "asked, why",
    [
        ("", "Nothing to search for"),
        ('  !!! * "" ', "Nothing to search for"),
        ('"on friday', "A quotation mark"),
        ("has:cheese", "Unknown filter has:cheese: use has:link, has:file or has:image"),
        ("is:fun", "Unknown filter is:fun: use is:pinned or is:thread"),
        (
            "deploy from:",
            "The filter from: has no value: write one right after the colon, such as from:ada",
        ),
        ("in: plans", "The filter in: has no value"),
        ('has:" "', "The filter has: has no value"),
        ("before:yesterday", "Invalid before:yesterday: use a day such as"),
        ("after:2026-02-30", "Invalid after:2026-02-30"),
        ("after:9999", "Invalid after:9999"),
        ("before:2026-05-31T18:00", "Invalid before:2026-05-31T18:00"),
        (" ".join(f"w{n}" for n in range(MOST_WORDS + 1)), "Too many words"),
    ],
)
def test_what_can_not_be_understood_is_said(asked: str, why: str) -> None:
    with pytest.raises(BadQuery) as caught:
        query_of(asked)
    assert str(caught.value).startswith(why) and not str(caught.value).endswith(".")


def test_days_are_those_of_utc_wherever_the_server_is() -> None:
    with in_zone("Asia/Tokyo"):
        asked = query_of("after:2026-05-30 before:2026-06-01")
    assert (asked.after, asked.before) == (1_780_185_600_000, 1_780_272_000_000)


@given(st.text(max_size=200))
def test_any_text_is_a_query_or_a_bad_one(text: str) -> None:
    try:
        asked = query_of(text)
    except BadQuery:
        return
    assert asked != SearchQuery()


@given(st.text(max_size=100))
def test_terms_hold_nothing_that_a_database_would_cut_again(text: str) -> None:
    for term in terms_of(text):
        assert term.text and not term.text.isspace() and " " not in term.text
        assert all(each.isalnum() or not each.isascii() for each in term.text)
        assert 0 <= term.start < term.middle <= term.end <= len(text)
