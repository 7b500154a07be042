"""What changes weigh that wait for a commit: about as many bytes as they and their events take.

Each rule says what its command weighs; here is what most of them say.
"""

from functools import cache
from typing import Any, TypeVar

import msgspec

from hubbub.protocol.codec import encode
from hubbub.protocol.messages import Change

C = TypeVar("C", bound=Change)

CHANGE_COST = 200  # bytes that each event takes besides its content


def weighed(change: C) -> tuple[C, int]:
    """Return a change, and roughly how many bytes it and its event take."""
    weight = sum(weight_of(getattr(change, name)) for name in _own(type(change)))
    return change, CHANGE_COST + weight


def weight_of(part: Any) -> int:
    """Return roughly how many bytes a part of a change takes. Numbers are in the cost of the event."""
    match part:
        case None | int() | float():
            return 0
        case str():
            return len(part) if part.isascii() else 4 * len(part)
        case bytes() | msgspec.Raw():
            return len(part)
        case list():
            return sum(map(weight_of, part))
        case _:
            return len(encode(part))


def as_bytes(value: Any) -> Any:
    """Return a value as its JSON, which takes up to twenty times less memory while it waits."""
    return msgspec.Raw(encode(value))


@cache
def _own(kind: type[Change]) -> tuple[str, ...]:
    """The fields of a command that other changes don't have."""
    shared = set(Change.__struct_fields__)
    return tuple(name for name in kind.__struct_fields__ if name not in shared)
