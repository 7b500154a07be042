"""What a page says of itself, whatever it is made of."""

import asyncio
import time

import pytest

from hubbub.events import LinkPreview
from hubbub.protocol.names import is_line
from hubbub.server.previews import page
from hubbub.server.previews.page import (
    LONGEST_DESCRIPTION,
    LONGEST_SITE,
    LONGEST_TITLE,
    preview_of,
)
from tests.support.costly import MOST_SECONDS

URL = "https://a.example/"
WHOLE = 262_144  # as much as is fetched


def of(said: str | bytes, kind: str = "text/html") -> LinkPreview | None:
    return asyncio.run(preview_of(URL, said.encode() if isinstance(said, str) else said, kind))


def test_open_graph_counts_before_cards_and_these_before_html() -> None:
    text = (
        "<title>The title</title><meta name=description content='In HTML'>"
        "<meta name=twitter:title content='On Twitter'>"
        "<META PROPERTY='og:site_name' CONTENT='A site'>"
    )
    assert of(text) == LinkPreview(URL, "On Twitter", "A site", "In HTML")
    text += "<meta property=og:title content='A title'><meta property=og:description content='About &amp; more'>"
    assert of(text) == LinkPreview(URL, "A title", "A site", "About & more")
    assert of("<title> \n </title><meta property=og:title content=''>") is None
    assert of("<title>This &amp; that</title>") == LinkPreview(URL, "This & that")
    assert of("no page at all") is None
    assert of("<title>same</title><meta name=description content=same>") == LinkPreview(URL, "same")


def test_only_the_head_is_read_and_scripts_of_any_length_are_passed_over() -> None:
    script = f"<script>{'if (a<b) {};' * 5_000}</script><style>{'x' * 20_000}</style>"
    assert of(f"{script}<title>after them</title>") == LinkPreview(URL, "after them")
    assert of("</head><body><title>in a picture</title>") is None


@pytest.mark.parametrize(
    "said, kind, title",
    [
        ("<title>café</title>".encode("latin1"), "text/html; charset=ISO-8859-1", "café"),
        ("<meta charset=shift_jis><title>日本</title>".encode("shift_jis"), "text/html", "日本"),
        ("\ufeff<title>grüß</title>".encode("utf-16-le"), "text/html", "grüß"),
        (b"<meta charset=unicode_escape><title>\\u0041</title>", "", "\\u0041"),
        (b"<title>A\xff</title>", "text/html; charset=rot13", "A\N{REPLACEMENT CHARACTER}"),
        (b"<title>A</title>", "text/html; charset=iso-8859-99", "A"),
    ],
)
def test_a_page_is_read_as_it_was_written(said: bytes, kind: str, title: str) -> None:
    assert of(said, kind) == LinkPreview(URL, title)


def test_what_comes_out_is_plain_and_short() -> None:
    evil = "<script>alert(1)</script>\u202egnp\0\x1b[2J\n\u2028a\u2066"
    said = "".join(
        f"<meta property='og:{name}' content='{evil * 50}'>"
        for name in ("title", "site_name", "description")
    )
    found = of(said)
    assert found is not None
    for text, most in (
        (found.title, LONGEST_TITLE),
        (found.site, LONGEST_SITE),
        (found.description, LONGEST_DESCRIPTION),
    ):
        assert text.startswith("<script>alert(1)</script>gnp"), "as text, not as markup"
        assert is_line(text) and len(text) <= most


@pytest.mark.parametrize("piece", ["<!--", "<a ", "<a b='", "<a a", "<![CDATA[", "<?", "</a"])
def test_what_never_ends_is_given_up(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[str] = []

    class Head(page._Head):
        def feed(self, data: str) -> None:
            fed.append(data)
            super().feed(data)

    monkeypatch.setattr(page, "_Head", Head)
    assert of(f"<title>A title</title>{piece * WHOLE}") is not None
    assert len(fed) <= page.LONGEST_TAG // page.PIECE + 1


@pytest.mark.parametrize(
    "piece",
    [
        *(b"<a>", b"<", b"</", b"<title>", b"<title><<<<", b"<title><a>&", b"<!-->", b"<a b=&#"),
        *(b"</title>]]>&a<a </script", b"<?>", b"<!x>", b"\x81"),
    ],
)
def test_no_page_holds_the_loop(piece: bytes) -> None:
    body = b"<title>A title</title>" + piece * (WHOLE // len(piece))

    async def read() -> float:
        """The longest step."""
        reading = asyncio.ensure_future(preview_of(URL, body, "text/html; charset=windows-1252"))
        longest = 0.0
        while not reading.done():
            begin = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - begin)
        assert reading.result()
        return longest

    assert min(asyncio.run(read()) for _ in range(3)) < MOST_SECONDS
