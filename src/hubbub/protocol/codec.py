"""Bytes to commands, strictly; and replies and pushes to bytes.

Strict: no duplicate keys, no NUL, no `__proto__`, bounded depth; msgspec itself refuses NaN, lone
surrogates, numbers out of range and wrong types. Frame sizes are limited before bytes come here.
"""

import json
from typing import Any, NoReturn

import msgspec

from hubbub.protocol.errors import Refused
from hubbub.protocol.messages import AnyCommand, CommandId, Post

MAX_DEPTH = 32
MAX_INTEGER = 2**64

encode = msgspec.json.Encoder().encode
_decode_command = msgspec.json.Decoder(AnyCommand).decode


class _HasId(msgspec.Struct):
    id: CommandId


_decode_id = msgspec.json.Decoder(_HasId).decode


class BadFrame(Refused):
    """A frame that is no command; `id` is its id, if that at least could be read."""

    def __init__(self, detail: str, command_id: CommandId | None = None) -> None:
        super().__init__("bad_request", detail)
        self.id = command_id


def decode_command(frame: str | bytes) -> AnyCommand:
    """Turn one native frame into a command.

    Raises:
        BadFrame: anything else than one well-formed, well-typed command.
    """
    try:
        command: AnyCommand = _decode_command(frame)
        if not (type(command) is Post and _is_plainly_strict(frame, command)):
            check_strictly(frame)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        raise BadFrame(_describe(error), _id_of(frame)) from None
    except Refused as error:
        raise BadFrame(error.refusal.detail, _id_of(frame)) from None
    return command


def decode_body(body: bytes, kind: Any) -> Any:
    """Turn an HTTP body into a value of type `kind`.

    Raises:
        BadFrame: it isn't one.
    """
    try:
        value = msgspec.json.decode(body, type=kind)
        check_strictly(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        raise BadFrame(_describe(error)) from None
    return value


def check_strictly(text: str | bytes) -> None:
    """Refuse what lenient parsers let through and later parties choke on.

    Raises:
        BadFrame: duplicate or dangerous keys, NUL, numbers out of range, too deep.
    """
    _check_value(json.loads(text, object_pairs_hook=_check_pairs, parse_constant=_no_constant), 0)


def _is_plainly_strict(frame: str | bytes, post: Post) -> bool:
    """Whether a post's frame can't hold what `check_strictly` looks for, seen without parsing again.

    Each key takes a colon, so as many colons as fields leave no room for a duplicate; a NUL in a
    JSON string needs an escape; the id is the one number whose type has no bounds. This spares most
    messages the second, ten times slower look.
    """
    if isinstance(post.id, int) and abs(post.id) > MAX_INTEGER:
        return False
    if post.arguments is not None or post.attachments is not None or post.emitted_as is not None:
        return False
    escape, colon = ("\\u0000", ":") if isinstance(frame, str) else (b"\\u0000", b":")
    fields = (
        2
        + (post.id is not None)
        + (post.text is not None)
        + (post.bytes is not None)
        + (post.client_message_id is not None)
        + (post.reply_to is not None)
    )
    return frame.count(colon) == fields and escape not in frame  # type: ignore[arg-type, operator]


def _check_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadFrame("a key stands twice in one object")
    if "__proto__" in members:
        raise BadFrame("`__proto__` can't be a key")
    for key in members:
        _check_text(key)
    return members


def _check_value(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadFrame(f"nested more than {MAX_DEPTH} deep")
    match value:
        case str():
            _check_text(value)
        case int() if abs(value) > MAX_INTEGER:
            raise BadFrame("a number is out of range")
        case float() if value in (float("inf"), float("-inf")):
            raise BadFrame("a number is out of range")
        case dict():
            for member in value.values():
                _check_value(member, depth + 1)
        case list():
            for member in value:
                _check_value(member, depth + 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BadFrame("a string holds a NUL")
    if not text.isascii():
        text.encode()  # a lone surrogate can't be: UnicodeError


def _no_constant(name: str) -> NoReturn:
    raise BadFrame(f"{name} is no JSON")


def _describe(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested more than {MAX_DEPTH} deep"
    if isinstance(error, UnicodeError):
        return "a string is not Unicode"
    return str(error)


def _id_of(frame: str | bytes) -> CommandId | None:
    try:
        command_id: CommandId = _decode_id(frame).id
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        return None
    return command_id
