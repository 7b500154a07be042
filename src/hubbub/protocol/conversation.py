"""What clients ask about messages besides writing them, with the answers."""

from typing import Annotated

import msgspec
from msgspec import Meta

from hubbub.protocol.messages import Change, Message, Question, RoomName, Seq

PAGE = 50  # at most so many messages in one answer


class Pin(Change, frozen=True):
    """Pins a message in its room."""

    seq: Seq


class Unpin(Change, frozen=True):
    """Pins a message no longer."""

    seq: Seq


class ListPins(Question, frozen=True):
    """Requests the pinned messages of a room, the last pinned first; with `before`, those pinned before that event."""

    room: RoomName
    before: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class PinItem(msgspec.Struct, frozen=True):
    """A pinned message: who pinned it, when, and the seq of that event."""

    seq: int
    at: str
    by: str
    message: Message


class PinsPage(msgspec.Struct, frozen=True):
    """Pinned messages of a room, the last pinned first. `more` tells whether there are others pinned before them."""

    room: str
    epoch: str
    head: int
    pins: list[PinItem]
    more: bool
