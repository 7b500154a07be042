"""Checks that don't depend on the room's state: names, sizes, the access table."""

import msgspec

from hubbub.domain.access import Operation, Permission, refuse
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.keys import is_thread_key
from hubbub.protocol.messages import Change, Signal, Typing, Value

MAX_VALUE_BYTES = 4096
TYPING_TTL = 5.0  # seconds
NOT_IN_THREADS = Refusal("bad_request", "A thread shares this with its room: use the room instead")


def require(principal: Principal, operation: Permission, room: str) -> None:
    """Raise RefusalError if a principal may not do this in a room, or the room's name is invalid."""
    if refusal := refuse(principal, operation, room):
        raise RefusalError.of(refusal)


def screen_change(
    rules: Rules, principal: Principal, change: Change, max_bytes: int
) -> Refusal | None:
    """Return why a change can't be accepted whatever the room's state. Texts may have `max_bytes`."""
    rule = rules.by_command[type(change)]
    if not rule.in_threads and is_thread_key(change.room):
        return NOT_IN_THREADS
    if not rule.is_internal and (refusal := refuse(principal, rule.operation, change.room)):
        return refusal
    return rule.screen(change, max_bytes) if rule.screen else None


def screen_signal(principal: Principal, signal: Signal) -> Typing | Value | Refusal:
    """Return what to send on for a signal, or a refusal."""
    if refusal := refuse(principal, Operation.SIGNAL, signal.room):
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
