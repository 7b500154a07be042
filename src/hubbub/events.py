"""The events of a room's log, as on the wire and in the database.

Doesn't know who is connected, nor how an event is stored or sent.
"""

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
from typing import Any

import msgspec

Base64 = bytes  # on the wire as a base64 string


class _Numbered(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower, omit_defaults=True):
    room: str
    seq: int
    at: str
    by: str


class Event(_Numbered, frozen=True, kw_only=True):
    """One durable fact in a room's log.

    Attributes:
        room: the name of the room.
        seq: the number of the event, which orders the log: 1, 2, 3 … without gaps.
        at: the server's time (RFC 3339, UTC, milliseconds), for display only.
        by: the name of the author. Several people may have the same name.
        id: what identifies the author where the name alone does not, else None.
    """

    id: str | None = None


class Erasable(Event, frozen=True, kw_only=True):
    """An event that is erased when the message it concerns is deleted.

    If `erased`, only the fields of `Event` are left, and all others have their defaults.
    """

    erased: bool = False


class Posted(Erasable, frozen=True):
    """A message was posted: `text`, or `bytes` if it came as a binary frame.

    A message that a Socket.IO client emitted has the name of that event in `emitted_as`. It may have
    `arguments` instead of a text, with placeholders for the `attachments`.
    """

    text: str | None = None
    bytes: Base64 | None = None
    client_message_id: str | None = None
    reply_to: int | None = None
    emitted_as: str | None = None
    arguments: list[Any] | None = None
    attachments: list[Base64] | None = None


class Edited(Erasable, frozen=True, kw_only=True):
    """The author edited the message with the seq `message`."""

    message: int = 0
    text: str | None = None


class Deleted(Event, frozen=True, kw_only=True):
    """The message with the seq `message` was deleted."""

    message: int


class Reacted(Erasable, frozen=True, kw_only=True):
    """`by` added a reaction to the message with the seq `message`."""

    message: int = 0
    emoji: str = ""


class Unreacted(Erasable, frozen=True, kw_only=True):
    """`by` removed a reaction from the message with the seq `message`."""

    message: int = 0
    emoji: str = ""


class Patched(Event, frozen=True, kw_only=True):
    """The room's state document was changed by a JSON Merge Patch (RFC 7396)."""

    patch: Any


AnyEvent = Posted | Edited | Deleted | Reacted | Unreacted | Patched

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyEvent).decode


def union_of(kinds: Iterable[type]) -> Any:
    """The type of whatever is of one of these kinds, for decoders. Raises TypeError if there are none."""
    return reduce(or_, kinds)


class Events:
    """The kinds of events that a log may hold. The decoder of all of them is built once."""

    def __init__(self, kinds: Iterable[type[Event]]) -> None:
        """Raises TypeError if two of them have the same name, or if there are none."""
        self.kinds = tuple(kinds)
        self.union = union_of(self.kinds)
        self._decode = msgspec.json.Decoder(self.union).decode

    def decode(self, body: bytes | str) -> Event:
        """Decode an event as it is stored and sent. Raises msgspec.MsgspecError."""
        event: Event = self._decode(body)
        return event


_DELETED = b'{"event":"deleted",'  # the beginning of the body of each such event


def about(event: AnyEvent) -> int | None:
    """The seq of the message that an event changes, if the event is erased together with that message."""
    return event.message if isinstance(event, Edited | Reacted | Unreacted) else None


def erased(body: bytes) -> bytes:
    """The body that is left of an event when its message is deleted: number, time and author."""
    return encode(emptied(decode(body)))


def emptied(event: AnyEvent) -> AnyEvent:
    """The event without its content, if it concerns a message. Others stay as they are."""
    if not isinstance(event, Erasable):
        return event
    place = {name: getattr(event, name) for name in Event.__struct_fields__}
    return type(event)(**place, erased=True)


def deleted_by(bodies: Iterable[bytes]) -> set[int]:
    """The seqs of the messages that these events of one room delete."""
    events = (decode(body) for body in bodies if body.startswith(_DELETED))
    return {event.message for event in events if isinstance(event, Deleted)}


def without(bodies: Iterable[bytes], messages: Collection[int]) -> list[bytes]:
    """These events of one room, with those erased that concern the given messages."""
    return [erased(body) if concerns(decode(body), messages) else body for body in bodies]


def concerns(event: AnyEvent, messages: Collection[int]) -> bool:
    """Whether an event is erased together with the given messages of its room."""
    return (event.seq if isinstance(event, Posted) else about(event)) in messages
