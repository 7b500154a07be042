"""SockJS 0.3.x as frames and bytes: what goes over any of its transports. No I/O, no clock."""

import re
from collections.abc import Iterable, Sequence

import msgspec

OPEN, HEARTBEAT = "o", "h"
PRELUDE = "h" * 2048 + "\n"  # some browsers show nothing of a stream before that
# What browsers spoil on the way, besides what JSON escapes anyway.
_ESCAPED = re.compile("[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]")

# Half of a surrogate pair, as an escape: no text can hold it, but JavaScript's strings can.
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = re.compile(f"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")

_decode = msgspec.json.Decoder(str | list[str]).decode


class BadPayload(ValueError):
    """What a client sent is no message."""


def element(message: str) -> str:
    """A message as it stands in an array frame."""
    encoded = msgspec.json.encode(message).decode()
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded)


def array(elements: str) -> str:
    """The frame of some elements, which have commas between."""
    return f"a[{elements}]"


def closing(code: int, reason: str) -> str:
    """The frame that ends a session."""
    return f"c[{code},{element(reason)}]"


def decode(payload: str) -> Sequence[str]:
    """The messages that a client sends: one, or an array. Raises BadPayload.

    Half of a surrogate pair becomes NUL: whoever refuses the one refuses the other, in this message alone.
    """
    if not payload:
        raise BadPayload("Payload expected.")
    try:
        messages = _decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        messages = _decode_halves(payload)
    return [messages] if isinstance(messages, str) else messages


def _decode_halves(payload: str) -> str | list[str]:
    """A payload that may hold halves of surrogate pairs."""
    kept = payload.replace(r"\\", "\0")  # what follows is no escape; a raw NUL is not in JSON
    whole = _HALF.sub(r"\\u0000", kept)
    try:
        if "\0" in payload or whole == kept:
            raise BadPayload("Broken JSON encoding.")
        messages: str | list[str] = _decode(whole.replace("\0", r"\\"))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadPayload("Broken JSON encoding.") from error
    return messages


def elements(messages: Iterable[str]) -> str:
    """Messages as elements of one array frame."""
    return ",".join(map(element, messages))
