"""The commands about made rooms and their members."""

from typing import Annotated, Literal

from msgspec import Meta

from hubbub.protocol.keys import ME
from hubbub.protocol.messages import MAX_NAMED, AccountName, Change, RoomName

MAX_DIRECT = 9  # people in a direct

RoomKindName = Literal["open", "closed", "direct"]
MemberRole = Literal["host", "member"]
People = Annotated[tuple[AccountName, ...], Meta(max_length=MAX_NAMED)]
Title = Annotated[str, Meta(max_length=80)]
Topic = Annotated[str, Meta(max_length=250)]
AliasName = Annotated[str, Meta(max_length=32)]
Seconds = Annotated[float, Meta(gt=0, le=10 * 366 * 86_400)]


class RoomSettings(Change, frozen=True, kw_only=True):
    """What a room is like. An empty text removes what there was; 0 ends slow mode, or keeps events as long as elsewhere.

    Attributes:
        title: 1 to 80 characters; only a direct needs none.
        topic: up to 250 characters.
        alias: a name for links, like a handle. A former one still leads to the room until another room takes it.
        public: what everyone may do in an open room, without an account: nothing, read, or also post.
        posters: who may post.
        slow: seconds that members wait after each message.
        keep_days: how long messages and events are kept.
        receipts: whether others see how far one has read; in a public room, nobody does.
        titles: whether each message in the room begins a thread, and needs a title for it.
    """

    title: Title | None = None
    topic: Topic | None = None
    alias: AliasName | None = None
    public: Literal["none", "read", "post"] | None = None
    posters: Literal["all", "hosts"] | None = None
    slow: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    keep_days: Annotated[int, Meta(ge=0, le=36_500)] | None = None
    receipts: bool | None = None
    members_may_invite: bool | None = None
    members_may_edit: bool | None = None
    members_may_name_all: bool | None = None
    titles: bool | None = None


class Create(RoomSettings, frozen=True, kw_only=True):
    """Makes a room of which the author is the host, with other members, or a direct of these people.

    There is one direct of the same people. `key` is not for clients: the server makes it.
    """

    room: RoomName = ME
    kind: RoomKindName
    who: People = ()
    key: str | None = None


class ChangeRoom(RoomSettings, frozen=True, kw_only=True, tag="change"):
    """Changes what a room is like. A direct stays one."""

    kind: Literal["open", "closed"] | None = None


class SetAvatar(Change, frozen=True, kw_only=True):
    """Sets a room's picture from a file that the sender uploaded and didn't post. An empty `file` removes it."""

    file: Annotated[str, Meta(max_length=64)]


class Archive(Change, frozen=True):
    """Lets nothing change in a room any more."""


class Restore(Change, frozen=True):
    """Takes an archived room into use again."""


class InvitePeople(Change, frozen=True, kw_only=True, tag="invite"):
    """Makes other accounts members, at once."""

    who: Annotated[tuple[AccountName, ...], Meta(min_length=1, max_length=MAX_NAMED)]


class OnMember(Change, frozen=True, kw_only=True):
    """Does something about one person in a room."""

    who: AccountName


class Remove(OnMember, frozen=True):
    """Ends someone's membership."""


class Ban(OnMember, frozen=True, kw_only=True):
    """Keeps someone out of the room, for some seconds or for ever."""

    seconds: Seconds | None = None


class Unban(OnMember, frozen=True):
    """Ends a ban."""


class Mute(OnMember, frozen=True, kw_only=True):
    """Lets someone only read, for some seconds or until unmuted."""

    seconds: Seconds | None = None


class Unmute(OnMember, frozen=True):
    """Lets someone speak again."""


class Appoint(OnMember, frozen=True, kw_only=True):
    """Gives a member another role in the room."""

    role: MemberRole
