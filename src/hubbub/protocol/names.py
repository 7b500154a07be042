"""Which names a room or a person may have, and what else text from outside may hold."""

import re
import unicodedata
from functools import lru_cache

_ROOM = re.compile(r"[\w\-.:@+~]{1,64}")
_PERSON = re.compile(r"[\w\-.:@+~](?:[\w\-.:@+~ '’]{0,30}[\w\-.:@+~])?")


@lru_cache(maxsize=4096)
def is_room_name(name: str) -> bool:
    """Whether a room may be called so: 1 to 64 letters, digits or `_ - . : @ + ~`, in NFC."""
    return bool(_ROOM.fullmatch(name)) and unicodedata.is_normalized("NFC", name)


def is_person_name(name: str) -> bool:
    """Whether a person may be called so: as a room, up to 32, with inner spaces and apostrophes."""
    return bool(_PERSON.fullmatch(name)) and unicodedata.is_normalized("NFC", name)


def is_text(text: str) -> bool:
    """Whether this may be any text: valid Unicode without NUL, so that every store can keep it."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def is_emoji(text: str) -> bool:
    """Whether this may be a reaction: 1 to 32 characters, none of them blank or a control."""
    return 0 < len(text) <= 32 and not any(
        c.isspace()
        or unicodedata.category(c) in {"Cc", "Cs"}
        or c in "\u202a\u202b\u202c\u202d\u202e"
        for c in text
    )
