"""Made rooms and their members as records, and how events change them."""

from functools import lru_cache
from typing import NamedTuple

from hubbub.domain.records import Table
from hubbub.protocol.keys import DIRECTORY


class RoomKey(NamedTuple):
    """Identifies a made room."""

    room: str


class MadeRoom(NamedTuple):
    """A made room; the fields are those of `events.rooms.Created`. `people` are joined by spaces; `avatar` is the key of its picture."""

    room: str
    kind: str
    title: str
    topic: str
    alias: str
    public: str
    posters: str
    slow: int
    keep_days: int
    receipts: bool
    members_may_invite: bool
    members_may_edit: bool
    members_may_name_all: bool
    archived_at: str | None
    made_at: str
    made_by: str
    people: str | None
    titles: bool = False
    avatar: str = ""

    @property
    def is_listed(self) -> bool:
        """Whether the directory shows it."""
        return self.kind == "open" and self.archived_at is None

    @property
    def shows_receipts(self) -> bool:
        """Whether others see how far one has read: never where people look on who aren't members and may have no account."""
        is_public = self.kind == "open" and self.public != "none"
        return self.receipts and not is_public


class AliasKey(NamedTuple):
    """Identifies an alias; its log is the directory."""

    log: str
    alias: str


class Alias(NamedTuple):
    """The room that an alias leads to. If it is not current, another room may take it."""

    log: str
    alias: str
    room: str
    is_current: bool


class MemberKey(NamedTuple):
    """Identifies a membership."""

    room: str
    account: str


class Member(NamedTuple):
    """A membership: `role` is `host` or `member`, `since` the seq of the event that began it."""

    room: str
    account: str
    role: str
    since: int
    oversight: bool


class Restraint(NamedTuple):
    """What holds an account back in a room, member or not.

    Until a time in seconds since 1970, or for ever if that is None. `posted_at` is kept only in slow mode.
    """

    room: str
    account: str
    is_banned: bool = False
    banned_until: float | None = None
    is_muted: bool = False
    muted_until: float | None = None
    posted_at: float | None = None


class DirectKey(NamedTuple):
    """Identifies a direct by its people: their keys in order, joined by spaces. Its log is the directory."""

    log: str
    people: str


class Direct(NamedTuple):
    """The direct of these people."""

    log: str
    people: str
    room: str


class PlaceKey(NamedTuple):
    """Identifies a membership, in the own log of the account."""

    account: str
    room: str


class Placement(NamedTuple):
    """A membership, listed by account. It is hidden until there is a message after `hidden`; 0 if it is not.

    `level`, `muted_until` and `starred` are what the account chose (see `protocol.conversation.SetRoom`).
    """

    account: str
    room: str
    hidden: int = 0
    level: str = ""
    muted_until: float = 0.0
    starred: bool = False


ROOM = Table("made_room", RoomKey, MadeRoom, is_remembered=True)
ALIAS = Table("alias", AliasKey, Alias)
MEMBER = Table("member", MemberKey, Member, is_remembered=True)
RESTRAINT = Table("restraint", MemberKey, Restraint, is_remembered=True)
DIRECT = Table("direct", DirectKey, Direct)
PLACE = Table("place", PlaceKey, Placement)


@lru_cache(maxsize=4096)
def room_row(room: str) -> RoomKey:
    """Return the key of a room's row."""
    return RoomKey(room)


@lru_cache(maxsize=4096)
def member_row(room: str, account: str) -> MemberKey:
    """Return the key of what is kept about a member of a room."""
    return MemberKey(room, account)


def alias_row(alias: str) -> AliasKey:
    """Return the key of an alias' row."""
    return AliasKey(DIRECTORY, alias)


def direct_of(people: tuple[str, ...]) -> DirectKey:
    """Return the key of these people's direct."""
    return DirectKey(DIRECTORY, " ".join(sorted(set(people))))
