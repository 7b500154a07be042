"""Patterns of room names, in which each `*` stands for any characters: bounded, and matched in linear time."""

from collections.abc import Sequence
from functools import lru_cache

from hubbub.protocol.names import is_room_name

MAX_STARS = 8  # in one pattern
MAX_PATTERNS = 100  # in one credential
PATTERNS_RULE = (
    f"up to {MAX_PATTERNS} room names, each with up to {MAX_STARS} `*` for any characters"
)


def are_room_patterns(patterns: Sequence[str]) -> bool:
    """Whether a credential may be for these rooms: see `PATTERNS_RULE`."""
    return len(patterns) <= MAX_PATTERNS and all(map(_is_room_pattern, patterns))


def literal_prefix(pattern: str) -> str:
    """What the names of all rooms that match begin with."""
    return pattern.partition("*")[0]


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
