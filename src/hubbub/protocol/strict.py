"""Strict JSON at the speed of C: no step runs Python code for each value.

The skeleton, which is the text outside strings, shows how many values a text has and how deep they are
nested before anything is parsed. Each member of an object takes one colon in it, so a text with more
colons than its decoded value has members contains a key twice.
"""

import re
from typing import Any

import msgspec

MAX_DEPTH = 32
MAX_VALUES = 2_000
MAX_INTEGER = 2**64

TOO_MANY = f"Too many values: a message may contain {MAX_VALUES:,}"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_LONG_INTEGER = re.compile(rb"(?<![\d.eE+])\d{20,}(?![\d.eE])")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SQUARE = bytes.maketrans(b"{}", b"[]")


class NotStrict(ValueError):
    """The text is refused, although a lenient parser may accept it. The message says why."""


def check_size(text: str | bytes) -> None:
    """Refuse a text that would cost too much to parse, at a fraction of that cost.

    Raises:
        NotStrict: more than `MAX_VALUES` values, or nested too deep.
        UnicodeError: a lone surrogate.
    """
    if len(text) > MAX_VALUES * 2:  # a shorter text can't contain as many values
        _check_skeleton(_skeleton(_unescaped(_bytes(text))))


def strict_value(text: str | bytes) -> Any:
    """Decode JSON that any two parsers read alike.

    Raises:
        NotStrict: duplicate or dangerous keys, NUL, integers out of range, too many values, or nested too deep.
        msgspec.MsgspecError, UnicodeError, RecursionError: malformed; also NaN and lone surrogates.
    """
    whole = _bytes(text)
    unescaped = _unescaped(whole)
    skeleton = _skeleton(unescaped)
    _check_skeleton(skeleton)
    value = _decode(whole)
    if rb"\u0000" in unescaped:
        raise NotStrict("A string contains NUL")
    if any(int(digits) > MAX_INTEGER for digits in _LONG_INTEGER.findall(skeleton)):
        raise NotStrict("An integer is out of range: use -2^64 to 2^64")
    colons = skeleton.count(b":")
    if type(value) is dict and len(value) == colons and "__proto__" not in value:
        return value  # each colon belongs to another of its keys, so there is no other object in it
    if colons:
        _check_keys(_encode(value), colons)
    return value


def _check_skeleton(skeleton: bytes) -> None:
    """Check number and depth. Each value is an element, a member or the whole, so separators and brackets count them."""
    values = 1 + skeleton.count(b",") + skeleton.count(b"[") + skeleton.count(b"{")
    if values > MAX_VALUES:
        raise NotStrict(TOO_MANY)
    nested = skeleton.translate(_SQUARE, _ALL_BUT_BRACKETS)
    depth = 0
    while b"[]" in nested:  # each round removes the innermost pair of each branch
        nested = nested.replace(b"[]", b"")
        depth += 1
        if depth > MAX_DEPTH:
            raise NotStrict(f"Nested too deep: at most {MAX_DEPTH} levels")


def _check_keys(canonical: bytes, colons: int) -> None:
    """Compare with the value as we encode it: without escapes, spaces and duplicate keys."""
    if _skeleton(_unescaped(canonical)).count(b":") != colons:
        raise NotStrict("An object contains a key twice")
    if b'{"__proto__":' in canonical or b',"__proto__":' in canonical:
        raise NotStrict("`__proto__` is not allowed as a key")


def _unescaped(text: bytes) -> bytes:
    """The text without escapes that could be mistaken for the end of a string."""
    return text.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in text else text


def _skeleton(unescaped: bytes) -> bytes:
    """The text outside strings."""
    if unescaped.count(b'"') > 4 * MAX_VALUES:  # two for each value and two for its key
        raise NotStrict(TOO_MANY)
    return b"".join(unescaped.split(b'"')[::2])


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
