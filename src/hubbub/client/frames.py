"""From a native frame to what it holds: a reply, an event, a signal or a notice."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from hubbub import events
from hubbub.client.inbox import Skipped
from hubbub.events import AnyEvent, Patched, Posted
from hubbub.protocol.messages import AnySignal, Closing, Reply
from hubbub.protocol.strict import MAX_DEPTH

Frame = Reply | AnyEvent | Skipped | AnySignal | Closing


class _Shape(msgspec.Struct):
    """Which of the kinds a frame is, told by the key that it has."""

    event: str | UnsetType = UNSET
    signal: str | UnsetType = UNSET
    notice: str | UnsetType = UNSET


class _Place(msgspec.Struct):
    room: str
    seq: int


_shape = msgspec.json.Decoder(_Shape).decode
_place = msgspec.json.Decoder(_Place).decode
_signal = msgspec.json.Decoder(AnySignal).decode
_notice = msgspec.json.Decoder(Closing).decode
_reply = msgspec.json.Decoder(Reply).decode


class UnreadableFrame(Exception):
    """What came is not hubbub.v1."""


def read(frame: str) -> Frame | None:
    """Decode one frame; None for a signal or notice of a kind that this version does not know.

    Raises:
        UnreadableFrame: not the protocol that we speak.
    """
    try:
        shape = _shape(frame)
        if shape.event is not UNSET:
            return _event(frame)
        if shape.signal is not UNSET or shape.notice is not UNSET:
            return _passing(frame, is_signal=shape.signal is not UNSET)
        return _reply(frame)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableFrame(f"{error}: {frame[:200]}") from None


def _event(frame: str) -> AnyEvent | Skipped:
    """An event that a newer server knows and we don't still has its place in the log."""
    try:
        event: AnyEvent = events.decode(frame)
    except msgspec.ValidationError:
        place = _place(frame)
        return Skipped(place.room, place.seq)
    if isinstance(event, Patched | Posted):
        _check_depth(event.patch if isinstance(event, Patched) else event.arguments)
    return event


def _check_depth(value: Any, levels: int = MAX_DEPTH) -> None:
    """What is deeper than any server takes could exhaust the stack of whoever works with it."""
    if levels < 0:
        raise msgspec.ValidationError(f"nested more than {MAX_DEPTH} deep")
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for child in children:
            _check_depth(child, levels - 1)


def _passing(frame: str, *, is_signal: bool) -> AnySignal | Closing | None:
    try:
        return _signal(frame) if is_signal else _notice(frame)
    except msgspec.ValidationError:
        return None
