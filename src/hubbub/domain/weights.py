"""Changes that wait for a commit are packed, so that they take about as much memory as on the wire."""

from collections.abc import Sized

import msgspec
from msgspec.structs import replace

from hubbub.protocol.codec import encode
from hubbub.protocol.messages import Change, Edit, Patch, Post, React, Unreact

CHANGE_COST = 200  # bytes that each event takes besides its content
PATCH_COST = 4_096  # each is merged into a document, which must be encoded to measure it


def packed(change: Change) -> Change:
    """Return the change with its JSON as bytes; decoded, it may take twenty times the memory."""
    if type(change) is Post and change.arguments is not None:
        return replace(change, arguments=msgspec.Raw(encode(change.arguments)))
    if type(change) is Patch:
        return replace(change, patch=msgspec.Raw(encode(change.patch)))
    return change


def weight(change: Change) -> int:
    """Return roughly how many bytes a packed change and its event take."""
    if type(change) is Post and change.arguments is None:  # by far the most frequent
        if (text := change.text) is not None and text.isascii():
            return CHANGE_COST + len(text)
        return CHANGE_COST + _weight(text or change.bytes)
    match change:
        case Post():
            parts = (change.arguments, *(change.attachments or ()))
            return CHANGE_COST + sum(map(_weight, parts))
        case Edit():
            return CHANGE_COST + _weight(change.text)
        case Patch():
            return PATCH_COST + _weight(change.patch)
        case React() | Unreact():
            return CHANGE_COST + _weight(change.emoji)
        case _:
            return CHANGE_COST + len(encode(change))


def _weight(part: Sized | None) -> int:
    if part is None:
        return 0
    return 4 * len(part) if isinstance(part, str) and not part.isascii() else len(part)
