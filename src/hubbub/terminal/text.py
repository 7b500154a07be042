"""Makes text from outside safe to show, by writing out what a terminal would interpret.

Also measures text in columns of the terminal, by graphemes, which are what people see as one character.
"""

import unicodedata
from collections.abc import Callable, Iterable

_MAX_GRAPHEME = 64  # characters; longer ones are no emoji and are split
_JOINERS = "\u200c\u200d"  # needed by Persian, Indic scripts and emoji, and harmless


def visible(text: str, mark: Callable[[str], str] = str) -> str:
    """Return `text` with every control and formatting character escaped, such as `\\x1b`.

    So escape sequences, bidi controls and line breaks have no effect. Each escape is passed through `mark`.
    """
    if text.isprintable():
        return text
    return "".join(mark(_escape(c)) if _is_obeyed(c) else c for c in text)


def visible_json(document: str, encoding: str = "utf-8") -> str:
    """Return the same JSON document, with JSON escapes for every character that `visible` escapes.

    If `encoding` is not UTF-8, all characters outside ASCII are escaped, since it may lack them.
    """
    is_utf8 = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    if document.isprintable() and (is_utf8 or document.isascii()):
        return document
    return "".join(
        _json_escape(c) if _is_obeyed(c) or not (is_utf8 or c.isascii()) else c for c in document
    )


def message_lines(text: str) -> list[str]:
    """The lines of a message, with tabs expanded."""
    return [line.expandtabs(4) for line in text.rstrip("\n").split("\n")]


def in_a_row(text: str) -> str:
    """A message in one row, with line breaks shown as `↵` and made safe by `visible`."""
    return visible(text.replace("\n", "↵").replace("\t", " "))


def width(text: str) -> int:
    """The number of columns that the text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_grapheme_width, graphemes(text)))


def room(text: str) -> int:
    """The most columns that the text may take: older terminals draw the parts of an emoji side by side."""
    if text.isascii():
        return len(text)
    return sum(map(_grapheme_room, graphemes(text)))


def graphemes(text: str) -> Iterable[str]:
    """The text in graphemes: characters with their combining marks, skin tones and joined emoji."""
    if text.isascii():
        return text
    import wcwidth  # slow to import, and not needed for ASCII

    return wcwidth.iter_graphemes(text)


def grapheme_start(text: str, at: int) -> int:
    """The start of the grapheme before position `at`."""
    if text.isascii():
        return max(0, at - 1)
    import wcwidth

    return int(wcwidth.grapheme_boundary_before(text, at))


def grapheme_end(text: str, at: int) -> int:
    """The end of the grapheme after position `at`."""
    following = text[at : at + _MAX_GRAPHEME]
    return at + len(next(iter(graphemes(following)), ""))


def shorten(text: str, columns: int) -> str:
    """The beginning of the text, in at most `columns` columns."""
    if width(text) <= columns:
        return text
    return beginning(text, columns - 1) + "…"


def beginning(text: str, columns: int) -> str:
    """As many graphemes from the start of the text as fit in any terminal."""
    kept, used = [], 0
    for grapheme in graphemes(text):
        used += _grapheme_room(grapheme)
        if used > columns:
            break
        kept.append(grapheme)
    return "".join(kept)


def end(text: str, columns: int) -> str:
    """As many graphemes from the end of the text as fit in any terminal."""
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
