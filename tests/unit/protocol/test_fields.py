"""Headers as HTTP has them: lists in one line or several, media types in any case."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from hubbub.protocol.fields import content_type, elements, media_type, prefers, words
from tests.support.costly import MOST_SECONDS, within

STREAM, JSON = "text/event-stream", "application/json"


def headers(name: str, *lines: str) -> CIMultiDict[str]:
    return CIMultiDict([(name, line) for line in lines])


@pytest.mark.parametrize(
    "lines, expected",
    [
        ([], []),
        (["a"], ["a"]),
        (["a, b,c"], ["a", "b", "c"]),
        (["a", "b, c"], ["a", "b", "c"]),
        ([" a ,, \t,b", ""], ["a", "b"]),
        (['a;x="1,2", b'], ['a;x="1,2"', "b"]),
        ([r'a;x="\",", b'], [r'a;x="\","', "b"]),
        (['"open, b'], ['"open', "b"]),
        (['a;x="1,2", "open, b'], ['a;x="1,2"', '"open', "b"]),
    ],
)
def test_a_list_may_stand_in_several_lines(lines: list[str], expected: list[str]) -> None:
    assert elements(headers("X-List", *lines), "x-list") == expected


DEAR = {
    "quotes that none closes": '"\\' * 30_000,
    "many quotes": '"' * 60_001,
    "many elements": "a/b;q=0.1," * 6_000,
    "many parameters": "a/b" + "; " * 30_000,
    "many commas": "," * 60_000,
}


@pytest.mark.parametrize("line", DEAR.values(), ids=DEAR)
def test_no_header_is_dear_to_read(line: str) -> None:
    """As long as a head may be: it is read before anyone knows whose it is."""

    def read(_: bytes) -> None:
        prefers(headers("Accept", line), STREAM, JSON)

    within(MOST_SECONDS, read, b"", ValueError)


def test_words_are_the_same_in_any_case() -> None:
    assert words(headers("Connection", "Keep-Alive, UPGRADE"), "Connection") == [
        "keep-alive",
        "upgrade",
    ]


@given(st.lists(st.text("abc", min_size=1), min_size=1), st.data())
def test_where_a_list_is_broken_into_lines_means_nothing(
    tokens: list[str], data: st.DataObject
) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(tokens))))
    ends = [0, *sorted(cuts), len(tokens)]
    lines = [",".join(tokens[begin:end]) for begin, end in pairwise(ends)]
    assert elements(headers("X", *lines), "X") == tokens


@pytest.mark.parametrize(
    "text, name, parameters",
    [
        ("application/json", JSON, {}),
        ("Application/JSON; Charset=utf-8", JSON, {"charset": "utf-8"}),
        ('application/json ;charset="a\\"b";', JSON, {"charset": 'a"b'}),
        ("*/*;q=0.1", "*/*", {"q": "0.1"}),
    ],
)
def test_a_media_type_has_any_case_and_parameters(
    text: str, name: str, parameters: dict[str, str]
) -> None:
    assert media_type(text) == (name, parameters)


@pytest.mark.parametrize("text", ["", "json", "application/", "a/b c", "a/b; x", "a/b/c", "a /b"])
def test_an_invalid_media_type_is_ignored(text: str) -> None:
    assert media_type(text) is None


def test_a_body_has_one_content_type() -> None:
    assert content_type(headers("Content-Type", JSON)) == (JSON, {})
    assert content_type(headers("Content-Type", JSON, "text/plain")) is None
    assert content_type(headers("Content-Type", f"{JSON}, text/plain")) is None
    assert content_type(headers("Content-Type")) is None


@pytest.mark.parametrize(
    "lines, is_stream",
    [
        ([STREAM], True),
        (["Text/Event-Stream"], True),
        (["text/event-stream; charset=utf-8, */*;q=0.1"], True),
        ([JSON, STREAM], True),
        ([f"{JSON}, {STREAM};q=0.5"], False),
        ([f"{STREAM};q=0"], False),
        ([f"{STREAM};q=x"], False),
        (["text/event-streams", "x-text/event-stream"], False),
        (["*/*"], False),
        (["text/*"], False),
        ([], False),
    ],
)
def test_a_stream_is_for_those_who_name_it(lines: list[str], is_stream: bool) -> None:
    assert prefers(headers("Accept", *lines), STREAM, JSON) is is_stream
