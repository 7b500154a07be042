"""The events of a room's log, as on the wire and in the database: what all have in common, and those about messages.

Other subjects have modules of their own. Doesn't know who is connected, nor how an event is stored or sent.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec.structs import replace

P = TypeVar("P", bound=msgspec.Struct)
Base64 = bytes  # on the wire as a base64 string
ROOT = 0  # in a thread, in place of a seq: the message that it is about


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


class Attached(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a message shows: its key, what it is called, its media type by its first bytes, and its size in bytes.

    Of a picture or a video whose size in pixels is known, `width` and `height` are that. `alt` is its alt text: what it shows,
    in its author's words.
    """

    file: str
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None
    alt: str = ""


class Erasable(Event, frozen=True, kw_only=True):
    """An event that is erased when the message it concerns is deleted.

    If `erased`, only the fields of `Event` are left, and all others have their defaults.
    """

    erased: bool = False


class LinkPreview(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the page at an address says of itself: its title, and perhaps the name of its site and a description.

    All of it was written by whoever made the page. It is text, never markup, without control characters.
    """

    url: str
    title: str
    site: str = ""
    description: str = ""


class Posted(Erasable, frozen=True):
    """A message was posted: `text`, or `bytes` if it came as a binary frame.

    A message that a Socket.IO client emitted has the name of that event in `emitted_as`. It may have
    `arguments` instead of a text, with placeholders for the `attachments`. One that forwards another refers to it with
    `of`. In rooms with members, `mentions` are the accounts that the text mentions, by the handles in it, and `calls` those
    that it calls otherwise, or `*` for all. `files` are those that it shows, also in rooms with members only.
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
    files: list[Attached] | None = None

    @property
    def is_former(self) -> bool:
        """Whether what it said was erased when it was edited. The message is there, and a later event says its text."""
        return not self.erased and (self.text, self.bytes, self.arguments) == (None, None, None)

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
    """The author edited the message with the seq `message`. If it `erases`, what that said before is erased.

    `alts` are the alt texts of all of its files that have one, by their keys.
    """

    text: str | None = None
    mentions: dict[str, str] | None = None
    calls: list[str] | None = None
    erases: bool = False
    alts: dict[str, str] | None = None


class Previewed(About, frozen=True, kw_only=True):
    """The message with the seq `message` now shows these previews. Earlier events about its previews are erased."""

    previews: list[LinkPreview] = []


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


class RootDeleted(Event, frozen=True, kw_only=True):
    """In a thread: the message that it is about was deleted, and with it the titles that the thread had."""


class FormerErased(Event, frozen=True, kw_only=True):
    """What some `messages` said before they were edited was erased: each one's event in `edits` says what it said next."""

    messages: list[int]
    edits: list[int]


def of_root(room: str) -> int | None:
    """What the titles of a thread are erased with: the message that it is about, which has no seq there. None in rooms."""
    return ROOT if ":" in room else None


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
    `person_removed` when that account is removed. In a thread, `changed` says a title.
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
        if self.event == "changed":
            return of_root(self.room)
        return None if self.event == "deleted" else self.message


encode = msgspec.json.Encoder().encode
outline = msgspec.json.Decoder(Outline).decode
decode_posted = msgspec.json.Decoder(Posted).decode
decode_edited = msgspec.json.Decoder(Edited).decode
_decode_erasing = msgspec.json.Decoder(
    Deleted | Erased | PersonRemoved | RootDeleted | FormerErased | Edited | Previewed
).decode


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
POSTED = b'{"event":"posted",'
_DELETED = b'{"event":"deleted",'  # the beginning of the body of each such event
_ERASED = b'{"event":"erased",'
_REMOVED = b'{"event":"person_removed",'
_ROOT_DELETED = b'{"event":"root_deleted",'
EDITED = b'{"event":"edited",'
_FORMER = b'{"event":"former_erased",'
_PREVIEWED = b'{"event":"previewed",'
_ERASING = (_DELETED, _ERASED, _REMOVED, _ROOT_DELETED, _FORMER, EDITED, _PREVIEWED)
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


def as_former(message: P) -> P:
    """A message, or the event that posted it, without what an edit replaces."""
    said = {"text": None, "bytes": None, "arguments": None, "attachments": None}
    shown = getattr(message, "files", None)
    files = shown and [replace(each, alt="") for each in shown]
    return replace(message, **said, mentions=None, calls=None, files=files)


def former(body: bytes) -> bytes:
    """The body that is left of an event when its message is edited, if that erases what it said before."""
    if body.startswith(POSTED):
        return encode(as_former(decode_posted(body)))
    return erased(body) if body.startswith(EDITED) else body


def forms(body: bytes) -> tuple[bytes, ...]:
    """An event's body, and what may be left of it some time later."""
    return body, former(body), erased(body)


def emptied(event: Event) -> Event:
    """The event without its content, if that can be erased. Others stay as they are."""
    if not isinstance(event, Erasable) or event.erased_with is None:
        return event
    place = {name: getattr(event, name) for name in Event.__struct_fields__}
    return type(event)(**place, erased=True)


@dataclass(frozen=True, slots=True)
class Gone:
    """What some events of one room erased.

    Attributes:
        messages: the messages that they deleted; of a thread, perhaps its `ROOT`.
        reactions: whose reactions to which messages they took away.
        accounts: the accounts of which nothing is said any more.
        edits: the last edit of each message whose former texts are erased.
        previews: the last event that says which previews each message shows.
    """

    messages: frozenset[int] = frozenset()
    reactions: frozenset[tuple[str, int]] = frozenset()
    accounts: frozenset[str] = frozenset()
    edits: Mapping[int, int] = field(default_factory=dict)
    previews: Mapping[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        some = self.messages or self.reactions or self.accounts or self.edits
        return bool(some or self.previews)

    def __or__(self, more: "Gone") -> "Gone":
        return Gone(
            self.messages | more.messages,
            self.reactions | more.reactions,
            self.accounts | more.accounts,
            _later(self.edits, more.edits),
            _later(self.previews, more.previews),
        )

    def takes(self, body: bytes) -> bool:
        """Whether an event of the room is erased."""
        left = outline(body)
        if left.erased_with in self.messages:
            return True
        if left.event in REACTING and left.message is not None:
            return (left.by, left.message) in self.reactions
        before = {"posted": self.edits, "edited": self.edits, "previewed": self.previews}
        if left.seq < before.get(left.event, _NONE).get(left.erased_with or 0, 0):
            return True
        return left.account in self.accounts and left.erased_with is not None

    def left_of(self, body: bytes) -> bytes:
        """The body that is left of an event of the room."""
        if not self.takes(body):
            return body
        is_message = body.startswith(POSTED) and outline(body).seq not in self.messages
        return former(body) if is_message else erased(body)


def _later(some: Mapping[int, int], more: Mapping[int, int]) -> Mapping[int, int]:
    """The last event of each message."""
    return {**some, **{seq: max(some.get(seq, 0), last) for seq, last in more.items()}}


NOTHING_GONE = Gone()
_NONE: Mapping[int, int] = {}
REACTING = ("reacted", "unreacted")


def gone_in(bodies: Iterable[bytes]) -> Gone:
    """What these events of one room erased."""
    gone = NOTHING_GONE
    for body in bodies:
        if body.startswith(_ERASING):
            gone |= gone_by(_decode_erasing(body))
    return gone


def gone_by(event: Event) -> Gone:
    """What an event erased."""
    match event:
        case Deleted():
            return Gone(frozenset({event.message}))
        case Erased():
            reactions = frozenset((event.of, message) for message in event.reactions)
            return Gone(frozenset(event.messages), reactions)
        case RootDeleted():
            return Gone(frozenset({ROOT}))
        case PersonRemoved():
            return Gone(accounts=frozenset({event.account}))
        case Edited(erases=True):
            return Gone(edits={event.message: event.seq})
        case Previewed():
            return Gone(previews={event.message: event.seq})
        case FormerErased():
            return Gone(edits=dict(zip(event.messages, event.edits, strict=False)))
        case _:
            return NOTHING_GONE


def without(bodies: Iterable[bytes], gone: Gone) -> list[bytes]:
    """These events of one room, without the content of what is gone."""
    return [gone.left_of(body) for body in bodies]
