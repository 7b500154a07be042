"""The links in the text of a message, outside of code."""

import re
from collections.abc import Iterator

from hubbub.protocol.messages import LONGEST_URL

MOST_LOOKED_AT = 500  # links, pieces of code and fences of one text
LONGEST_END = 64  # characters after a link that end the sentence around it

_FOUND = re.compile(
    r"^ {0,3}(?P<fence>```|~~~)|`+[^`\n]*`+"
    r"|(?<![A-Za-z0-9])(?P<link>[Hh][Tt]{2}[Pp][Ss]?://[^\s<>\"`\\^{}|]+)",
    re.MULTILINE,
)
_PAIRS = {")": "(", "]": "["}


def links_in(text: str, most: int) -> list[str]:
    """Return the first addresses of http and https in a text, each once, without those in code, and those that are too long."""
    found: dict[str, None] = {}
    if "://" in text:
        for link in _outside_code(text):
            url = _without_end(link)
            if len(url) <= LONGEST_URL:
                found.setdefault(url)
            if len(found) == most:
                break
    return list(found)


def _outside_code(text: str) -> Iterator[str]:
    """The links outside of code, with what follows them up to the next blank, or the beginning of it if that is long."""
    fence = ""
    for _, match in zip(range(MOST_LOOKED_AT), _FOUND.finditer(text), strict=False):
        begun = match["fence"]
        if begun and fence in ("", begun):
            fence = "" if fence else begun
        elif not fence and match["link"]:
            yield match["link"][: LONGEST_URL + LONGEST_END]


def _without_end(url: str) -> str:
    """The address without what ends the sentence, or the Markdown, around it."""
    end = len(url)
    unpaired = {last: url.count(last) - url.count(first) for last, first in _PAIRS.items()}
    while end:
        last = url[end - 1]
        if unpaired.get(last, 0) > 0:
            unpaired[last] -= 1
        elif last not in ".,;:!?'*_~":
            break
        end -= 1
    return url[:end]
