"""Strict JSON: bounded before it is parsed, and no dearer than a decoder in C."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.aspects import RULES
from hubbub.protocol.codec import BadFrame, check_strictly, decode_body
from hubbub.protocol.strict import MAX_DEPTH, MAX_VALUES, NotStrict, check_size, strict_value
from tests.support.costly import COSTLY, MOST_SECONDS, within

KEYS = st.sampled_from(["", "a", "b", "__proto__", '"', "\\", 'x"__proto__', "ü", ":", '{"'])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(KEYS, v), max_leaves=20)


def holds(value: Any, key: str) -> bool:
    if isinstance(value, list):
        return any(holds(item, key) for item in value)
    return isinstance(value, dict) and (key in value or any(holds(v, key) for v in value.values()))


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_any_value_comes_back_unless_it_holds_a_dangerous_key(
    value: Any, is_ascii: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    if holds(value, "__proto__"):
        with pytest.raises(NotStrict):
            strict_value(text)
    else:
        assert strict_value(text) == strict_value(text.encode()) == value


@given(st.lists(st.tuples(KEYS, SCALARS), min_size=1), st.booleans())
def test_a_key_twice_is_seen_however_it_is_written(
    members: list[tuple[str, Any]], is_ascii: bool
) -> None:
    written = [f"{json.dumps(k, ensure_ascii=is_ascii)} : {json.dumps(v)}" for k, v in members]
    text = "{" + ",".join(written) + "}"
    keys = [key for key, _ in members]
    if len(set(keys)) < len(keys) or "__proto__" in keys:
        with pytest.raises(NotStrict):
            strict_value(text)
    else:
        assert strict_value(text) == dict(members)


@pytest.mark.parametrize(
    "form",
    ["[{}]", '{{"a":[{}]}}', '["\\"[{{,",{}]', "[ {} ]"],
    ids=["list", "object", "quotes", "blank"],
)
def test_a_text_holds_as_many_values_as_it_may_and_not_one_more(form: str) -> None:
    spare = MAX_VALUES - 10
    strict_value(form.format(",".join(["1"] * spare)))
    with pytest.raises(NotStrict, match="2,000"):
        strict_value(form.format(",".join(["1"] * (MAX_VALUES + 1))))


@pytest.mark.parametrize("form", ["[{}]", '{{"a":{}}}'])
def test_a_text_is_nested_as_deep_as_it_may_and_not_deeper(form: str) -> None:
    def nested(depth: int) -> str:
        text = "1"
        for _ in range(depth):
            text = form.format(text)
        return text

    strict_value(nested(MAX_DEPTH))
    with pytest.raises(NotStrict, match="deep"):
        strict_value(nested(MAX_DEPTH + 1))


def test_what_is_inside_strings_is_not_counted() -> None:
    text = '[]{},:\\"' * 8_000
    check_size(json.dumps({"do": "post", "room": "lobby", "text": text}))
    assert strict_value(json.dumps([text])) == [text]


@pytest.mark.parametrize("size", [65_536, 2 * MAX_VALUES + 64], ids=["largest", "short"])
@pytest.mark.parametrize("what", COSTLY)
def test_no_frame_costs_much(what: str, size: int) -> None:
    value = COSTLY[what](size - 60)
    frame = b'{"do":"leave","room":"lobby","pad":' + value + b"}"
    post = b'{"do":"post","room":"lobby","arguments":[' + value + b"]}"
    for decode, text in (
        (RULES.commands.decode, frame),
        (RULES.commands.decode, post),
        (check_strictly, value),
        (lambda body: decode_body(body, dict[str, Any]), frame),
    ):
        within(MOST_SECONDS, decode, text, BadFrame)
