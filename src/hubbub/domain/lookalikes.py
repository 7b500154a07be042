"""Tells which names look alike, by the skeletons of Unicode Technical Standard 39, section 4.

Two names look alike if their skeletons are equal: `Аda` with a Cyrillic letter, `Ada` and `𝐀da`. The table of characters
comes with the package confusable-homoglyphs.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

_MARK = rb"\u200e"  # in the table, around characters that are written from right to left


@lru_cache(maxsize=1024)
def forms(name: str) -> frozenset[str]:
    """Return what a name looks like, as it is written and in lower case: names that look alike have one in common.

    Both are needed: `AdmIn` is `admin` in another case, and `AdamsIey` looks like `Adamsley` only as it is written.
    """
    return frozenset((skeleton(name).casefold(), skeleton(name.casefold())))


def skeleton(text: str) -> str:
    """Return the skeleton of a text. The first call reads the table, which takes about 20 ms.

    Beyond the standard, wide, small and otherwise styled letters that the table lacks are replaced by plain ones (NFKD).
    """
    decomposed = unicodedata.normalize("NFKD", text)
    shown = "".join(c for c in decomposed if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFD", shown.translate(_prototypes()))


class _Similar(msgspec.Struct):
    c: str


@cache
def _prototypes() -> Mapping[int, str]:
    """Return the character or characters that stand for each one that looks like them.

    The package's table lists what is similar in both directions. It consists of stars: in the middle a prototype, which
    alone may have several characters, and around it what looks like it. Of a mere pair, the first stands for both.
    """
    table = files("confusable_homoglyphs").joinpath("confusables.json").read_bytes()
    similar = msgspec.json.decode(table.replace(_MARK, b""), type=dict[str, list[_Similar]])
    stars = [
        (text, [other.c for other in others])
        for text, others in similar.items()
        if len(text) > 1 or len(others) > 1 or _is_first_of_pair(text, others[0].c, similar)
    ]
    prototypes = {ord(other): text for text, others in stars for other in others}
    return {other: text.translate(prototypes) for other, text in prototypes.items()}


def _is_first_of_pair(one: str, other: str, similar: Mapping[str, list[_Similar]]) -> bool:
    return one < other and len(other) == len(similar[other]) == 1
