"""What can happen in a room: the durable facts in its log, as they stand on the wire and in the database.

Knows nothing of who is connected, nor of how an event is stored or sent.
"""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

Base64 = bytes  # on the wire as a base64 string


class _Numbered(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower, omit_defaults=True):
    room: str
    seq: int
    at: str
    by: str


class Event(_Numbered, frozen=True, kw_only=True):
    """One fact in a room's log.

    `seq` numbers the events of a room 1, 2, 3 … without gaps and orders them; `at` (RFC 3339, UTC,
    milliseconds) only decorates. `by` is a name, which several people may have: where it does not
    say who it was, `id` does.
    """

    id: str | None = None


class Erasable(Event, frozen=True, kw_only=True):
    """An event that is emptied when the message it is about is deleted.

    `erased`: only the fields of `Event` are left; all others have their defaults.
    """

    erased: bool = False


class Posted(Erasable, frozen=True):
    """A message was written: `text`, or `bytes` if it came as a binary frame.

    One that a Socket.IO client emitted has that event's name, and may have any `arguments` instead,
    with placeholders for the bytes that are `attachments`.
    """

    text: str | None = None
    bytes: Base64 | None = None
    client_message_id: str | None = None
    reply_to: int | None = None
    emitted_as: str | None = None
    arguments: list[Any] | None = None
    attachments: list[Base64] | None = None


class Edited(Erasable, frozen=True, kw_only=True):
    """The author gave the message numbered `message` a new text."""

    message: int = 0
    text: str | None = None


class Deleted(Event, frozen=True, kw_only=True):
    """The author took the message numbered `message` back."""

    message: int


class Reacted(Erasable, frozen=True, kw_only=True):
    """`by` put an emoji on a message."""

    message: int = 0
    emoji: str = ""


class Unreacted(Erasable, frozen=True, kw_only=True):
    """`by` took an emoji off a message."""

    message: int = 0
    emoji: str = ""


class Patched(Event, frozen=True, kw_only=True):
    """The room's state document was changed by a JSON Merge Patch (RFC 7396)."""

    patch: Any


AnyEvent = Posted | Edited | Deleted | Reacted | Unreacted | Patched

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyEvent).decode

_DELETED = b'{"event":"deleted",'  # how the body of each begins


def about(event: AnyEvent) -> int | None:
    """The message that an event changes, if it is to be erased together with that message."""
    return event.message if isinstance(event, Edited | Reacted | Unreacted) else None


def erased(body: bytes) -> bytes:
    """The body of an event whose message was deleted: its number, time and author."""
    return encode(emptied(decode(body)))


def emptied(event: AnyEvent) -> AnyEvent:
    """The event without what it says about a message. Others stay as they are."""
    if not isinstance(event, Erasable):
        return event
    place = {name: getattr(event, name) for name in Event.__struct_fields__}
    return type(event)(**place, erased=True)


def deleted_by(bodies: Iterable[bytes]) -> set[int]:
    """The messages that these events of one room delete."""
    events = (decode(body) for body in bodies if body.startswith(_DELETED))
    return {event.message for event in events if isinstance(event, Deleted)}


def without(bodies: Iterable[bytes], messages: Collection[int]) -> list[bytes]:
    """These events of one room, with what concerns some of its messages erased."""
    return [erased(body) if concerns(decode(body), messages) else body for body in bodies]


def concerns(event: AnyEvent, messages: Collection[int]) -> bool:
    """Whether an event is to be erased together with some messages of its room."""
    return (event.seq if isinstance(event, Posted) else about(event)) in messages
