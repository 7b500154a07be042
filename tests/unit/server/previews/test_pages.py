"""What becomes of links, whatever foreign sites answer."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.server.people.outside.outgoing import Fetched, NotAllowed
from hubbub.server.people.outside.reachable import Reachable
from hubbub.server.previews import pages as previews
from hubbub.server.previews.pages import Pages

PIECES = [
    b"<![",
    b"<!",
    b"]]>",
    b"<title>",
    b"<meta property=og:title content=",
    b"&#",
    b"9" * 5_000,
]
URL = "https://a.example/"


def outcomes_of(body: bytes, kind: str = "text/html") -> list[str]:
    """What becomes of a link to this page."""
    outcomes: list[str] = []
    pages = Pages(Reachable.of([], []), "", lambda: 0.0, outcomes.append)

    async def ask(*_: object, **__: object) -> Fetched:
        return Fetched(200, body, {"Content-Type": kind})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "ask", ask)
        asyncio.run(pages.preview(URL, "ada"))
    return outcomes


@pytest.mark.parametrize(
    "page", ["<![secret bar]]>", f"<meta name=description content='secret &#{'9' * 5_000};'>"]
)
def test_a_page_that_breaks_the_parser_has_no_preview(
    page: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert outcomes_of(page.encode()) == ["failed"]
    [said] = [record.getMessage() for record in caplog.records if record.name == previews.__name__]
    assert said.startswith("Can't read a page that is linked to: ") and "secret" not in said


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), max_size=12).map(b"".join),
    st.sampled_from(["text/html", "text/html; charset=utf-16", "text/html; charset=gb18030"]),
)
def test_whatever_a_page_holds_its_link_has_an_outcome(body: bytes, kind: str) -> None:
    assert outcomes_of(body, kind)[0] in ("found", "none", "failed")


def test_a_page_that_was_asked_for_in_secret_leads_to_no_other() -> None:
    assert previews._next(URL, "/b") == "https://a.example/b"
    assert previews._next("http://a.example/", URL) == URL
    for location in ("http://a.example/", "HTTP://a.example/", "ftp://a.example/", "javascript:x"):
        with pytest.raises(NotAllowed):
            previews._next(URL, location)
