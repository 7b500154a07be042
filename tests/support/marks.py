"""A word of its own for each field in which people can write: what is left of them afterwards tells where something was kept.

Fields and commands come from the code's own lists. A new field is written by whoever lives in `tests.support.lived`, or it has
a name that says that people don't choose what it holds.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from hubbub.domain.aspects import RULES
from hubbub.protocol.messages import Change

C = TypeVar("C", bound=Change)

KEY, MADE, KNOWN, CLOCK = (
    "the key of an account or a room",
    "made by the server",
    "one of the words that the code knows",
    "a time",
)
NOT_WRITTEN = {  # names of fields and columns that hold a text which nobody writes
    **dict.fromkeys(("account", "who", "by", "by_id", "owner", "inviter", "blocked", "of"), KEY),
    **dict.fromkeys(("room", "where", "rooms", "log", "thread", "root_by", "people", "made"), KEY),
    **dict.fromkeys(("made_by", "about", "calls", "whose"), KEY),
    **dict.fromkeys(("id", "key", "invite", "session", "kept", "keeps", "closes", "image"), MADE),
    **dict.fromkeys(("file", "files", "avatar"), MADE),
    **dict.fromkeys(("digest", "secret", "was", "hash", "reset", "reactor"), MADE),
    **dict.fromkeys(("p256dh", "auth"), "made by a browser"),
    **dict.fromkeys(("handles", "subjects", "reactions"), "looked up by the server"),
    **dict.fromkeys(("kind", "role", "status", "level", "why", "public", "posters", "can"), KNOWN),
    **dict.fromkeys(("scopes", "action", "stage", "type"), KNOWN),
    **dict.fromkeys(("at", "made_at", "since", "changed_at", "opened_at", "archived_at"), CLOCK),
    **dict.fromkeys(("ended_at", "created_at", "revoked_at"), CLOCK),
}
COMMANDS: tuple[type[Change], ...] = tuple(RULES.by_command)
_TEXTS = (inspect.StrType, inspect.BytesType, inspect.AnyType, inspect.RawType)


def holds_text(kind: inspect.Type) -> bool:
    """Whether what people write fits into a field of this type."""
    match kind:
        case inspect.Metadata(type=inner):
            return holds_text(inner)
        case inspect.UnionType(types=types):
            return any(map(holds_text, types))
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return holds_text(inner)
        case inspect.TupleType(item_types=types):
            return any(map(holds_text, types))
        case inspect.DictType(key_type=key, value_type=value):
            return holds_text(key) or holds_text(value)
        case inspect.StructType(fields=fields) | inspect.NamedTupleType(fields=fields):
            return any(holds_text(field.type) for field in fields)
    return isinstance(kind, _TEXTS)


def written(kind: type[msgspec.Struct]) -> dict[str, inspect.Type]:
    """The fields of a command or an event in which people can write."""
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    fields = {field.name: field.type for field in told.fields if field.name not in NOT_WRITTEN}
    return {name: type_ for name, type_ in fields.items() if holds_text(type_)}


OTHERS = (
    "a room",
    "an image",
    "an answer",
    "a file",
)  # the name of a free room, what another reacted with, and the name of a file that a message shows
FIELDS = [f"{kind.__name__}.{name}" for kind in COMMANDS for name in written(kind)] + [*OTHERS]
CHOSEN = {"ChangePerson.time_zone": "Pacific/Kiritimati"}  # an unknown zone is refused
_WORD, _WIDTH = "geheim", 3
_PLAIN = re.compile(rf"{_WORD}(\d{{{_WIDTH}}})")  # nine letters: base64 is the same in any context
_BASE64 = re.compile(base64.b64encode(_WORD.encode()).decode() + r"(\w{4})")
_HEX = re.compile(_WORD.encode().hex() + rf"((?:3\d){{{_WIDTH}}})")


def mark(field: str) -> str:
    """The word for a field, such as `Post.text`; any text may be as short as this, and any name look so."""
    return CHOSEN.get(field) or f"{_WORD}{FIELDS.index(field):0{_WIDTH}}"


def marks_in(said: object) -> set[str]:
    """The fields whose words are in there: as text, as bytes, in base64 or in hexadecimal digits."""
    text = said if isinstance(said, str) else repr(said)
    numbers: Iterable[str] = chain(
        _PLAIN.findall(text),
        (base64.b64decode(found).decode() for found in _BASE64.findall(text)),
        (bytes.fromhex(found).decode() for found in _HEX.findall(text)),
    )
    chosen = {field for field, word in CHOSEN.items() if word in text}
    return chosen | {FIELDS[int(number)] for number in numbers}


def marked(kind: type[C], /, **given: Any) -> C:
    """A command with its word in each field in which people can write, unless that is given."""
    words = {
        name: _value(type_, mark(f"{kind.__name__}.{name}"))
        for name, type_ in written(kind).items()
        if name not in given
    }
    return kind(**words | given)


def _value(kind: inspect.Type, word: str) -> Any:
    match kind:
        case inspect.Metadata(type=inner):
            return _value(inner, word)
        case inspect.UnionType(types=types):
            return _value(next(filter(holds_text, types)), word)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return [_value(inner, word)]
        case inspect.StrType():
            return word
        case inspect.BytesType():
            return word.encode()
        case inspect.AnyType():
            return {word: word}
    raise TypeError(f"Say in the life what {kind} holds")


def places_of(kind: type[msgspec.Struct], said: msgspec.Struct) -> Iterator[tuple[str, set[str]]]:
    """The fields of an event in which people can write, each with the fields whose words are there."""
    for name in written(kind):
        yield f"{kind.__name__}.{name}", marks_in(msgspec.json.encode(getattr(said, name)).decode())
