"""The events of a room's log, as on the wire and in the database: what all have in common, and those about messages.

Other subjects have modules of their own. Doesn't know who is connected, nor how an event is stored or sent.
"""

import re
from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

Base64 = bytes  # on the wire as a base64 string


def snake_case(name: str) -> str:
    """How the class of an event or a command is called on the wire: `PersonAdded` is `person_added`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Numbered(msgspec.Struct, frozen=True, tag_field="event", tag=snake_case, omit_defaults=True):
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

    @property
    def erased_with(self) -> int | None:
        """The seq of the message with which the event is erased, if any."""
        return None


class Reference(msgspec.Struct, frozen=True):
    """Refers to a message of any room, by the seq `message`."""

    room: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    message: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Erasable(Event, frozen=True, kw_only=True):
    """An event that is erased when the message it concerns is deleted.

    If `erased`, only the fields of `Event` are left, and all others have their defaults.
    """

    erased: bool = False


class Posted(Erasable, frozen=True):
    """A message was posted: `text`, or `bytes` if it came as a binary frame.

    A message that a Socket.IO client emitted has the name of that event in `emitted_as`. It may have
    `arguments` instead of a text, with placeholders for the `attachments`. One that forwards another refers to it with
    `of`. In rooms with members, `mentions` are the accounts that the text mentions, by the handles in it, and `calls` those
    that it calls otherwise, or `*` for all.
    """

    text: str | None = None
    bytes: Base64 | None = None
    client_message_id: str | None = None
    reply_to: int | None = None
    emitted_as: str | None = None
    arguments: list[Any] | None = None
    attachments: list[Base64] | None = None
    of: Reference | None = None
    mentions: dict[str, str] | None = None
    calls: list[str] | None = None

    @property
    def erased_with(self) -> int:
        """The seq of the message, which is its own."""
        return self.seq


class About(Erasable, frozen=True, kw_only=True):
    """An event about the message with the seq `message`. It is erased together with that message."""

    message: int = 0

    @property
    def erased_with(self) -> int:
        """The seq of that message."""
        return self.message


class Edited(About, frozen=True, kw_only=True):
    """The author edited the message with the seq `message`."""

    text: str | None = None
    mentions: dict[str, str] | None = None
    calls: list[str] | None = None


class Deleted(Event, frozen=True, kw_only=True):
    """The message with the seq `message` was deleted."""

    message: int


class Reacted(About, frozen=True, kw_only=True):
    """`by` added a reaction to the message with the seq `message`."""

    emoji: str = ""


class Unreacted(About, frozen=True, kw_only=True):
    """`by` removed a reaction from the message with the seq `message`."""

    emoji: str = ""


class Patched(Event, frozen=True, kw_only=True):
    """The room's state document was changed by a JSON Merge Patch (RFC 7396)."""

    patch: Any


class Outline(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event of any kind, known or not, without its content. Erasing needs no more.

    Of events with a `message`, only `deleted` stays when that message is deleted.
    """

    event: str
    room: str
    seq: int
    at: str
    by: str
    id: str | None = None
    message: int | None = None
    erased: bool = False

    @property
    def erased_with(self) -> int | None:
        """The seq of the message with which the event is erased, if any."""
        if self.event == "posted":
            return self.seq
        return None if self.event == "deleted" else self.message


encode = msgspec.json.Encoder().encode
outline = msgspec.json.Decoder(Outline).decode
decode_posted = msgspec.json.Decoder(Posted).decode
decode_edited = msgspec.json.Decoder(Edited).decode
_decode_deleted = msgspec.json.Decoder(Deleted).decode


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


_TAG = len(b'{"event":"')
_DELETED = b'{"event":"deleted",'  # the beginning of the body of each such event
_CALLS_ALL = b'"calls":["*"]'  # in a message that calls all members; in texts, quotes are escaped


def tag_of(kind: type[Event]) -> bytes:
    """The name of a kind of events."""
    return str(kind.__struct_config__.tag).encode()


def tag_in(body: bytes) -> bytes:
    """The name of an event's kind, which is the first thing in its body."""
    return body[_TAG : body.index(b'"', _TAG)]


def changes_counts(body: bytes) -> bool:
    """Whether an event may change how much of a room people have not read, otherwise than by being one message more."""
    return body.startswith(_DELETED) or _CALLS_ALL in body


def erased(body: bytes) -> bytes:
    """The body that is left of an event when its message is deleted: number, time and author."""
    left = outline(body)
    return body if left.erased_with is None else encode(replace(left, message=None, erased=True))


def emptied(event: Event) -> Event:
    """The event without its content, if it concerns a message. Others stay as they are."""
    if not isinstance(event, Erasable):
        return event
    place = {name: getattr(event, name) for name in Event.__struct_fields__}
    return type(event)(**place, erased=True)


def deleted_by(bodies: Iterable[bytes]) -> set[int]:
    """The seqs of the messages that these events of one room delete."""
    return {_decode_deleted(body).message for body in bodies if body.startswith(_DELETED)}


def without(bodies: Iterable[bytes], messages: Collection[int]) -> list[bytes]:
    """These events of one room, with those erased that concern the given messages."""
    return [erased(body) if outline(body).erased_with in messages else body for body in bodies]


def concerns(event: Event, messages: Collection[int]) -> bool:
    """Whether an event is erased together with the given messages of its room."""
    return event.erased_with in messages
