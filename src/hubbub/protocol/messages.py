"""The commands, replies and pushes of hubbub.v1, except events, which are in `hubbub.events`."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hubbub.events import Attached, Base64, LinkPreview, Reference, snake_case
from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.errors import Refusal
from hubbub.protocol.people import check_ids
from hubbub.protocol.presence import PresenceChanged

RoomName = Annotated[str, Meta(min_length=1, max_length=64)]
PersonName = Annotated[str, Meta(min_length=1, max_length=32)]
_64_BITS = Meta(extra_json_schema={"minimum": -(2**63), "maximum": 2**64 - 1})  # see `codec`
CommandId = Annotated[int, _64_BITS] | Annotated[str, Meta(max_length=64)]
ClientMessageId = Annotated[str, Meta(min_length=1, max_length=64)]
Seq = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
MAX_NAMED = 50  # people in one command
AccountName = Annotated[str, Meta(min_length=1, max_length=64)]
Mentions = Annotated[dict[AccountName, AccountName], Meta(max_length=MAX_NAMED)]
Calls = Annotated[list[AccountName], Meta(max_length=MAX_NAMED)]
MAX_FILES = 10  # that one message shows
LONGEST_URL = 1_000  # characters of a link that has a preview
FileKeys = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=64)]],
    Meta(min_length=1, max_length=MAX_FILES),
]
LONGEST_ALT = 1_000  # characters of what is said of a picture for those who can't see it
MOST_ALT_BYTES = 4_096  # that all alt texts of a message take together, with their keys, as JSON
Alts = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=64)],
        Annotated[str, Meta(max_length=LONGEST_ALT)],
    ],
    Meta(max_length=MAX_FILES),
]


class Command(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag=snake_case, omit_defaults=True
):
    """A request by a client. The reply repeats `id` as `re`; without an id, success has no reply."""

    id: CommandId | None = None


class Hello(Command, frozen=True):
    """Identifies the client. If sent, it is the first command of a connection."""

    name: PersonName | None = None
    key: Annotated[str, Meta(min_length=16, max_length=128)] | None = None
    token: Annotated[str, Meta(max_length=8192)] | None = None


class Start(Command, frozen=True):
    """Requests what an account begins with on a new device: its rooms and the people, and where to follow them from.

    With `directory`, a seq up to which the client knows the people, they are left out if it can follow them from there.
    With `rooms`, it is only asked for these, and without people. `emoji` is the version of the list of emoji that it has.
    """

    directory: Seq | None = None
    epoch: str | None = None
    rooms: Annotated[list[RoomName], Meta(max_length=1_000)] | None = None
    emoji: str | None = None


class Follow(Command, frozen=True):
    """Follows a room's log from a position, or from a snapshot."""

    room: RoomName
    since: Seq | None = None
    epoch: str | None = None
    max_missed: int | None = None


class FollowAll(Command, frozen=True):
    """Follows many rooms at once, as a client does that comes back.

    Attributes:
        rooms: the logs to follow, each from the seq after which the client needs its events.
        heads: rooms of which it is only told how far they have come, each with the last head that it knows.
        epoch: the epoch of these positions.
    """

    rooms: Annotated[dict[RoomName, Seq], Meta(max_length=1_000)] = {}
    heads: Annotated[dict[RoomName, Seq], Meta(max_length=5_000)] = {}
    epoch: str | None = None

    @property
    def names(self) -> list[str]:
        """All rooms as the client calls them. What is in both counts as one that it follows."""
        return [*self.heads, *self.rooms]


class Unfollow(Command, frozen=True):
    """Stops following a room."""

    room: RoomName


class Join(Follow, frozen=True):
    """Becomes a member of a room. A free room has no members, so there it follows.

    If its `client_message_id` was used before, it only follows.
    """

    client_message_id: ClientMessageId | None = None


class Leave(Unfollow, frozen=True):
    """Stops being a member of a room. In a free room it stops following.

    If its `client_message_id` was used before, it only stops following.
    """

    client_message_id: ClientMessageId | None = None


class Question(Command, frozen=True):
    """A command that asks for something beside the log. The aspects define what kinds there are; see `conversation`."""


class AboutPresence(Command, frozen=True):
    """A command about who is there, of the people that this connection watches or at its own end; see `watching`."""


class Change(Command, frozen=True, kw_only=True):
    """A command that may add an event to a room's log. The aspects define what kinds there are (see `domain`).

    If its `client_message_id` was used before, it gets the first answer again and changes nothing.
    """

    room: RoomName
    client_message_id: ClientMessageId | None = None


