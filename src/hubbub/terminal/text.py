"""Making text from outside safe to show: what a terminal would obey is written out instead.

And how many columns a terminal gives to text, which it draws by graphemes: what people see as one character.
"""

import unicodedata
from collections.abc import Callable, Iterable

_MAX_GRAPHEME = 64  # characters; what is longer is no emoji, and goes in pieces
_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji need them, and they move nothing


def visible(text: str, mark: Callable[[str], str] = str) -> str:
    """Return `text` with every control and formatting character as its escape, such as `\\x1b`.

    So neither escape sequences nor bidi controls nor line ends do anything. Each escape goes through `mark`.
    """
    if text.isprintable():
        return text
    return "".join(mark(_escape(c)) if _is_obeyed(c) else c for c in text)


def visible_json(document: str, encoding: str = "utf-8") -> str:
    """Return the same JSON document, with every character that `visible` escapes as JSON's own escape.

    An `encoding` other than UTF-8 may lack any character that is not ASCII, so all of them are escaped.
    """
    is_utf8 = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    if document.isprintable() and (is_utf8 or document.isascii()):
        return document
    return "".join(
        _json_escape(c) if _is_obeyed(c) or not (is_utf8 or c.isascii()) else c for c in document
    )


def message_lines(text: str) -> list[str]:
    """The lines of a message; a tab is only some space."""
    return [line.expandtabs(4) for line in text.rstrip("\n").split("\n")]


def in_a_row(text: str) -> str:
    """A message of several lines as one, made visible."""
    return visible(text.replace("\n", "↵").replace("\t", " "))


def width(text: str) -> int:
    """How many columns a terminal gives the text."""
    if text.isascii():
        return len(text)
    return sum(map(_grapheme_width, graphemes(text)))


def room(text: str) -> int:
    """How many columns the text may take: older terminals draw the parts of an emoji side by side."""
    if text.isascii():
        return len(text)
    return sum(map(_grapheme_room, graphemes(text)))


def graphemes(text: str) -> Iterable[str]:
    """What people see as characters: with combining marks, skin tones and joined emoji."""
    if text.isascii():
        return text
    import wcwidth  # it takes a while, and plain text does without

    return wcwidth.iter_graphemes(text)


def grapheme_start(text: str, at: int) -> int:
    """Where the grapheme before this place begins."""
    if text.isascii():
        return max(0, at - 1)
    import wcwidth

    return int(wcwidth.grapheme_boundary_before(text, at))


def grapheme_end(text: str, at: int) -> int:
    """Where the grapheme after this place ends."""
    following = text[at : at + _MAX_GRAPHEME]
    return at + len(next(iter(graphemes(following)), ""))


def shorten(text: str, columns: int) -> str:
    """The beginning of the text, in at most so many columns."""
    if width(text) <= columns:
        return text
    return beginning(text, columns - 1) + "…"


def beginning(text: str, columns: int) -> str:
    """As many graphemes of the text as fit in any terminal, from its start."""
    kept, used = [], 0
    for grapheme in graphemes(text):
        used += _grapheme_room(grapheme)
        if used > columns:
            break
        kept.append(grapheme)
    return "".join(kept)


def end(text: str, columns: int) -> str:
    """As many graphemes of the text as fit in any terminal, up to its end."""
    kept, used = [], 0
    for grapheme in reversed(list(graphemes(text))):
        used += _grapheme_room(grapheme)
        if used > columns:
            break
        kept.append(grapheme)
    return "".join(reversed(kept))


def _is_obeyed(c: str) -> bool:
    return unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in _JOINERS


def _escape(c: str) -> str:
    return c.encode("unicode_escape").decode() if ord(c) > 0x7F else f"\\x{ord(c):02x}"


def _json_escape(c: str) -> str:
    units = c.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _grapheme_width(grapheme: str) -> int:
    if len(grapheme) == 1 and " " <= grapheme <= "~":
        return 1
    import wcwidth

    return max(0, wcwidth.wcswidth(grapheme))


def _grapheme_room(grapheme: str) -> int:
    return max(_grapheme_width(grapheme), sum(map(_grapheme_width, grapheme)))
