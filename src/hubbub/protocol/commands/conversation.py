"""What clients ask about messages besides writing them, with the answers."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hubbub.events import Base64, Reference
from hubbub.protocol.keys import ME
from hubbub.protocol.messages import Author, Change, Message, Question, RoomName, Seq

MAX_NOTE = 500  # characters
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
    people: dict[str, Author] | UnsetType = UNSET


class Save(Change, frozen=True, kw_only=True):
    """Saves a message of any room in a list of one's own, or changes what one notes about it."""

    room: RoomName = ME
    of: Reference
    note: Annotated[str, Meta(max_length=MAX_NOTE)] = ""


class Unsave(Change, frozen=True, kw_only=True):
    """Saves a message no longer."""

    room: RoomName = ME
    of: Reference


class ListSaved(Question, frozen=True):
    """Requests one's saved messages, the last saved first; with `before`, those saved before that event."""

    before: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class SavedItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A saved message: when it was saved, and the seq of that event in the own log.

    `message` is null if it isn't kept any more, or may not be read.
    """

    of: Reference
    seq: int
    at: str
    message: Message | None
    note: str = ""


class SavedPage(msgspec.Struct, frozen=True):
    """Saved messages, the last saved first. `more` tells whether there are others saved before them."""

    epoch: str
    saved: list[SavedItem]
    more: bool
    people: dict[str, Author] | UnsetType = UNSET


class KeepDraft(Change, frozen=True, kw_only=True, tag="draft"):
    """Keeps what one is about to write in the room `where`, on all one's devices. An empty text drops it."""

    room: RoomName = ME
    where: RoomName
    text: str = ""
    reply_to: Seq | None = None


class ListDrafts(Question, frozen=True):
    """Requests one's drafts by their rooms, those that sort after a room."""

    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class DraftItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A draft: the room for which it is, when it was kept, and the seq of that event in the own log."""

    where: str
    seq: int
    at: str
    text: str
    reply_to: int | None = None


class DraftsPage(msgspec.Struct, frozen=True):
    """Drafts by their rooms. `more` tells whether there are others after the last one."""

    epoch: str
    drafts: list[DraftItem]
    more: bool


class GetMessage(Question, frozen=True):
    """Requests a message, and up to `around` messages before it and after it."""

    room: RoomName
    seq: Seq
    around: Annotated[int, Meta(ge=0, le=PAGE)] = 0


class OneMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message, and some around it, oldest first.

    Attributes:
        nth: which of the messages of its room it is: 1, 2, 3 …
        url: where the page shows it, relative to the address of the server.
        people: the accounts whose keys stand in these messages, if there are any.
    """

    room: str
    epoch: str
    head: int
    nth: int
    url: str
    message: Message
    before: list[Message] = []
    after: list[Message] = []
    people: dict[str, Author] | UnsetType = UNSET


class GetSource(Question, frozen=True):
    """Requests the message to which a forwarding message refers with `of`."""

    room: RoomName
    seq: Seq


class MessageSource(msgspec.Struct, frozen=True):
    """The message to which another refers with `of`; null if it isn't kept any more, or may not be read."""

    of: Reference
    message: Message | None
    people: dict[str, Author] | UnsetType = UNSET


class GetEdits(Question, frozen=True):
    """Requests the texts that a message has had, oldest first; with `after`, those that came after that event."""

    room: RoomName
    seq: Seq
    after: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class Version(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message said from an event on: the one that posted it, or an edit."""

    seq: int
    at: str
    by: str
    text: str | None = None
    bytes: Base64 | None = None
    arguments: list[Any] | None = None
    id: str | None = None


class EditsPage(msgspec.Struct, frozen=True):
    """The texts that a message has had, oldest first. `more` tells whether others came after them."""

    room: str
    epoch: str
    seq: int
    versions: list[Version]
    more: bool
