"""Refusals as responses."""

import json

from hubbub.protocol.errors import Refusal
from hubbub.server.http.problems import problem


def test_a_refusal_may_quote_a_header_that_is_no_utf_8() -> None:
    """aiohttp keeps its bytes as lone surrogates."""
    refusal = Refusal("unsupported", "Unsupported content type: x/\udcff", hint="not \udcfc")
    response = problem(refusal)
    assert isinstance(response.body, bytes)
    assert (json.loads(response.body)["detail"], response.status) == (
        r"Unsupported content type: x/\udcff",
        415,
    )
