"""What an account has missed while it was away: what clients ask, and what they are answered."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hubbub.protocol.commands.threads import MyThread
from hubbub.protocol.messages import Author, Question

MOST_ROOMS = 20  # in one answer
LONGEST_EXCERPT = 200  # characters


class ListMissed(Question, frozen=True):
    """Requests the rooms with something unread, by their keys; those after a room for the next page."""

    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_ROOMS)] = MOST_ROOMS


class Excerpt(msgspec.Struct, frozen=True, omit_defaults=True):
    """The beginning of a message; `reactions` is how many it has."""

    seq: int
    at: str
    by: str
    text: str
    reactions: int = 0


class MissedRoom(msgspec.Struct, frozen=True, omit_defaults=True):
    """A room with something unread, as in `starting.MyRoom`.

    Attributes:
        first: the first message that is unread; null if there is none, and the room was only marked unread.
        mentioned: the last messages that mention the account, the newest first; `mentions` is how many there are.
        reacted: the messages with the most reactions, the most first.
    """

    room: str
    kind: str
    title: str
    head: int
    read: int
    unread: int
    mentions: int
    first: Excerpt | None
    mentioned: list[Excerpt] = []
    reacted: list[Excerpt] = []


class MissedThread(MyThread, frozen=True, kw_only=True):
    """A thread with something unread. `about` is its message, or null if that isn't there any more."""

    about: Excerpt | None


class MissedPage(msgspec.Struct, frozen=True):
    """Rooms with something unread, by their keys. `more` tells whether there are others after the last one.

    Attributes:
        threads: on the first page, threads that the account follows and in which something is unread, the one with the newest reply first.
        more_threads: whether there are others.
    """

    epoch: str
    rooms: list[MissedRoom]
    more: bool
    threads: list[MissedThread] = []
    more_threads: bool = False
    people: dict[str, Author] | UnsetType = UNSET
