import copy
from typing import Any

import pytest
from hypothesis import given

from hubbub.protocol.merge import merge
from tests.unit.protocol.strategies import json_values

# The test cases of RFC 7396, appendix A: original, patch, result.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize("document, patch, result", EXAMPLES)
def test_the_examples_of_the_rfc(document: Any, patch: Any, result: Any) -> None:
    assert merge(document, patch) == result


@given(json_values, json_values)
def test_merging_changes_neither_the_document_nor_the_patch(document: Any, patch: Any) -> None:
    document_before, patch_before = copy.deepcopy((document, patch))
    merge(document, patch)
    assert (document, patch) == (document_before, patch_before)


@given(json_values, json_values)
def test_merging_the_same_patch_again_changes_nothing(document: Any, patch: Any) -> None:
    once = merge(document, patch)
    assert merge(once, patch) == once


@given(json_values)
def test_an_empty_patch_leaves_an_object_as_it_is(document: Any) -> None:
    assert merge(document, {}) == (document if isinstance(document, dict) else {})
