"""The links in the text of a message, outside of code."""

import re
from itertools import islice

from hubbub.protocol.code import outside_code
from hubbub.protocol.messages import LONGEST_URL

MOST_LOOKED_AT = 500  # links of one text
LONGEST_END = 64  # characters after a link that end the sentence around it

_LINK = re.compile(r"(?<![A-Za-z0-9])[Hh][Tt]{2}[Pp][Ss]?://[^\s<>\"`\\^{}|]+")
_PAIRS = {")": "(", "]": "["}


def links_in(text: str, most: int) -> list[str]:
    """Return the first addresses of http and https in a text, each once, without those in code, and those that are too long."""
    found: dict[str, None] = {}
    if "://" in text:
        for match in islice(_LINK.finditer(outside_code(text)), MOST_LOOKED_AT):
            url = _without_end(match[0][: LONGEST_URL + LONGEST_END])
            if len(url) <= LONGEST_URL:
                found.setdefault(url)
            if len(found) == most:
                break
    return list(found)


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
