"""SockJS 0.3.x as frames and bytes: what goes over any of its transports. No I/O, no clock."""

import re
from collections.abc import Iterable, Sequence

import msgspec

OPEN, HEARTBEAT = "o", "h"
PRELUDE = "h" * 2048 + "\n"  # some browsers show nothing of a stream before that
# What browsers spoil on the way, besides what JSON escapes anyway.
_ESCAPED = re.compile("[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]")

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
    """The messages that a client sends: one, or an array. Raises BadPayload."""
    if not payload:
        raise BadPayload("Payload expected.")
    try:
        messages = _decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadPayload("Broken JSON encoding.") from error
    return [messages] if isinstance(messages, str) else messages


def elements(messages: Iterable[str]) -> str:
    """Messages as elements of one array frame."""
    return ",".join(map(element, messages))
