"""Decodes native frames into replies, events, signals and notices."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from hubbub.client.rooms.inbox import Skipped
from hubbub.domain.aspects import RULES
from hubbub.events import Event, Events
from hubbub.protocol.messages import AnySignal, Notice, Reply
from hubbub.protocol.strict import MAX_DEPTH

Frame = Reply | Event | Skipped | AnySignal | Notice


class _Shape(msgspec.Struct):
    """The keys that tell the kind of a frame."""

    event: str | UnsetType = UNSET
    signal: str | UnsetType = UNSET
    notice: str | UnsetType = UNSET


class _Place(msgspec.Struct):
    room: str
    seq: int


_shape = msgspec.json.Decoder(_Shape).decode
_place = msgspec.json.Decoder(_Place).decode
_signal = msgspec.json.Decoder(AnySignal).decode
_notice = msgspec.json.Decoder(Notice).decode
_reply = msgspec.json.Decoder(Reply).decode


class UnreadableFrame(Exception):
    """A received frame is not hubbub.v1."""


def read(frame: str, events: Events = RULES.events) -> Frame | None:
    """Decode one frame; `events` are the known kinds. Returns None for a signal or notice of an unknown kind.

    Raises:
        UnreadableFrame: the frame is not hubbub.v1.
    """
    try:
        shape = _shape(frame)
        if shape.event is not UNSET:
            return _event(frame, events)
        if shape.signal is not UNSET or shape.notice is not UNSET:
            return _passing(frame, is_signal=shape.signal is not UNSET)
        return _reply(frame)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableFrame(f"{error}: {frame[:200]}") from None


def _event(frame: str, events: Events) -> Event | Skipped:
    """Decode an event. One of an unknown kind, from a newer server, still has its place in the log."""
    try:
        event = events.decode(frame)
    except msgspec.ValidationError:
        place = _place(frame)
        return Skipped(place.room, place.seq)
    for value in astuple(event):
        if type(value) in (dict, list):
            _check_depth(value)
    return event


def _check_depth(value: Any, levels: int = MAX_DEPTH) -> None:
    """Refuse values nested deeper than any server accepts: code that walks them could exhaust its stack."""
    if levels < 0:
        raise msgspec.ValidationError(f"Nested too deep: at most {MAX_DEPTH} levels")
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for child in children:
            _check_depth(child, levels - 1)


def _passing(frame: str, *, is_signal: bool) -> AnySignal | Notice | None:
    try:
        passing: AnySignal | Notice = _signal(frame) if is_signal else _notice(frame)
        return passing
    except msgspec.ValidationError:
        return None
