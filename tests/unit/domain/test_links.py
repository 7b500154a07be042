"""The links in a text."""

import pytest

from hubbub.domain.links import links_in
from hubbub.protocol.messages import LONGEST_URL
from tests.support.costly import MOST_SECONDS, within

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


@pytest.mark.parametrize(
    "text",
    [
        "http://a" + ")" * 60_000,
        "http://a" + "()" * 30_000,
        f"{A}/{'x' * LONGEST_URL} " * 28,
        f"{A}/{'.' * LONGEST_URL} " * 28,
        f"{A} " * 3_000,
        "://" + "\n" * 60_000,
        "://" + "```\n" * 16_000,
        "://" + "`a`" * 20_000,
        "://" + "`\n" * 32_000,
        "://" + "http:/ " * 9_000,
    ],
    ids=lambda text: text[:12],
)
def test_no_text_takes_long(text: str) -> None:
    within(MOST_SECONDS, lambda each: links_in(each.decode(), 3), text.encode(), ValueError)
