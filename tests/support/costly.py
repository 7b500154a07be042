"""Small inputs that were dear: each makes a JSON value of about `size` bytes."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MOST_SECONDS = 0.010  # of CPU that one step may hold the loop


def _list(element: bytes) -> Callable[[int], bytes]:
    return lambda size: b"[" + b",".join([element] * (size // (len(element) + 1))) + b"]"


def _keys(size: int) -> bytes:
    return b"{" + b",".join(b'"%05d":1' % number for number in range(size // 10)) + b"}"


COSTLY: dict[str, Callable[[int], bytes]] = {
    "empty objects": _list(b"{}"),
    "empty lists": _list(b"[]"),
    "empty strings": _list(b'""'),
    "digits": _list(b"1"),
    "long integers": _list(b"18446744073709551616"),
    "small objects": _list(b'{"":1}'),
    "objects with a key twice": _list(b'{"a":1,"a":1}'),
    "escaped NULs": _list(rb'"\u0000"'),
    "many keys": _keys,
    "lists in lists": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "lists that never end": lambda size: b"[" * size,
    "quotes": lambda size: b'"' * size,
    "a text of quotes": lambda size: b'"' + rb"\"" * (size // 2) + b'"',
    "a text of backslashes": lambda size: b'"' + rb"\\" * (size // 2) + b'"',
    "a text of escapes": lambda size: b'"' + rb"\u200c" * (size // 6) + b'"',
    "a long number": lambda size: b"1" * size,
    "a long fraction": lambda size: b"0." + b"1" * size,
    "blanks": lambda size: b"[" + b" " * size + b"]",
}


def within(seconds: float, act: Callable[..., Any], text: bytes, error: type[Exception]) -> None:
    """Fail unless the fastest of a few tries took less: others may have the core in between."""
    spent = []
    for _ in range(3):
        begin = time.thread_time()
        with suppress(error):
            act(text)
        spent.append(time.thread_time() - begin)
    assert min(spent) < seconds, f"{min(spent) * 1000:.1f} ms"
