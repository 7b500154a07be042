"""Checks of a command that don't need the room's state: names, sizes, the access table."""

import msgspec

from hubbub.protocol.codec import encode
from hubbub.protocol.engineio import BadPacket
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    Patch,
    Post,
    React,
    Signal,
    Typing,
    Unreact,
    Value,
)
from hubbub.protocol.names import is_emoji, room_name_fault
from hubbub.protocol.socketio import RESERVED_NAMES, put_in
from hubbub.rooms.access import Operation, Principal, may, may_know

MAX_VALUE_BYTES = 4096
TYPING_TTL = 5.0  # seconds

OPERATIONS: dict[type[Change], Operation] = {
    Post: Operation.POST,
    Edit: Operation.EDIT_OWN,
    Delete: Operation.DELETE_OWN,
    React: Operation.REACT,
    Unreact: Operation.REACT,
    Patch: Operation.PATCH,
}


def screen(principal: Principal, operation: Operation, room: str) -> Refusal | None:
    """Return a refusal if the room's name is invalid or the principal may not do this there."""
    if fault := room_name_fault(room):
        return Refusal("bad_request", fault)
    if not may_know(principal, room):
        return Refusal("not_found", "No such room, or no access to it")
    if not may(principal, operation):
        return Refusal("forbidden", f"Not allowed to {operation.value}")
    return None


def screen_change(principal: Principal, change: Change, max_bytes: int) -> Refusal | None:
    """Return why a change can't be accepted whatever the room's state. Texts may have `max_bytes`."""
    if refusal := screen(principal, OPERATIONS[type(change)], change.room):
        return refusal
    match change:
        case Post() if why := _fault(change):
            return Refusal("bad_request", why)
        case Post() | Edit() if _size(change) > max_bytes:
            return Refusal("too_large", f"Message too large: use at most {max_bytes} bytes")
        case React() | Unreact() if not is_emoji(change.emoji):
            return Refusal(
                "bad_request", "Invalid `emoji`: use 1 to 32 characters, none of them blank"
            )
    return None


def screen_signal(principal: Principal, signal: Signal) -> Typing | Value | Refusal:
    """Return what to send on for a signal, or a refusal."""
    if refusal := screen(principal, Operation.SIGNAL, signal.room):
        return refusal
    if signal.signal == "typing":
        return Typing(signal.room, principal.name, TYPING_TTL, principal.person.id)
    if signal.signal != "value":
        return Refusal(
            "bad_request", f"Unknown signal {signal.signal[:32]!r}: use 'typing' or 'value'"
        )
    if signal.key is None:
        return Refusal("bad_request", "A live value needs a `key`")
    encoded = encode(signal.value)
    if len(encoded) > MAX_VALUE_BYTES:
        return Refusal("too_large", f"Live value too large: use at most {MAX_VALUE_BYTES} bytes")
    value = None if signal.value is None else msgspec.Raw(encoded)
    by, id_ = principal.person
    return Value(signal.room, by, signal.key, value, signal.ttl, id_)


def _fault(post: Post) -> str | None:
    """Return what is wrong with the content of a post, or None."""
    said = (post.text, post.bytes, post.arguments)
    if sum(x is not None for x in said) != 1:
        return "A post needs exactly one of `text`, `bytes` and `arguments`"
    if post.emitted_as in RESERVED_NAMES:
        return f"Reserved event name: Socket.IO uses {post.emitted_as!r} itself"
    if post.attachments is not None and post.arguments is None:
        return "`attachments` need `arguments`"
    if post.attachments and not _are_placed(post):
        return "A placeholder in `arguments` refers to a missing attachment"
    return None


def _are_placed(post: Post) -> bool:
    """Whether each placeholder has its attachment. Socket.IO clients disconnect on one without."""
    try:
        put_in(post.arguments, post.attachments or [])
    except BadPacket:
        return False
    return True


def _size(change: Post | Edit) -> int:
    """Return the size in bytes of the text (as UTF-8) or the binary content."""
    if isinstance(change, Post) and change.bytes is not None:
        return len(change.bytes)
    if isinstance(change, Post) and change.arguments is not None:
        return len(encode(change.arguments)) + sum(map(len, change.attachments or ()))
    text = change.text or ""
    return len(text) if text.isascii() else len(text.encode())
