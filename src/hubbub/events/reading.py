"""Events about reading and being mentioned, in the own log of an account: `where` is the room."""

from hubbub.events import Event


class Read(Event, frozen=True, kw_only=True):
    """The account has read the room up to the event `upto`, by when there were `nth` messages. The marker only rises."""

    where: str
    upto: int
    nth: int


class MarkedUnread(Event, frozen=True, kw_only=True):
    """The account wants the room to look unread until it reads on there."""

    where: str


class RoomSet(Event, frozen=True, kw_only=True, tag="set"):
    """The account chose what it is told of a room. It has what is new.

    An empty `level` is the default one. `muted_until` is in seconds since 1970; 0 if the room is not muted.
    """

    where: str
    level: str | None = None
    muted_until: float | None = None
    starred: bool | None = None


class Mentioned(Event, frozen=True, kw_only=True):
    """The author mentioned the account in the message that is the event `where_seq` of the room.

    `why` is `keyword` if the message has one of the account's own keywords, and does not name the account.
    """

    where: str
    where_seq: int
    why: str = ""


class Unmentioned(Event, frozen=True, kw_only=True):
    """The message that is the event `where_seq` of the room was edited, and has none of the account's keywords any more."""

    where: str
    where_seq: int
