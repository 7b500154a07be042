"""The links in a text."""

import pytest

from hubbub.domain.links import links_in
from hubbub.protocol.messages import LONGEST_URL

A, B = "https://a.example/x", "http://b.example"


@pytest.mark.parametrize(
    "text, links",
    [
        ("no links", []),
        (f"see {A}, {B}.", [A, B]),
        (f"[a text]({A}) <{B}>", [A, B]),
        (f"**{A}** _{B}_", [A, B]),
        (f"{A} {A}", [A]),
        (
            "https://a.example/x_(y) (https://a.example/z)",
            ["https://a.example/x_(y)", "https://a.example/z"],
        ),
        (f"`{A}` ``{A}`` {B}", [B]),
        (f"```\n{A}\n```\n{B}", [B]),
        (f"~~~ python\n{A}\n```\n{A}\n~~~\n{B}", [B]),
        (f"```\n{A}", []),
        ("ftp://a.example javascript://a mailto:a@b.example", []),
        ("https://", []),
        (f"https://a.example/{'x' * LONGEST_URL} {B}", [B]),
        ("HTTPS://A.example", ["HTTPS://A.example"]),
    ],
)
def test_links_are_found_outside_of_code(text: str, links: list[str]) -> None:
    assert links_in(text, 9) == links


def test_only_the_first_count() -> None:
    assert links_in(" ".join(f"https://a.example/{n}" for n in range(9)), 2) == [
        "https://a.example/0",
        "https://a.example/1",
    ]