class Post(Change, frozen=True):
    """Posts a message with exactly one of `text`, `bytes` and `arguments` (of a Socket.IO event), or with `files` alone.

    Attributes:
        of: the message that it forwards.
        read: up to which event its author had read the room when writing it.
        mentions: the accounts that the text mentions, by the handles in it. Without it, the server looks into the text.
        calls: accounts that it calls otherwise, such as those present, or `*` for all members.
        also_in_room: whether a message in a thread is shown in its room as well, as a post that refers to it.
        title: that of the thread which begins with the message, in a room that people made.
        files: the keys of files that its author uploaded and has not posted yet, in a room that people made.
        alts: the alt texts of those files, by their keys: what they show, for people who can't see them.
    """

    text: str | None = None
    bytes: Base64 | None = None
    reply_to: Seq | None = None
    emitted_as: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    arguments: list[Any] | None = None
    attachments: Annotated[list[Base64], Meta(max_length=10)] | None = None
    of: Reference | None = None
    read: Seq | None = None
    mentions: Mentions | None = None
    calls: Calls | None = None
    also_in_room: bool = False
    title: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    files: FileKeys | None = None
    alts: Alts | None = None


class Edit(Change, frozen=True):
    """Replaces the text of a message. `mentions` and `calls` are those of the new text, as in `Post`; nobody is notified.

    `alts` are new alt texts of files of the message, by their keys; an empty one removes it. Those of other files stay.
    """

    seq: Seq
    text: str
    mentions: Mentions | None = None
    calls: Calls | None = None
    alts: Alts | None = None


class Delete(Change, frozen=True):
    """Deletes a message."""

    seq: Seq


class React(Change, frozen=True):
    """Adds a reaction to a message."""

    seq: Seq
    emoji: str


class Unreact(Change, frozen=True):
    """Removes one's own reaction from a message."""

    seq: Seq
    emoji: str


class RemovePreview(Change, frozen=True):
    """Removes the preview of the link `url` from a message. It stays removed as long as the link is in the text."""

    seq: Seq
    url: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]


class Patch(Change, frozen=True):
    """Merges a patch (RFC 7396) into the room's state document, unless it was patched after `if_seq`."""

    patch: Any
    if_seq: Seq | None = None


class Signal(Command, frozen=True):
    """Sends a signal: `signal="typing"`, or a live `value` under a `key` that expires after `ttl` seconds."""

    room: RoomName
    signal: str = "value"
    key: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    value: Any = None
    ttl: Annotated[float, Meta(gt=0, le=3600)] = 60.0


class History(Command, frozen=True):
    """Requests the messages before or after a seq, oldest first."""

    room: RoomName
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


