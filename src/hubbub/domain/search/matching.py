"""Which messages match a query, where in their text, and how well. What stores find is checked by the same functions."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from hubbub.domain.search.query import Phrase, SearchQuery
from hubbub.domain.search.terms import MOST_TERMS, Term, term_texts_of, terms_of
from hubbub.protocol.keys import is_thread_key

# What is drawn as one: two letters of a flag; an emoji with its tone, form, tags, or what it is joined with.
_DRAWN = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[^\\w\\s](?:[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|\u200d[^\\w\\s])+"
)
_LINK = re.compile(r"\bhttps?://[^\s<>]", re.IGNORECASE)


class Searched(NamedTuple):
    """What is searched of a message: its text, author, room and time, and its files."""

    text: str
    by: str
    room: str
    at: str
    files: Sequence[str] = ()  # the media types of its files
    file_texts: Sequence[str] = ()  # names and alt texts


def fields_of(message: Searched) -> list[list[Term]]:
    """Return the terms of a text, and of what is said of its files. No phrase goes from one to another."""
    fields, left = [], MOST_TERMS
    for each in (message.text, *message.file_texts):
        fields.append(terms_of(each)[:left])
        left -= len(fields[-1])
    return fields


def term_texts_in(message: Searched) -> list[str]:
    """Return the texts of all these terms."""
    fields = message.text, *message.file_texts
    return [text for field in fields for text in term_texts_of(field)][:MOST_TERMS]


def time_of(at: str) -> int:
    """Return a time in milliseconds since 1970."""
    return max(0, round(datetime.fromisoformat(at).timestamp() * 1000))


def traits_of(message: Searched) -> list[str]:
    """Return what a message has and is, as filters call it, except for what changes without the message."""
    found = ["link"] if "://" in message.text and _LINK.search(message.text) else []
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
    terms, *others = fields_of(message) if query.phrases else [[]]
    spans: list[tuple[int, int]] = []
    for phrase in query.phrases:
        found = list(_places(phrase, terms))
        if not found and not any(any(_places(phrase, each)) for each in others):
            return None
        spans += found
    return _joined(_whole(message.text, spans))


def _whole(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans, and all of each emoji of which they have a part: what is drawn as one is highlighted as one."""
    if text.isascii() or not spans:
        return spans
    joined = _joined(spans)
    starts = [start for start, _ in joined]
    drawn = [each.span() for each in _DRAWN.finditer(text)]
    last = [
        bisect_left(starts, high) - 1 for _, high in drawn
    ]  # of the spans that begin before it ends
    parts = [
        each for each, n in zip(drawn, last, strict=True) if n >= 0 and sum(joined[n]) > each[0]
    ]
    return spans + parts


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
