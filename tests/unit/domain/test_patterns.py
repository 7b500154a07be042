import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.patterns import (
    MAX_PATTERNS,
    MAX_STARS,
    Span,
    are_room_patterns,
    beyond,
    matches_any,
    spans,
)
from tests.support.costly import MOST_SECONDS, within


@pytest.mark.parametrize("pattern", ["*", "build-*", "*-1", "a*b*c", "lobby", "*" * MAX_STARS])
def test_a_pattern_is_a_name_with_stars(pattern: str) -> None:
    assert are_room_patterns([pattern])


@pytest.mark.parametrize(
    "pattern", ["", "a b", "[a]", "a?", "x" * 65, "a/b", "*" * (MAX_STARS + 1), "*a" * 9]
)
def test_an_invalid_pattern_matches_no_room(pattern: str) -> None:
    assert not are_room_patterns([pattern])
    assert not are_room_patterns(["lobby", pattern])


def test_a_credential_has_so_many_patterns_and_not_more() -> None:
    assert are_room_patterns(["lobby"] * MAX_PATTERNS)
    assert not are_room_patterns(["lobby"] * (MAX_PATTERNS + 1))


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_stands_for_any_characters(pattern: str, room: str) -> None:
    expected = re.fullmatch(pattern.replace("*", ".*"), room) is not None
    assert matches_any((pattern,), room) is expected
    assert matches_any(("x", pattern), room) is expected


@pytest.mark.parametrize("pattern", ["*a" * 8 + "*b", "*a" * 31 + "*b", "*" * 64])
def test_no_pattern_takes_long(pattern: str) -> None:
    """A token may have been issued before patterns were bounded."""
    within(MOST_SECONDS, lambda room: matches_any((pattern,), room.decode()), b"a" * 64, ValueError)


@pytest.mark.parametrize(
    "patterns, found",
    [
        (("*",), (Span("", "@"), Span("A", "\U0010ffff"))),
        (("lobby",), (Span("lobby", "lobby\x01"),)),
        (("b-*", "a*", "b-1", "a"), (Span("a", "a\U0010ffff"), Span("b-", "b-\U0010ffff"))),
        (("a", "*"), (Span("", "@"), Span("A", "\U0010ffff"))),
        (("a**",), (Span("a", "a\U0010ffff"),)),
        (("*-team", "a*b"), ()),
        (("@*", "@team", "@"), ()),
        ((), ()),
    ],
)
def test_names_that_match_stand_in_spans(patterns: tuple[str, ...], found: object) -> None:
    assert spans(patterns) == found


names = st.text("abz@-ü😀", min_size=1, max_size=4)


@given(st.lists(names | names.map(lambda name: f"{name}*"), max_size=4).map(tuple), names, names)
def test_a_name_is_in_a_span_if_and_only_if_it_matches(
    patterns: tuple[str, ...], name: str, after: str
) -> None:
    is_in = [low <= name < high for low, high in beyond(after, spans(patterns))]
    assert sum(is_in) == (matches_any(patterns, name) and name > after and not name.startswith("@"))
