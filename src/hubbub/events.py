"""What can happen in a room: the durable facts in its log, as they stand on the wire and in the database.

Knows nothing of who is connected, nor of how an event is stored or sent.
"""

from typing import Any

import msgspec

Base64 = bytes  # on the wire as a base64 string


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower, omit_defaults=True):
    """One fact in a room's log.

    `seq` numbers the events of a room 1, 2, 3 … without gaps and orders them; `at` (RFC 3339, UTC,
    milliseconds) only decorates.
    """

    room: str
    seq: int
    at: str
    by: str


class Posted(Event, frozen=True):
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


class Edited(Event, frozen=True, kw_only=True):
    """The author gave the message numbered `message` a new text."""

    message: int
    text: str


class Deleted(Event, frozen=True, kw_only=True):
    """The author took the message numbered `message` back."""

    message: int


class Reacted(Event, frozen=True, kw_only=True):
    """`by` put an emoji on a message."""

    message: int
    emoji: str


class Unreacted(Event, frozen=True, kw_only=True):
    """`by` took an emoji off a message."""

    message: int
    emoji: str


class Patched(Event, frozen=True, kw_only=True):
    """The room's state document was changed by a JSON Merge Patch (RFC 7396)."""

    patch: Any


AnyEvent = Posted | Edited | Deleted | Reacted | Unreacted | Patched

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyEvent).decode
