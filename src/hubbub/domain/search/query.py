"""Queries: what people type into a search, as what a message must be like."""

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hubbub.domain.search.terms import pieces_of

MOST_WORDS = 20
SHORTEST_NAME = 3  # letters of a name that can resemble a filter
HAS = ("link", "file", "image")
IS = ("pinned", "thread")

_SIGNS = str.maketrans("“”„‟«»＂「」『』：", '"' * 11 + ":")  # as other keyboards write them
PARTS = re.compile(
    r'(?P<name>[a-z]+):(?P<value>"[^"]*"|[^\s"]*)|"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<word>[^\s"]+)',
    re.I,
)
DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_FORMS = "use a day such as 2026-05-31, a month, a year, or a time such as 2026-05-31T18:00:00Z"


class BadQuery(ValueError):
    """The query can't be understood. The message says why, and what to write instead."""


class Phrase(NamedTuple):
    """Terms that follow one another. The last one only begins so, if it is a `prefix`."""

    terms: tuple[str, ...]
    is_prefix: bool = False


class SearchQuery(NamedTuple):
    """What a message must be like: it has all phrases, one of the authors, is in one of the rooms, and so on; what is empty doesn't matter.

    Attributes:
        authors, rooms: as they were typed.
        after, before: times in milliseconds since 1970; it was posted at `after` or later, and before `before`.
        has, of_kind: all of these.
    """

    phrases: tuple[Phrase, ...] = ()
    authors: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    after: int | None = None
    before: int | None = None
    has: frozenset[str] = frozenset()
    of_kind: frozenset[str] = frozenset()


def plain(text: str) -> str:
    """Return a query with the quotation marks and colons that `PARTS` knows."""
    return text.translate(_SIGNS)


def query_of(text: str) -> SearchQuery:
    """Return what a query says. Raises BadQuery."""
    text = plain(text)
    if text.count('"') % 2:
        raise BadQuery('A quotation mark (") is missing: phrases have one at each end')
    found = _Reading()
    for part in PARTS.finditer(text):
        name = (part["name"] or "").lower()
        if name in _FILTERS:
            _FILTERS[name](found, _value(part))
        elif (phrase := part["phrase"]) is not None:
            found.add(phrase, is_prefix=bool(part["star"]) or phrase.rstrip().endswith("*"))
        else:
            found.add(part[0].replace('"', " "), is_prefix=part[0].endswith("*"))
    return found.query()


def hint_on(text: str) -> str | None:
    """Return a sentence for people, if the query may not mean what they intended. It can be understood nevertheless."""
    text = plain(text)
    for part in PARTS.finditer(text):
        name, word = (part["name"] or "").lower(), part["word"]
        if name and name not in _FILTERS and part["value"] and (meant := _meant(name)):
            right = f"{meant}:{part['value']}"
            wrong = f"There is no filter {part['name']}:, so {part[0]} was searched for as text"
            return f"Did you mean {right}? {wrong}"
        if word in _OPERATORS:
            return f"{word} is searched for as a word: results contain every word of the query"
    if minus := _MINUS.search(text):
        return f"Searches can't exclude words: the minus sign in {minus[0]} has no effect"
    return None


def _meant(name: str) -> str | None:
    """Return the filter that somebody means who writes another name, if any."""
    close = difflib.get_close_matches(name, _FILTERS, 1, 0.75) if len(name) >= SHORTEST_NAME else []
    return _SYNONYMS.get(name, close[0] if close else None)


def _value(part: re.Match[str]) -> str:
    """Return the value of a filter. Raises BadQuery if there is none."""
    name, value = part["name"].lower(), part["value"].strip('"')
    if not value.strip():
        raise BadQuery(
            f"The filter {name}: has no value: write one right after the colon, such as {name}:{_EXAMPLES[name]}"
        )
    return value


