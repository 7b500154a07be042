"""What a hostile server could send: every type of the protocol with nasty text, or a wrong value, in each field."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

NASTY = "\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\u202e\u2066\u2028\n\rnasty"
ROOM, SEQ = "lobby", 7  # as told: without these nothing else would be looked at
WRONG: list[Any] = [None, True, -1, 10**30, 1e308, "x", [], {}, [None], {"x": None}]
DEEP = "[" * 5000 + "]" * 5000


_OURS = re.compile(r"\x1b\[[\d;]*m|\r\x1b\[J|\x1b[78]|\x1b\[\?2004[hl]|\r?\n|\r\x1b\[J\Z")


def obeyed(written: str) -> set[str]:
    """The characters among what was written that a terminal obeys, but for those sequences that are ours."""
    rest = _OURS.sub("", written)
    return {c for c in rest if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


def filled(kind: Any, **told: Any) -> Any:
    """A value of the type: each text in it is nasty, each field that may be left out is there."""
    value = _fill(inspect.type_info(kind))
    return value | told if told else value


def spoiled(kind: Any, **told: Any) -> Iterator[tuple[str, Any]]:
    """Values of a struct's type, each with one field that is wrong; with the field's name."""
    good = filled(kind, **told)
    for field in good:
        for wrong in WRONG:
            yield field, good | {field: wrong}
        yield field, {name: value for name, value in good.items() if name != field}


def kinds(union: Any) -> list[type[msgspec.Struct]]:
    """The structs of a union, or of a single one."""
    info = inspect.type_info(union)
    types = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [each.cls for each in types if isinstance(each, inspect.StructType)]


def _fill(info: inspect.Type) -> Any:  # noqa: C901, PLR0911, PLR0912 - one table
    match info:
        case inspect.StrType():
            return NASTY[: info.max_length]
        case inspect.BytesType():
            return "aGk="
        case inspect.BoolType():
            return False
        case inspect.IntType():
            return SEQ
        case inspect.FloatType():
            return 0.5
        case inspect.ListType() | inspect.VarTupleType():
            return [_fill(info.item_type)]
        case inspect.DictType():
            return {_fill(info.key_type): _fill(info.value_type)}
        case inspect.StructType():
            return _tagged(info) | {f.encode_name: _fill(f.type) for f in info.fields}
        case inspect.UnionType():
            return _fill(next(t for t in info.types if not isinstance(t, inspect.NoneType)))
        case inspect.Metadata():
            return _fill(info.type)
        case inspect.AnyType():
            return {NASTY: [NASTY]}
        case inspect.CustomType():  # UnsetType
            return None
        case _:
            raise AssertionError(f"what is {info}?")


def _tagged(info: inspect.StructType) -> dict[str, Any]:
    return {info.tag_field: info.tag} if info.tag_field else {}
