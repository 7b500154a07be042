"""Patterns of room names, in which `*` stands for any characters. Bounded, and matched in linear time."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from hubbub.protocol.names import is_room_name

_FIRST, _LAST = (
    "\x01",
    "\U0010ffff",
)  # no name contains these; they sort before and after all characters of names
_AT, _AFTER_AT = "@", "A"  # what begins with `@` is no free room, so no pattern stands for it
MAX_STARS = 8  # in one pattern
MAX_PATTERNS = 100  # in one credential
PATTERNS_RULE = f"up to {MAX_PATTERNS} room names, each with up to {MAX_STARS} `*` that stand for any characters"


def are_room_patterns(patterns: Sequence[str]) -> bool:
    """Whether a credential may have these patterns; see `PATTERNS_RULE`."""
    return len(patterns) <= MAX_PATTERNS and all(map(_is_room_pattern, patterns))


class Span(NamedTuple):
    """The names from `low` up to, but not including, `high`, in code point order."""

    low: str
    high: str


EVERY_NAME = (Span("", _LAST),)


@lru_cache(maxsize=1024)
def spans(patterns: tuple[str, ...]) -> tuple[Span, ...]:
    """Return the disjoint spans, in order, in which all names match one of the patterns.

    Names that begin with `@` are in none: they are reserved.
    Listing rooms by spans never reads rooms that the caller may not know. A pattern with a `*`
    anywhere but at its end has no span, since matching names are scattered among others.
    """
    found: list[Span] = []
    for span in sorted(part for pattern in patterns for part in _spans(pattern)):
        if found and span.low <= found[-1].high:
            found[-1] = Span(found[-1].low, max(found[-1].high, span.high))
        else:
            found.append(span)
    return tuple(found)


def beyond(name: str, spans: Iterable[Span]) -> list[Span]:
    """Return the parts of the spans after a name."""
    lowest = name + _FIRST if name else ""
    return [Span(max(low, lowest), high) for low, high in spans if lowest < high]


def _spans(pattern: str) -> list[Span]:
    name, star, rest = pattern.partition("*")
    if rest.strip("*"):
        return []
    high = name + (_LAST if star else _FIRST)
    parts = Span(name, min(high, _AT)), Span(max(name, _AFTER_AT), high)
    return [part for part in parts if part.low < part.high]


@lru_cache(maxsize=4096)
def matches_any(patterns: tuple[str, ...], room: str) -> bool:
    """Whether a room's name matches one of the patterns."""
    return any(_matches(pattern, room) for pattern in patterns)


def _matches(pattern: str, room: str) -> bool:
    """Match each part between stars at its first occurrence; if any occurrence works, the first one does."""
    first, *rest = pattern.split("*")
    if not rest:
        return room == pattern
    if not room.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = room.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(room) - at >= len(last) and room.endswith(last)


def _is_room_pattern(pattern: str) -> bool:
    return pattern.count("*") <= MAX_STARS and is_room_name(pattern.replace("*", "x"))
