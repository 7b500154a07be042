"""The events of a room's log, as on the wire and in the database: what all have in common, and those about messages.

Other subjects have modules of their own. Doesn't know who is connected, nor how an event is stored or sent.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
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


class Erased(Event, frozen=True, kw_only=True):
    """An account was removed with what it wrote: the oldest part of that, up to the event `upto`, was erased.

    The `messages` of the account `of` were deleted, and its reactions to the messages in `reactions` taken away. There are
    several such events if there was much.
    """

    of: str
    upto: int
    messages: list[int] = []
    reactions: list[int] = []


class OfAccount(Erasable, frozen=True, kw_only=True):
    """An event that says what an account is called. It is erased when the account is removed."""

    account: str = ""

    @property
    def erased_with(self) -> int:
        """The event is about itself."""
        return self.seq


class PersonRemoved(Event, frozen=True, kw_only=True):
    """An account was removed. What the directory said of it before is erased, and nothing will be said of it again."""

    account: str


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

    Of events with a `message`, only `deleted` stays when that message is deleted; of those with an `account`, only
    `person_removed` when that account is removed.
    """

    event: str
    room: str
    seq: int
    at: str
    by: str
    id: str | None = None
    message: int | None = None
    account: str | None = None
    erased: bool = False

    @property
    def erased_with(self) -> int | None:
        """The seq of the message with which the event is erased, if any: it may be about itself."""
        if self.event == "posted" or (self.account and self.event != "person_removed"):
            return self.seq
        return None if self.event == "deleted" else self.message


encode = msgspec.json.Encoder().encode
outline = msgspec.json.Decoder(Outline).decode
decode_posted = msgspec.json.Decoder(Posted).decode
decode_edited = msgspec.json.Decoder(Edited).decode
_decode_erasing = msgspec.json.Decoder(Deleted | Erased | PersonRemoved).decode


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
_ERASED = b'{"event":"erased",'
_REMOVED = b'{"event":"person_removed",'
_ERASING = (_DELETED, _ERASED, _REMOVED)
_CALLS_ALL = b'"calls":["*"]'  # in a message that calls all members; in texts, quotes are escaped


def tag_of(kind: type[Event]) -> bytes:
    """The name of a kind of events."""
    return str(kind.__struct_config__.tag).encode()


def tag_in(body: bytes) -> bytes:
    """The name of an event's kind, which is the first thing in its body."""
    return body[_TAG : body.index(b'"', _TAG)]


def changes_counts(body: bytes) -> bool:
    """Whether an event may change how much of a room people have not read, otherwise than by being one message more."""
    return body.startswith((_DELETED, _ERASED)) or _CALLS_ALL in body


def erased(body: bytes) -> bytes:
    """The body that is left of an event when its message is deleted: number, time and author."""
    left = outline(body)
    if left.erased_with is None:
        return body
    return encode(replace(left, message=None, account=None, erased=True))


def emptied(event: Event) -> Event:
    """The event without its content, if that can be erased. Others stay as they are."""
    if not isinstance(event, Erasable):
        return event
    place = {name: getattr(event, name) for name in Event.__struct_fields__}
    return type(event)(**place, erased=True)


@dataclass(frozen=True, slots=True)
class Gone:
    """What some events of one room erased.

    Attributes:
        messages: the messages that they deleted.
        reactions: whose reactions to which messages they took away.
        accounts: the accounts of which nothing is said any more.
    """

    messages: frozenset[int] = frozenset()
    reactions: frozenset[tuple[str, int]] = frozenset()
    accounts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.messages or self.reactions or self.accounts)

    def takes(self, body: bytes) -> bool:
        """Whether an event of the room is erased."""
        left = outline(body)
        if left.erased_with in self.messages:
            return True
        if left.event in REACTING and left.message is not None:
            return (left.by, left.message) in self.reactions
        return left.account in self.accounts and left.erased_with is not None


NOTHING_GONE = Gone()
REACTING = ("reacted", "unreacted")


def gone_in(bodies: Iterable[bytes]) -> Gone:
    """What these events of one room erased."""
    gone = NOTHING_GONE
    for body in bodies:
        if body.startswith(_ERASING):
            more = gone_by(_decode_erasing(body))
            gone = Gone(
                gone.messages | more.messages,
                gone.reactions | more.reactions,
                gone.accounts | more.accounts,
            )
    return gone


def gone_by(event: Event) -> Gone:
    """What an event erased."""
    match event:
        case Deleted():
            return Gone(frozenset({event.message}))
        case Erased():
            reactions = frozenset((event.of, message) for message in event.reactions)
            return Gone(frozenset(event.messages), reactions)
        case PersonRemoved():
            return Gone(accounts=frozenset({event.account}))
        case _:
            return NOTHING_GONE


def without(bodies: Iterable[bytes], gone: Gone) -> list[bytes]:
    """These events of one room, without the content of what is gone."""
    return [erased(body) if gone.takes(body) else body for body in bodies]
