"""Keywords of one's own: words that an account wants to be told of, and how they are found in a text."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from hubbub.domain.records import Table


class KeywordKey(NamedTuple):
    """Identifies a keyword, in the own log of its account. `word` is in the form that is compared."""

    account: str
    word: str


class KeywordRow(NamedTuple):
    """A keyword, and since when messages are looked through for it."""

    account: str
    word: str
    since: str


KEYWORDS = Table("keyword", KeywordKey, KeywordRow)

# Writing without spaces between words, or with endings that stick to them: each character counts as a word.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Marks that belong to the letter before, which `\w` leaves out, where scripts can't do without them.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0981-\u0df3\u0f71-\u0f84\u200c\u200d"
)
_WORD = re.compile(rf"[{_SPACELESS}]|(?:[^\W{_SPACELESS}]|[{_MARKS}])+")


def words_in(text: str) -> list[str]:
    """Return the words of a text in the form that is compared: case-folded, and without what may be written in two ways."""
    return _WORD.findall(
        unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    )


def compared(keyword: str) -> str:
    """Return a keyword in the form that is compared: its words with spaces between. Empty if it has none."""
    return " ".join(words_in(keyword))


class Lookout:
    """The keywords of many accounts, by their first words, so that a text is read once for all of them."""

    def __init__(self, rows: Iterable[KeywordRow]) -> None:
        self._by_first: dict[str, dict[tuple[str, ...], list[KeywordRow]]] = {}
        found: defaultdict[tuple[str, ...], list[KeywordRow]] = defaultdict(list)
        for row in rows:
            found[tuple(row.word.split())].append(row)
        for words, some in found.items():
            self._by_first.setdefault(words[0], {})[words] = some

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_first)

    def called_by(self, text: str, at: str) -> set[str]:
        """Return the accounts with a keyword in a text that was written at a time, or after they chose it."""
        words, called = words_in(text), set()
        for place, word in enumerate(words):
            for keyword, rows in self._by_first.get(word, {}).items():
                if tuple(words[place : place + len(keyword)]) == keyword:
                    called |= {row.account for row in rows if row.since <= at}
        return called
