"""Validates the names of rooms and people, and other text from clients."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_Form = Callable[
    [str], object
]  # true for a name of this form; marks and joiners are replaced first
_is_room: _Form = re.compile(r"[\w\-.:@+~]{1,64}").fullmatch
_is_person: _Form = re.compile(r"[\w\-.:@+~](?:[\w\-.:@+~ '’]{0,30}[\w\-.:@+~])?").fullmatch

LONGEST_DISPLAY_NAME = 64

_ROOM_RULE = "use 1 to 64 letters, digits, or any of _ - . : @ + ~"
_PERSON_RULE = (
    "use 1 to 32 letters, digits, or any of _ - . : @ + ~, with inner spaces and apostrophes"
)
_DISPLAY_RULE = (
    f"use 1 to {LONGEST_DISPLAY_NAME} visible characters, with single spaces between them"
)
RESERVED = "names that begin with @ are reserved for the server"
_NFC_RULE = "it is not in the Unicode normalization form NFC; normalize it first"

MAX_MARKS = 8  # on one letter; no script needs as many
# Invisible letters, marks and symbols: fillers, blanks, grapheme joiners, variation selectors.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U00013441\U00013442\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
# A joiner or non-joiner is invisible too, except for its effect on its neighbours. It is allowed where it visibly
# changes how a word is written: in Sinhala conjuncts, the Bengali ya-phala after ra, the Marathi eyelash ra, and
# between the joined letters of Persian.
_JOINERS = re.compile(
    "(?<=\u0dca)\u200d(?=[\u0d9a-\u0dc6])"
    "|(?<=\u09b0)\u200d(?=\u09cd\u09af)"
    "|(?<=\u0930\u094d)\u200d(?=[\u0915-\u0939])"
    "|(?<=[\u0626\u0628\u062a-\u062e\u0633-\u063a\u0641-\u0647\u0649\u064a\u067e\u0686\u06a9\u06af\u06cc])\u200c"
    "(?=[\u0622-\u063a\u0641-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc])"
)


@lru_cache(maxsize=4096)
def is_room_name(name: str) -> bool:
    """Whether this is a valid name of a room; see `room_name_fault`."""
    return _is_well_formed(name, _is_room)


def is_reserved(name: str) -> bool:
    """Whether only the server may give this name to a room or a person."""
    return name.startswith("@")


def is_person_name(name: str) -> bool:
    """Whether this is a valid name of a person; see `person_name_fault`."""
    return _is_well_formed(name, _is_person) and not is_reserved(name)


def room_name_fault(name: str) -> str | None:
    """What is wrong with the name of a room. None if it is valid."""
    return None if is_room_name(name) else f"Invalid room name: {_why(name, _is_room, _ROOM_RULE)}"


def person_name_fault(name: str) -> str | None:
    """What is wrong with the name of a person. None if it is valid."""
    if is_person_name(name):
        return None
    return (
        f"Invalid name: {RESERVED if is_reserved(name) else _why(name, _is_person, _PERSON_RULE)}"
    )


def is_display_name(name: str) -> bool:
    """Whether an account may show itself under this name; see `display_name_fault`."""
    return _is_well_formed(name, _is_display) and not is_reserved(name)


def display_name_fault(name: str) -> str | None:
    """What is wrong with an account's display name. None if it is valid."""
    if is_display_name(name):
        return None
    why = RESERVED if is_reserved(name) else _why(name, _is_display, _DISPLAY_RULE)
    return f"Invalid display name: {why}"


def person_name_from(text: str) -> str:
    """The valid name of a person that is most like a text. Others may get the same one."""
    normal = unicodedata.normalize("NFC", text)
    kept = "".join(c if c == "@" or is_person_name(c) else "-" for c in normal).lstrip("@-")
    return re.sub("-+", "-", kept)[:32].strip("-") or "user"


def _is_display(name: str) -> bool:
    """Whether these are at most 64 letters, digits, punctuation marks or symbols, with single spaces inside."""
    return (
        0 < len(name) <= LONGEST_DISPLAY_NAME
        and all(c == " " or unicodedata.category(c)[0] in "LNPS" for c in name)
        and "  " not in name
        and name.strip(" ") == name
    )


def _is_well_formed(name: str, form: _Form) -> bool:
    if name.isascii():
        return bool(form(name))
    is_normal = unicodedata.is_normalized("NFC", name)
    return is_normal and not _UNSEEN.search(name) and bool(form(_in_letters(name)))


def _why(name: str, form: _Form, rule: str) -> str:
    is_to_normalize = _is_well_formed(unicodedata.normalize("NFC", name), form)
    return _NFC_RULE if is_to_normalize else rule


def _in_letters(name: str) -> str:
    """The name with a letter in place of each mark that follows a letter, and of each joiner that is allowed."""
    spelled: list[str] = []
    marks = MAX_MARKS  # a mark may not come first
    for c in _JOINERS.sub("x", name):
        is_mark = unicodedata.category(c) in {"Mn", "Mc"}
        marks = marks + 1 if is_mark else 0 if c.isalnum() else MAX_MARKS
        spelled.append("x" if is_mark and marks <= MAX_MARKS else c)
    return "".join(spelled)


def is_text(text: str) -> bool:
    """Whether this is valid Unicode without NUL, so that every store can keep it."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def is_line(text: str) -> bool:
    """Whether a text is normal, visible, and can't change how what is around it is shown."""
    is_plain = all(unicodedata.category(c) not in ("Cc", "Zl", "Zp") for c in text)
    is_normal = is_text(text) and unicodedata.is_normalized("NFC", text)
    return is_plain and is_normal and _shows(text) and not set(text) & _BIDI


def as_line(text: str, most: int) -> str:
    """A text as one line for which `is_line` holds, of at most so many characters. Empty if there is nothing to see."""
    normal = unicodedata.normalize("NFC", " ".join(text.split()))
    line = " ".join("".join(map(_in_line, normal)).split())
    if len(line) > most:
        line = unicodedata.normalize("NFC", f"{line[: most - 1].rstrip()}…")
    return line if is_line(line) else ""


def _in_line(c: str) -> str:
    """A character of one line: what would change how others are shown is left out."""
    if c in _BIDI or c == "\0" or "\ud800" <= c <= "\udfff":
        return ""
    return " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c


def _shows(text: str) -> bool:
    """Whether there is anything to see."""
    return any(unicodedata.category(c)[0] in "LNPS" for c in _UNSEEN.sub("", text))


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_emoji(text: str) -> bool:
    """Whether this is a valid reaction: 1 to 32 characters without spaces and control characters, some of which are visible."""
    return (
        0 < len(text) <= 32
        and _shows(text)
        and not any(
            c.isspace()
            or unicodedata.category(c) in {"Cc", "Cs"}
            or c in "\u202a\u202b\u202c\u202d\u202e"
            for c in text
        )
    )
