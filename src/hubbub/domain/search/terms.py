"""Cuts a text into the terms by which it is found, each with its place in the text.

A term is a word, folded so that case, accents and widths don't matter, or one emoji. Scripts that put no space between words (Han, kana, Hangul, Thai and
others) are cut into pairs of characters and the last character, so whatever stands in such a run is a sequence of terms.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from operator import add
from typing import NamedTuple

VERSION = (
    f"4 {unicodedata.unidata_version}"  # an index of other terms than these must be made again
)
MOST_TERMS = 10_000  # of one text: what follows is not found
LONGEST = 100  # characters of a term that count

FIRST_UNSPACED = "\u0e01"  # before this character, all scripts have spaces between words
# Without spaces between words: Thai, Lao, Myanmar, Khmer, Hangul, Han, kana and Bopomofo.
_UNSPACED = (
    "\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff\u3131-\u318e"
    "\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uffdc\U0001b000-\U0001b16f\U00020000-\U000323af"
)
# Most of these: kana, Han and Hangul that are letters, and folded already.
_PLAIN = "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fef\uac00-\ud7a3"
# What belongs to the character before it, besides marks: invisible joiners and breaks, and the half-width sound marks of kana.
_JOINED = "\u00ad\u200c\u200d\u2060\uff9e\uff9f"
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200c\u200d\u2060\ufe0e\ufe0f\u0640\u20e3"))
# Marks that people often leave out when they type: accents, and the points of Hebrew, Arabic and Hindi.
_LEFT_OUT = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u093c]")
# Letters that are no others with marks, but that people write as these on other keyboards: ł, đ, ı, and those of Persian and Arabic.
_SIMPLE = str.maketrans(
    {
        **dict(
            zip("łđøħŧıð\u064a\u0649\u0643\u0629", "ldohtid\u06cc\u06cc\u06a9\u0647", strict=True)
        ),
        **{"æ": "ae", "œ": "oe", "þ": "th"},
    }
)
# In Hindi, a nasal before another consonant is written as such or as a point: हिन्दी, हिंदी.
_NASAL = re.compile("[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0939])|\u0901")
_POINT = "\u0902"
_CYRILLIC = re.compile("[\u0400-\u052f]")  # whose marks make other letters, except that of ё
# C++, C# and the like: the signs belong to the word, and are kept as wide ones, which no database takes for the end of a word.
_SIGNED = r"(?<![^\W_])[a-z](?:\+\+|\#)(?![^\W_])"
_WIDE = str.maketrans("+#", "\uff0b\uff03")
_ASCII = re.compile(f"{_SIGNED}|[a-z0-9]+")
_PLAIN_RUN = re.compile(f"[{_PLAIN}]+")
_JAMO = "[\u1100-\u115f\ua960-\ua97c][\u1160-\u11a7\ud7b0-\ud7c6]*[\u11a8-\u11ff\ud7cb-\ud7fb]*"


class Term(NamedTuple):
    """A term and where it stands, in characters (Unicode code points): its first character of a run ends at `middle`."""

    text: str
    start: int
    end: int
    middle: int


class Piece(NamedTuple):
    """A word, an emoji, or a run of characters without spaces: its folded parts with where each ends."""

    start: int
    parts: tuple[str, ...]
    ends: tuple[int, ...]
    is_run: bool = False

    def terms(self, *, is_whole: bool = True) -> list[Term]:
        """Return the terms of this piece; those of a run without its last character, unless it is whole."""
        if not self.is_run:
            return [Term(self.parts[0], self.start, self.ends[0], self.ends[0])]
        starts, ends, last = (self.start, *self.ends), self.ends, len(self.parts) - 1
        found = [
            Term(self.parts[n] + self.parts[n + 1], starts[n], ends[n + 1], ends[n])
            for n in range(last)
        ]
        if is_whole or not found:
            found.append(Term(self.parts[last], starts[last], ends[last], ends[last]))
        return found


def terms_of(text: str) -> list[Term]:
    """Return the terms of a text, in order."""
    if text.isascii():  # most are
        words = _ASCII.finditer(text.lower())
        found = [Term(m[0][:LONGEST].translate(_WIDE), m.start(), m.end(), m.end()) for m in words]
    else:
        found = [term for piece in pieces_of(text) for term in piece.terms()]
    return found[:MOST_TERMS]


def term_texts_of(text: str) -> list[str]:
    """Return the texts of the terms that `terms_of` returns: in a third of the time, and an index needs no more."""
    if text.isascii():
        words = _ASCII.findall(text.lower())
        found = [each[:LONGEST] if each.isalnum() else each.translate(_WIDE) for each in words]
    else:
        found = [each for match in _pattern().finditer(text) for each in _texts_of(match)]
    return found[:MOST_TERMS]


def _texts_of(match: re.Match[str]) -> list[str]:
    if match.lastgroup != "run":
        return [text] if (text := _text_of(match)) else []
    parts: Sequence[str] = match[0]
    if not _PLAIN_RUN.fullmatch(match[0]):
        parts = [part for part in map(fold, _characters().findall(match[0])) if part]
    return [*map(add, parts, parts[1:]), *parts[-1:]]


def pieces_of(text: str) -> list[Piece]:
    """Return the words, emoji and runs of a text, in order."""
    return [piece for match in _pattern().finditer(text) if (piece := _piece(match))]


def _piece(match: re.Match[str]) -> Piece | None:
    start = match.start()
    if match.lastgroup != "run":
        return Piece(start, (text,), (match.end(),)) if (text := _text_of(match)) else None
    characters = _characters().finditer(match[0])
    parts = [(fold(each[0]), start + each.end()) for each in characters]
    kept = [(part, end) for part, end in parts if part]
    if not kept:
        return None
    return Piece(start, tuple(part for part, _ in kept), tuple(end for _, end in kept), is_run=True)


def _text_of(match: re.Match[str]) -> str:
    return fold(match[0]) if match.lastgroup == "word" else match[0].lower().translate(_WIDE)


@lru_cache(maxsize=10_000)
def fold(word: str) -> str:
    """Return a word, or a character of a run, as it is compared; empty if nothing of it is."""
    if word.isascii():
        return word.lower()[:LONGEST]
    text = unicodedata.normalize("NFKC", word).casefold().translate(_INVISIBLE)
    if _CYRILLIC.search(text):
        text = text.replace("ё", "е")
    else:
        text = _LEFT_OUT.sub("", unicodedata.normalize("NFD", text)).translate(_SIMPLE)
        text = _NASAL.sub(_POINT, text)
    text = unicodedata.normalize("NFC", text)
    kept = (each for each in text if each.isalnum() or not each.isascii())
    return "".join(str(unicodedata.decimal(each, each)) for each in kept)[:LONGEST].strip()


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """The pieces of a text. Made when it is first needed, since looking through all characters takes some milliseconds."""
    marks, symbols = _of_category("Mn", "Mc", "Me"), _of_category("So")
    joined = f"[{marks}{_JOINED}]"
    return re.compile(
        rf"(?P<run>(?:[{_PLAIN}]+{joined}*|(?=[^\W_])[{_UNSPACED}]{joined}*)+)"
        rf"|(?P<signed>(?i:{_SIGNED}))"
        rf"|(?P<word>(?:(?![{_UNSPACED}])[^\W_]{joined}*)+)"
        rf"|(?P<symbol>[{symbols}])"
    )


@lru_cache(maxsize=1)
def _characters() -> re.Pattern[str]:
    """The characters of a run, each with what belongs to it."""
    return re.compile(rf"(?:{_JAMO}|.)[{_of_category('Mn', 'Mc', 'Me')}{_JOINED}]*", re.DOTALL)


@lru_cache(maxsize=4)
def _of_category(*categories: str) -> str:
    """Return the characters of some categories, up to where there are only more Han, as ranges of a pattern."""
    found: list[list[int]] = []
    for code in range(0x80, 0x20000):
        if unicodedata.category(chr(code)) in categories:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in found)
