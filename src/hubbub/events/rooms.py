"""Events about made rooms and their members: in the room's log, in the own logs of those concerned, in the directory.

In a room's log, `who` is another account than the author. In an own log, `where` is the room.
"""

from hubbub.events import Erasable, Event, of_root


class Created(Event, frozen=True, kw_only=True):
    """A room was made. `people` are those of a direct, in order: they never change."""

    kind: str
    title: str = ""
    topic: str = ""
    alias: str = ""
    public: str = "none"
    posters: str = "all"
    slow: int = 0
    keep_days: int = 0
    receipts: bool = True
    members_may_invite: bool = True
    members_may_edit: bool = True
    members_may_name_all: bool = True
    titles: bool = False
    people: list[str] | None = None


class Changed(Erasable, frozen=True, kw_only=True):
    """A room was changed. It has what is new; an empty text, or 0, removes what there was. `avatar` is the key of its picture.

    In a thread it says a title, and is erased with the message that the thread is about.
    """

    kind: str | None = None
    title: str | None = None
    topic: str | None = None
    alias: str | None = None
    public: str | None = None
    posters: str | None = None
    slow: int | None = None
    keep_days: int | None = None
    receipts: bool | None = None
    members_may_invite: bool | None = None
    members_may_edit: bool | None = None
    members_may_name_all: bool | None = None
    titles: bool | None = None
    avatar: str | None = None

    @property
    def erased_with(self) -> int | None:
        """The message of the thread, if it is in one."""
        return of_root(self.room)


class Archived(Event, frozen=True):
    """Nothing in the room changes any more."""


class Restored(Event, frozen=True):
    """The room is in use again."""


class Joined(Event, frozen=True, kw_only=True):
    """The author became a member. With `oversight`, as an admin of the server whom nobody invited."""

    where: str | None = None
    role: str = "member"
    oversight: bool = False


class Invited(Event, frozen=True, kw_only=True):
    """The author made someone else a member."""

    who: str | None = None
    where: str | None = None


class Left(Event, frozen=True, kw_only=True):
    """The author left. In an own log: the account is no member any more, whoever did it."""

    where: str | None = None


class Hidden(Event, frozen=True, kw_only=True):
    """In an own log: a direct is not to be shown until there is a message after its event `upto`."""

    where: str
    upto: int


class Removed(Event, frozen=True, kw_only=True):
    """The author removed a member, who may join again."""

    who: str


class Banned(Event, frozen=True, kw_only=True):
    """The author banned someone until a time in seconds since 1970, or for ever. Members are removed."""

    who: str
    until: float | None = None


class Unbanned(Event, frozen=True, kw_only=True):
    """The author ended a ban."""

    who: str


class Muted(Event, frozen=True, kw_only=True):
    """The author muted someone until a time in seconds since 1970, or for ever."""

    who: str
    until: float | None = None


class Unmuted(Event, frozen=True, kw_only=True):
    """The author let someone speak again."""

    who: str


class Appointed(Event, frozen=True, kw_only=True):
    """The author gave a member another role."""

    who: str
    role: str


class RoomListed(Event, frozen=True, kw_only=True):
    """In the directory: a room is open and not archived."""

    where: str
    title: str
    topic: str = ""
    alias: str = ""
    avatar: str = ""


class RoomChanged(Event, frozen=True, kw_only=True):
    """In the directory: a listed room was renamed or described differently, or has a new picture."""

    where: str
    title: str
    topic: str = ""
    alias: str = ""
    avatar: str = ""


class RoomUnlisted(Event, frozen=True, kw_only=True):
    """In the directory: a room is not open any more, or archived."""

    where: str