def phrase_of(text: str, *, is_prefix: bool = False) -> Phrase | None:
    """Return the terms that stand for a part of a text, or None if it has none.

    A run at the end may go on in the text, so the term of its last character alone is left out, or only begins a term.
    """
    pieces = pieces_of(text)
    if not pieces:
        return None
    *before, last = pieces
    terms = [term.text for piece in before for term in piece.terms()]
    terms += [term.text for term in last.terms(is_whole=False)]
    is_one = last.is_run and len(last.parts) == 1
    return Phrase(tuple(terms), is_one or (is_prefix and not last.is_run))


class _Reading:
    """What was read of a query."""

    def __init__(self) -> None:
        self.phrases: list[Phrase] = []
        self.authors: list[str] = []
        self.rooms: list[str] = []
        self.after: list[int] = []
        self.before: list[int] = []
        self.has: set[str] = set()
        self.of_kind: set[str] = set()

    def add(self, text: str, *, is_prefix: bool) -> None:
        """Add a word or a phrase."""
        phrase = phrase_of(text, is_prefix=is_prefix)
        if phrase is not None and phrase not in self.phrases:
            self.phrases.append(phrase)

    def query(self) -> SearchQuery:
        """Return it as a whole. Raises BadQuery if it is nothing, or too much."""
        if len(self.phrases) + len(self.authors) + len(self.rooms) > MOST_WORDS:
            raise BadQuery(f"Too many words: use at most {MOST_WORDS}")
        query = SearchQuery(
            tuple(self.phrases),
            tuple(self.authors),
            tuple(self.rooms),
            max(self.after, default=None),
            min(self.before, default=None),
            frozenset(self.has),
            frozenset(self.of_kind),
        )
        if query == SearchQuery():
            raise BadQuery("Nothing to search for: use a word, a phrase, an emoji or a filter")
        return query


def _after(found: _Reading, value: str) -> None:
    found.after.append(_times(value, "after")[1])


def _before(found: _Reading, value: str) -> None:
    found.before.append(_times(value, "before")[0])


def _has(found: _Reading, value: str) -> None:
    found.has.add(_one_of(value, "has", HAS))


def _is(found: _Reading, value: str) -> None:
    found.of_kind.add(_one_of(value, "is", IS))


_FILTERS = {
    "from": lambda found, value: found.authors.append(value),
    "in": lambda found, value: found.rooms.append(value),
    "after": _after,
    "before": _before,
    "has": _has,
    "is": _is,
}


_EXAMPLES = {
    "from": "ada",
    "in": "#plans",
    "has": HAS[0],
    "is": IS[0],
    "after": "2026-05",
    "before": "2026-05-31",
}
# What these filters are called elsewhere.
_SYNONYMS = {
    "author": "from",
    "by": "from",
    "sender": "from",
    "user": "from",
    "channel": "in",
    "room": "in",
    "since": "after",
    "until": "before",
}
_OPERATORS = ("AND", "NOT", "OR")
_MINUS = re.compile(r'(?<!\S)-(?:"[^"]*"|[^\W\d_]\S*)')


def _one_of(value: str, name: str, known: tuple[str, ...]) -> str:
    if value.lower() not in known:
        *others, last = [f"{name}:{each}" for each in known]
        raise BadQuery(f"Unknown filter {name}:{value}: use {', '.join(others)} or {last}")
    return value.lower()


def _times(value: str, name: str) -> tuple[int, int]:
    """Return when a day, month or year begins and ends (in UTC), or a moment twice. Raises BadQuery."""
    try:
        if match := DATE.fullmatch(value):
            year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
            begin = datetime(year, month, day, tzinfo=UTC)
            return _ms(begin), _ms(_end(begin, has_month=bool(match[2]), has_day=bool(match[3])))
        moment = datetime.fromisoformat(value.upper())
        if moment.tzinfo is not None:
            return _ms(moment), _ms(moment)
    except (ValueError, OverflowError):
        pass
    raise BadQuery(f"Invalid {name}:{value}: {_FORMS}")


def _end(begin: datetime, *, has_month: bool, has_day: bool) -> datetime:
    if has_day:
        return begin + timedelta(days=1)
    if has_month:
        return (begin.replace(day=28) + timedelta(days=4)).replace(day=1)
    return begin.replace(year=begin.year + 1)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
