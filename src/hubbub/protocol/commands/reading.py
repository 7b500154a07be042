"""The commands about what an account has read in a room, and what it wants to be told of it."""

from typing import Annotated, Literal

from msgspec import Meta

from hubbub.protocol.messages import Change, Seq

Level = Literal["", "all", "mentions", "none"]
Time = Annotated[float, Meta(ge=0, le=253_402_300_799)]  # seconds since 1970, up to the year 9999


class MarkRead(Change, frozen=True, kw_only=True, tag="read"):
    """Says up to which event the account has read a room. What it had read before stays read."""

    upto: Seq


class MarkUnread(Change, frozen=True):
    """Lets a room look unread until the account reads on there."""


class SetRoom(Change, frozen=True, kw_only=True, tag="set"):
    """Chooses what the account is told of a room.

    Attributes:
        level: what it is notified of: all messages, mentions, or nothing. If empty, what is usual: all in directs, else mentions.
        muted_until: a time in seconds since 1970 until which it is notified of nothing. 0 ends that.
        starred: whether the room is among its favourites.
    """

    level: Level | None = None
    muted_until: Time | None = None
    starred: bool | None = None
