"""Making text by others safe to show: what a terminal would obey is written out instead."""

import unicodedata
from collections.abc import Callable

_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji need them, and they move nothing


def visible(text: str, mark: Callable[[str], str] = str) -> str:
    """Return `text` with every control and formatting character as its escape, such as `\\x1b`.

    So neither escape sequences nor bidi controls nor line ends do anything. Each escape goes through `mark`.
    """
    if text.isprintable():
        return text
    return "".join(mark(_escape(c)) if _is_obeyed(c) else c for c in text)


def visible_lines(text: str, mark: Callable[[str], str] = str) -> list[str]:
    """The lines of a message, each made visible; a tab is only some space."""
    return [visible(line.expandtabs(4), mark) for line in text.rstrip("\n").split("\n")]


def width(text: str) -> int:
    """How many columns a terminal gives the text."""
    return len(text) if text.isascii() else sum(map(_width, text))


def shorten(text: str, columns: int) -> str:
    """The beginning of the text, in at most so many columns."""
    if width(text) <= columns:
        return text
    kept = ""
    for c in text:
        if width(kept) + _width(c) > columns - 1:
            break
        kept += c
    return kept + "…"


def _is_obeyed(c: str) -> bool:
    return unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in _JOINERS


def _escape(c: str) -> str:
    return c.encode("unicode_escape").decode() if ord(c) > 0x7F else f"\\x{ord(c):02x}"


def _width(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1
