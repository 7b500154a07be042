"""Mentions as people type them: an @ before a handle, where a word may begin, but not in code."""

import re
from collections.abc import Iterator
from itertools import islice

from hubbub.protocol.code import outside_code

HERE, ROOM = "here", "room"  # after an @: who is present, and all members
# In a text that are looked at; what comes after them mentions nobody. Each reading of a place is looked up.
MAX_PLACES, MAX_READINGS = 200, 400

_CJK = "\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_PLACE = re.compile(
    rf"(?:(?<=[\s(\[{{<\"'“‘«‹¿¡*_~{_CJK}])|(?<!.)|(?<=\n))"
    r"@([A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?)"
    rf"(?![^\W_{_CJK}]|@|[._-]+[A-Za-z0-9])"
)
_SEPARATOR = re.compile(r"[._-]+")


def mentioned_in(text: str) -> list[list[str]]:
    """Return what a text may mention: for each place the handles that it may mean, the longest first, in lower case."""
    found = islice(_PLACE.finditer(outside_code(text)), MAX_PLACES)
    meant: list[list[str]] = []
    left = MAX_READINGS
    for place in dict.fromkeys(each[1].lower() for each in found):
        meant.append(list(islice(_readings(place), left)))
        left -= len(meant[-1])
    return [readings for readings in meant if readings]


def _readings(place: str) -> Iterator[str]:
    """Yield the handles that a text may mean: all of it, or less by what comes after a separator."""
    yield place
    ends = [found.start() for found in _SEPARATOR.finditer(place)]
    yield from (place[:end] for end in reversed(ends))
