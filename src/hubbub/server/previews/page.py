"""What a page says of itself in its head: its title, site and description, as Open Graph, Twitter cards and HTML have them.

All of it is hostile: parsing is bounded, lets others go on in between, and what comes out is plain text on one line.
"""

import asyncio
import codecs
import re
from html.parser import HTMLParser

from hubbub.events import LinkPreview
from hubbub.protocol.names import as_line

LONGEST_TITLE, LONGEST_SITE, LONGEST_DESCRIPTION = 200, 80, 300
LONGEST_HEAD = 131_072  # characters, beyond which nothing is looked at
BYTES_AT_ONCE = 8_192  # decoded at once
PIECE = 2_048  # characters parsed at once
LONGEST_TAG = 8_192  # characters of a tag or comment
LONGEST_END = 64  # characters of the end of a script or style
MOST_PARTS = 10_000  # elements, comments and texts that are looked at
MOST_FOUND = 2_000  # characters of one text, before it is cut

# What else Python decodes is nothing that pages are written in.
_CHARSETS = re.compile(
    r"utf-?8|utf-16(le|be)?|us-ascii|iso-?8859-\d{1,2}|windows-125\d|koi8-[ru]|macintosh|ibm866"
    r"|shift_jis|euc-jp|iso-2022-jp|gb2312|gbk|gb18030|big5|euc-kr"
)
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_IN_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
_HEAD_ENDS = re.compile(r"</head\b|<body\b", re.IGNORECASE)

_TITLES = "og:title", "twitter:title", "title"
_SITES = "og:site_name", "application-name"
_DESCRIPTIONS = "og:description", "twitter:description", "description"
_WANTED = frozenset({*_TITLES, *_SITES, *_DESCRIPTIONS} - {"title"})


async def preview_of(url: str, body: bytes, content_type: str) -> LinkPreview | None:
    """Return what a page of HTML says of itself, or None if it has no title. Python's parser may raise anything."""
    text = await _decoded(body, _charset_of(body, content_type))
    found = await _found_in(text.removeprefix("\ufeff"))
    title = _first(found, _TITLES, LONGEST_TITLE)
    if not title:
        return None
    description = _first(found, _DESCRIPTIONS, LONGEST_DESCRIPTION)
    return LinkPreview(
        url,
        title,
        _first(found, _SITES, LONGEST_SITE),
        "" if description == title else description,
    )


def _first(found: dict[str, str], names: tuple[str, ...], most: int) -> str:
    """Return the first of these texts that shows something."""
    lines = (as_line(found[name], most) for name in names if name in found)
    return next(filter(None, lines), "")


def _charset_of(body: bytes, content_type: str) -> str:
    """Return how a page is written, as it says, or as most are."""
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return charset
    named = _IN_HEADER.search(content_type)
    within = _IN_META.search(body[:1024])
    name = named[1] if named else within[1].decode("ascii", "replace") if within else "utf-8"
    name = name.lower()
    name = {"iso-8859-1": "windows-1252", "us-ascii": "windows-1252"}.get(name, name)
    return name if _CHARSETS.fullmatch(name) else "utf-8"


async def _decoded(body: bytes, charset: str) -> str:
    """Return the beginning of a page's text, whatever its bytes are. No step takes long."""
    try:
        decoder = codecs.getincrementaldecoder(charset)("replace")
    except LookupError:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = ""
    for at in range(0, len(body), BYTES_AT_ONCE):
        await asyncio.sleep(0)
        text += decoder.decode(body[at : at + BYTES_AT_ONCE])
        if len(text) >= LONGEST_HEAD:
            return text
    return text + decoder.decode(b"", final=True)


async def _found_in(text: str) -> dict[str, str]:
    """Return the texts in a page's head by their names. No step takes long."""
    end = _HEAD_ENDS.search(text, 0, LONGEST_HEAD)
    text = text[: end.start() if end else LONGEST_HEAD]
    head = _Head()
    for at in range(0, len(text), PIECE):
        await asyncio.sleep(0)
        head.feed(text[at : at + PIECE])
        if len(head.rawdata) > LONGEST_TAG or head.parts > MOST_PARTS:
            break
    return head.found


class _Head(HTMLParser):
    """Collects the title, and what the meta elements say; the first of each counts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}
        self.parts = 0
        self._is_title = False

    def updatepos(self, i: int, j: int) -> int:
        """Count the parts; nobody asks for their lines."""
        self.parts += 1
        return j

    def feed(self, data: str) -> None:
        """Parse more. Of a script or style, only its end matters, however much comes before that."""
        super().feed(data)
        if self.cdata_elem in ("script", "style"):
            self.rawdata = self.rawdata[-LONGEST_END:]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a meta element says, or that a title begins."""
        if tag == "title":
            self._is_title = "title" not in self.found
        elif tag == "meta":
            given = dict(reversed(attrs))
            name = (given.get("property") or given.get("name") or "").lower()
            if name in _WANTED:
                self.found.setdefault(name, (given.get("content") or "")[:MOST_FOUND])

    def handle_endtag(self, tag: str) -> None:
        """Note that a title ends."""
        if tag == "title":
            self._is_title = False

    def handle_data(self, data: str) -> None:
        """Collect the title."""
        if self._is_title:
            self.found["title"] = (self.found.get("title", "") + data)[:MOST_FOUND]