Ask = (
    Hello | Start | Follow | FollowAll | Unfollow | Join | Leave | Signal | History
)  # those that change no log
AnyCommand = Ask | Question | AboutPresence | Change


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message in its current state. A deleted message keeps only `seq`, `at`, `by` and `id`.

    `reaction_ids` holds the ids of the people in `reactions`, in the same order, for each emoji
    where at least one person has an id.
    """

    seq: int
    at: str
    by: str
    text: str | None = None
    bytes: Base64 | None = None
    client_message_id: str | None = None
    reply_to: int | None = None
    edited_at: str | None = None
    reactions: dict[str, list[str]] | None = None
    deleted: bool = False
    emitted_as: str | None = None
    arguments: list[Any] | None = None
    attachments: list[Base64] | None = None
    id: str | None = None
    reaction_ids: dict[str, list[str | None]] | None = None
    of: Reference | None = None
    mentions: dict[str, str] | None = None
    calls: list[str] | None = None
    files: list[Attached] | None = None
    previews: list[LinkPreview] | None = None


class Members(msgspec.Struct, frozen=True, omit_defaults=True):
    """The people in a room: their number and, if they are at most 100, their names and ids in the same order."""

    count: int
    names: list[str]
    ids: list[str | None] | None = None

    def __post_init__(self) -> None:
        check_ids(self.names, self.ids)


class Author(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account as everyone sees it who may read what it wrote."""

    handle: str
    name: str
    bot: bool = False
    avatar: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some messages of a room, oldest first. `more` tells whether there are others beyond them.

    `people` are the accounts whose keys stand in it, if there are any. `threads` are those of its messages, by their seqs.
    """

    room: str
    epoch: str
    head: int
    messages: list[Message]
    more: bool
    people: dict[str, Author] | UnsetType = UNSET
    threads: dict[int, ThreadInRoom] | UnsetType = UNSET

    def __post_init__(self) -> None:
        for message in self.messages:
            for emoji, ids in (message.reaction_ids or {}).items():
                check_ids((message.reactions or {}).get(emoji), ids)


class Resumed(msgspec.Struct, frozen=True, tag_field="mode", tag="resumed"):
    """The answer to a `follow` or `join` that resumes from a position: `missed` events follow."""

    room: str
    epoch: str
    head: int
    missed: int

    @property
    def start(self) -> int:
        """The seq after which the pushes begin."""
        return self.head - self.missed


class Snapshot(Page, frozen=True, kw_only=True, tag_field="mode", tag="snapshot"):
    """The state of a room at `head`. The next event is `head + 1`. `pins` are pinned messages, in the order of pinning."""

    state: Any
    state_seq: int
    members: Members
    live: list[Any]
    truncated: int | UnsetType = UNSET
    pins: list[int] | UnsetType = UNSET

    @property
    def start(self) -> int:
        """The seq after which the pushes begin."""
        return self.head


class Presence(msgspec.Struct, frozen=True, tag_field="signal", tag="presence", omit_defaults=True):
    """The people in a room changed: either all `names`, or who `joined` and `left`, or in large rooms only the count."""

    room: str
    count: int
    names: list[str] | None = None
    joined: list[str] | None = None
    left: list[str] | None = None
    ids: list[str | None] | None = None  # of `names`
    joined_ids: list[str | None] | None = None
    left_ids: list[str | None] | None = None

    def __post_init__(self) -> None:
        check_ids(self.names, self.ids)
        check_ids(self.joined, self.joined_ids)
        check_ids(self.left, self.left_ids)


class Typing(msgspec.Struct, frozen=True, tag_field="signal", tag="typing", omit_defaults=True):
    """Someone is typing. Expires after `ttl` seconds."""

    room: str
    by: str
    ttl: float
    id: str | None = None


class Value(msgspec.Struct, frozen=True, tag_field="signal", tag="value", omit_defaults=True):
    """A live value that expires after `ttl` seconds. The value `None` removes it."""

    room: str
    by: str
    key: str
    value: Any
    ttl: float
    id: str | None = None


class Receipt(msgspec.Struct, frozen=True, tag_field="signal", tag="receipt"):
    """A member, whose key is `by`, has read the room up to the event `upto`. Only the newest of each member counts."""

    room: str
    by: str
    upto: int


class ThreadsMoved(msgspec.Struct, frozen=True, tag_field="signal", tag="threads"):
    """Threads of a room have changed: what it shows of them now, by the seqs of the messages that they are about."""

    room: str
    threads: dict[int, ThreadInRoom]


AnySignal = Presence | Typing | Value | Receipt | ThreadsMoved


class Closing(msgspec.Struct, frozen=True, tag_field="notice", tag="closing"):
    """The server is about to close the connection. Reconnect after `reconnect_after` seconds."""

    reason: str
    reconnect_after: float


class Error(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a command was refused."""

    code: str
    message: str
    temporary: bool
    retry_after: float | None = None

    @classmethod
    def of(cls, refusal: Refusal) -> "Error":
        """The error that a client is sent for a refusal."""
        return cls(refusal.code, refusal.detail, refusal.row.temporary, refusal.retry_after)


class Unfollowed(msgspec.Struct, frozen=True, tag_field="notice", tag="unfollowed"):
    """The client may not read a room any more, and gets nothing more of it, for the reason `why`."""

    room: str
    why: Error


class RoomHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a room has come: its last event, and how many messages were ever posted.

    `at` and `by` are those of the last event, if they are known. `recount` is the last event, as far as the server
    remembers, that changed how much is unread otherwise than by one message more.
    """

    head: int
    nth: int
    at: str | None = None
    by: str | None = None
    recount: int = 0


class Moved(msgspec.Struct, frozen=True, tag_field="notice", tag="moved"):
    """Rooms of which the client is only told the heads have come further."""

    rooms: dict[str, RoomHead]


Notice = Closing | Unfollowed | Moved | PresenceChanged


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a command: `ok` or `error`."""

    re: CommandId | None = None
    ok: Any = UNSET
    error: Error | UnsetType = UNSET
