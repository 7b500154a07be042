"""Which messages match a query, where in their text, and how well. What stores find is checked by the same functions."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from hubbub.domain.search.query import Phrase, SearchQuery
from hubbub.domain.search.terms import Term, terms_of
from hubbub.protocol.keys import is_thread_key

_LINK = re.compile(r"\bhttps?://[^\s<>]", re.IGNORECASE)


class Searched(NamedTuple):
    """What is searched of a message: its text, author, room and time, and what it has."""

    text: str
    by: str
    room: str
    at: str
    files: Sequence[str] = ()  # the media types of its files


def time_of(at: str) -> int:
    """Return a time in milliseconds since 1970."""
    return max(0, round(datetime.fromisoformat(at).timestamp() * 1000))


def traits_of(message: Searched) -> list[str]:
    """Return what a message has and is, as filters call it, except for what changes without the message."""
    found = ["link"] if _LINK.search(message.text) else []
    found += ["file"] if message.files else []
    found += ["image"] if any(kind.startswith("image/") for kind in message.files) else []
    return [*found, "thread"] if is_thread_key(message.room) else found


def matches(query: SearchQuery, message: Searched) -> list[tuple[int, int]] | None:
    """Return where the words of a query stand in a message, as (start, length) in characters, or None if it doesn't match.

    Rooms are not compared, nor whether it is pinned: stores know that better.
    """
    at = time_of(message.at)
    if (query.after is not None and at < query.after) or (
        query.before is not None and at >= query.before
    ):
        return None
    if query.authors and message.by not in query.authors:
        return None
    if not (query.has | (query.of_kind - {"pinned"})) <= set(traits_of(message)):
        return None
    terms = terms_of(message.text) if query.phrases else []
    spans: list[tuple[int, int]] = []
    for phrase in query.phrases:
        found = list(_places(phrase, terms))
        if not found:
            return None
        spans += found
    return _joined(spans)


def _places(phrase: Phrase, terms: Sequence[Term]) -> Iterable[tuple[int, int]]:
    """Yield where a phrase begins and ends in a text of these terms."""
    length = len(phrase.terms)
    *before, last = phrase.terms
    for n in range(len(terms) - length + 1):
        end = terms[n + length - 1]
        if phrase.is_prefix:
            is_last = end.text.startswith(last)
        else:
            is_last = end.text == last
        if is_last and all(terms[n + k].text == each for k, each in enumerate(before)):
            is_part = phrase.is_prefix and end.middle < end.end
            yield terms[n].start, end.middle if is_part else end.end


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order as (start, length), those that touch one another as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return [(start, end - start) for start, end in joined]


def relevance(message: Searched, spans: Sequence[tuple[int, int]]) -> float:
    """Return how well a message that matches does so: the more of its text was asked for, and the earlier it stands there."""
    covered = sum(length for _, length in spans)
    first = spans[0][0] if spans else 0
    return (covered + len(spans)) / (20 + len(message.text)) + 1 / (10 + first)
