"""The links in the text of a message, outside of code."""

import re

from hubbub.protocol.messages import LONGEST_URL

_FENCE = re.compile(r" {0,3}(```|~~~)")
_CODE = re.compile(r"`+[^`]*`+")
_LINK = re.compile(r"(?<![A-Za-z0-9])https?://[^\s<>\"`\\^{}|]+", re.IGNORECASE)
_PAIRS = {")": "(", "]": "["}


def links_in(text: str, most: int) -> list[str]:
    """Return the first addresses of http and https in a text, each once, without those in code, and those that are too long."""
    found: dict[str, None] = {}
    if "://" in text:
        for line in _outside_code(text):
            for match in _LINK.finditer(_CODE.sub(" ", line)):
                url = _without_end(match[0])
                if len(url) <= LONGEST_URL:
                    found.setdefault(url)
                if len(found) == most:
                    return list(found)
    return list(found)


def _outside_code(text: str) -> list[str]:
    """The lines outside of fences."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        begun = _FENCE.match(line)
        if begun and fence in ("", begun[1]):
            fence = "" if fence else begun[1]
        elif not fence:
            lines.append(line)
    return lines


def _without_end(url: str) -> str:
    """The address without what ends the sentence, or the Markdown, around it."""
    end = len(url)
    while end:
        last = url[end - 1]
        opening = _PAIRS.get(last)
        is_unpaired = opening and url.count(last, 0, end) > url.count(opening, 0, end)
        if not (is_unpaired or last in ".,;:!?'*_~"):
            break
        end -= 1
    return url[:end]
