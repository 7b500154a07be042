"""SockJS 0.3.x frames and their bytes, as on any of its transports. No I/O, no clock."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

OPEN, HEARTBEAT = "o", "h"
MAX_MESSAGES = 131_072  # in one body; clients send far fewer at once
BROKEN = "Broken JSON encoding."
PRELUDE = "h" * 2048 + "\n"  # some browsers hold a stream back until they have received this much
# Characters that some browsers corrupt, besides those that JSON escapes anyway.
_ESCAPED = re.compile("[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]")
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in map(chr, range(0x10000)) if _ESCAPED.match(c)}

_QUOTE, _COMMA = re.compile(r'\s*"'), re.compile(r"\s*,")

_decode = msgspec.json.Decoder(str | list[str]).decode
_decode_one = json.JSONDecoder().raw_decode


class BadPayload(ValueError):
    """The client sent something that is not a valid message."""


class HalfPair(BadPayload):
    """The payload may be valid except for half a surrogate pair, which strings of JavaScript can contain; see `scan`."""


def element(message: str) -> str:
    """A message as an element of an array frame."""
    encoded = msgspec.json.encode(message).decode()
    return encoded.translate(_ESCAPES) if _ESCAPED.search(encoded) else encoded


def array(elements: str) -> str:
    """The array frame of some elements that are separated by commas."""
    return f"a[{elements}]"


def closing(code: int, reason: str) -> str:
    """The frame that ends a session."""
    return f"c[{code},{element(reason)}]"


def decode(payload: str) -> Sequence[str]:
    """The messages in a payload: one string, or an array of strings.

    Raises:
        BadPayload: the payload is malformed.
        HalfPair: the payload contains half a surrogate pair.
    """
    if not payload:
        raise BadPayload("Payload expected.")
    if payload.count('"') > 2 * MAX_MESSAGES:
        raise BadPayload("Too many messages at once.")
    try:
        messages = _decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        kind = HalfPair if r"\ud" in payload.lower() else BadPayload
        raise kind(BROKEN) from error
    return [messages] if isinstance(messages, str) else messages


def scan(payload: str) -> Iterator[str]:
    """The messages in a payload, one by one. A message with half a surrogate pair becomes NUL, which both clients of SockJS refuse.

    Raises BadPayload when it reaches what is malformed.
    """
    text = payload.strip()
    is_array = text.startswith("[") and text.endswith("]")
    text = text[1:-1] if is_array else text
    comma: re.Match[str] | None = None
    at = 0
    while at == 0 or (comma and is_array):
        quote = _QUOTE.match(text, comma.end() if comma else 0)
        if quote is None:
            raise BadPayload(BROKEN)
        try:
            message, at = _decode_one(text, quote.end() - 1)
        except ValueError as error:
            raise BadPayload(BROKEN) from error
        yield message if _is_unicode(message) else "\0"
        comma = _COMMA.match(text, at)
    if text[at:].strip():
        raise BadPayload(BROKEN)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True


def elements(messages: Iterable[str]) -> str:
    """Messages as elements of one array frame."""
    return ",".join(map(element, messages))
