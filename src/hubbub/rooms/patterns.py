"""Patterns of room names, in which each `*` stands for any characters: bounded, and matched in linear time."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from hubbub.protocol.names import is_room_name

_FIRST, _LAST = (
    "\x01",
    "\U0010ffff",
)  # no name contains them: they sort before, and after, all that do follow
MAX_STARS = 8  # in one pattern
MAX_PATTERNS = 100  # in one credential
PATTERNS_RULE = f"up to {MAX_PATTERNS} room names, each with up to {MAX_STARS} `*` that stand for any characters"


def are_room_patterns(patterns: Sequence[str]) -> bool:
    """Whether a credential may be for these rooms: see `PATTERNS_RULE`."""
    return len(patterns) <= MAX_PATTERNS and all(map(_is_room_pattern, patterns))


class Span(NamedTuple):
    """Names from `low` on, up to but without `high`, in the order of their characters."""

    low: str
    high: str


EVERY_NAME = (Span("", _LAST),)


@lru_cache(maxsize=1024)
def spans(patterns: tuple[str, ...]) -> tuple[Span, ...]:
    """Where all names match one of the patterns, in order and apart from each other.

    So who lists rooms by spans reads none that they may not know, and takes no time for them. A pattern
    with a `*` elsewhere than at its end has no span: names that match it stand among others.
    """
    found: list[Span] = []
    for span in sorted(filter(None, map(_span, patterns))):
        if found and span.low <= found[-1].high:
            found[-1] = Span(found[-1].low, max(found[-1].high, span.high))
        else:
            found.append(span)
    return tuple(found)


def beyond(name: str, spans: Iterable[Span]) -> list[Span]:
    """What of the spans is after a name."""
    lowest = name + _FIRST if name else ""
    return [Span(max(low, lowest), high) for low, high in spans if lowest < high]


def _span(pattern: str) -> Span | None:
    name, star, rest = pattern.partition("*")
    if rest.strip("*"):
        return None
    return Span(name, name + (_LAST if star else _FIRST))


@lru_cache(maxsize=4096)
def matches_any(patterns: tuple[str, ...], room: str) -> bool:
    """Whether a room's name matches one of the patterns."""
    return any(_matches(pattern, room) for pattern in patterns)


def _matches(pattern: str, room: str) -> bool:
    """Each part between stars is taken where it first occurs: if any place will do, that one does."""
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
