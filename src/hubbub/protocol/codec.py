"""Decodes bytes into commands, strictly (see `strict`), and encodes replies and pushes into bytes.

Callers limit the size of frames.
"""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from hubbub.events import union_of
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import AnyCommand, Command, CommandId, Follow, Join, Post
from hubbub.protocol.strict import MAX_DEPTH, NotStrict, check_size, strict_value

BAD_JSON = (
    msgspec.MsgspecError,
    RecursionError,
    UnicodeError,
    ValueError,
)  # everything that parsing raises

encode = msgspec.json.Encoder().encode


class _HasId(msgspec.Struct):
    id: CommandId


_decode_id = msgspec.json.Decoder(_HasId).decode


class BadFrame(RefusalError):
    """A frame that is not a valid command. `id` is the command's id, if it could be read."""

    def __init__(
        self, detail: str, command_id: CommandId | None = None, code: str = "bad_request"
    ) -> None:
        super().__init__(code, detail)
        self.id = command_id


class NotJson(BadFrame):
    """A frame that is not JSON. Other bad frames are JSON, but not acceptable."""


class Commands:
    """The commands that a server takes, each by its name. The decoder of all of them is built once."""

    def __init__(self, kinds: Iterable[type[Command]]) -> None:
        """Raises TypeError if two of them have the same name, or if there are none."""
        self.kinds = tuple(kinds)
        self.names = frozenset(str(kind.__struct_config__.tag) for kind in self.kinds)
        self.union = union_of(self.kinds)
        self._decode = msgspec.json.Decoder(self.union).decode

    def decode(self, frame: str | bytes) -> AnyCommand:
        """Decode one native frame into a command.

        Raises:
            BadFrame: the frame is not exactly one well-formed, well-typed command.
        """
        try:
            check_size(frame)
            command: AnyCommand = self._decode(frame)
            if not _is_plainly_strict(frame, command):
                strict_value(frame)
        except BAD_JSON as error:
            raise BadFrame(_describe(error, frame), id_of(frame)) from None
        if type(command.id) is int and not _fits(command.id):
            raise BadFrame("Invalid id: use an integer of up to 64 bits, or a string")
        return command

    def convert(self, fields: dict[str, Any]) -> AnyCommand:
        """Make a command of its fields, as another protocol gives them. Raises BadFrame."""
        try:
            command: AnyCommand = msgspec.convert(fields, self.union)
        except msgspec.ValidationError as error:
            raise BadFrame(str(error), fields.get("id")) from None
        return command


def decode_body(body: bytes, kind: Any) -> Any:
    """Decode an HTTP body into a value of type `kind`.

    Raises:
        BadFrame: the body is not valid JSON of that type.
    """
    value = check_strictly(body)
    try:
        return value if kind is Any else msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise BadFrame(str(error)) from None


def check_strictly(text: str | bytes) -> Any:
    """Decode JSON, refusing what lenient parsers accept and later readers fail on.

    Raises:
        BadFrame: see `strict_value`. NotJson if the text is malformed.
    """
    try:
        return strict_value(text)
    except NotStrict as error:
        raise BadFrame(str(error)) from None
    except BAD_JSON as error:
        kind = BadFrame if _is_json(text) else NotJson
        raise kind(_describe(error, text)) from None


def is_larger(text: str, max_bytes: int) -> bool:
    """Whether a text takes more than `max_bytes` bytes in UTF-8."""
    return len(text) > max_bytes or len(text.encode()) > max_bytes


def too_large(max_bytes: int) -> BadFrame:
    """The refusal of a message that is too large."""
    return BadFrame(f"Too large: a message may have {max_bytes:,} bytes", code="too_large")


def _is_plainly_strict(frame: str | bytes, command: AnyCommand) -> bool:
    """Whether a frame can't contain anything that `check_strictly` refuses, decided without parsing it again.

    Each key takes a colon, so a frame with as many colons as fields has no duplicate key. A NUL in a
    JSON string needs an escape. Most commands need no second pass thanks to this.
    """
    if type(command) is Post:
        if command.arguments is not None or command.attachments is not None:
            return False
        fields = (
            2
            + (command.id is not None)
            + (command.text is not None)
            + (command.bytes is not None)
            + (command.client_message_id is not None)
            + (command.reply_to is not None)
            + (command.read is not None)
        )
    elif type(command) in (Follow, Join):
        fields = 2 + (command.id is not None)
    else:
        return False
    escape, colon = ("\\u0000", ":") if isinstance(frame, str) else (b"\\u0000", b":")
    return frame.count(colon) == fields and escape not in frame  # type: ignore[arg-type, operator]


def _is_json(text: str | bytes) -> bool:
    """Whether a lenient parser accepts it, for example with lone surrogates or numbers out of range."""
    try:
        json.loads(text, parse_int=float, parse_constant=_no_constant)
    except ValueError:
        return False
    except RecursionError:
        pass
    return True


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError("no JSON", name, 0)


def _describe(error: Exception, text: str | bytes) -> str:
    if isinstance(error, RecursionError):
        return f"Nested too deep: at most {MAX_DEPTH} levels"
    # msgspec calls JSON that it can't decode malformed, or truncated, if it contains half a surrogate pair.
    if isinstance(error, UnicodeError) or (type(error) is msgspec.DecodeError and _is_json(text)):
        return "A string is not valid Unicode"
    return str(error)


def id_of(frame: str | bytes) -> CommandId | None:
    """The id of a frame, if it can be read. Costs little."""
    if isinstance(frame, str):
        frame = frame.encode(errors="replace")  # of lone surrogates
    try:
        command_id: CommandId = _decode_id(frame).id
    except BAD_JSON:
        return None
    return command_id if isinstance(command_id, str) or _fits(command_id) else None


def _fits(number: int) -> bool:
    """Whether a number fits in 64 bits, signed or unsigned."""
    return -(2**63) <= number < 2**64
