"""The commands about threads of made rooms, and what clients ask about them with the answers."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.messages import Author, Change, Message, Question, RoomName

PAGE = 50  # at most so many threads in one answer
AfterThread = Annotated[str, Meta(max_length=64)]  # in a list by activity


class FollowThread(Change, frozen=True):
    """Follows a thread: it is listed among one's own, with what is unread in it. One who replies or is mentioned follows by that."""


class UnfollowThread(Change, frozen=True):
    """Follows a thread no longer."""


class EndThread(Change, frozen=True):
    """Ends a thread: nothing changes in it any more, except that messages can be deleted."""


class ReopenThread(Change, frozen=True):
    """Lets an ended thread go on."""


class ListThreads(Question, frozen=True):
    """Requests the threads of a room, the one with the newest reply first; those that follow in this order after `before`.

    `before` is the `at` and the `thread` of an item, with a slash between them.
    """

    room: RoomName
    before: AfterThread | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class ThreadItem(ThreadInRoom, frozen=True, kw_only=True):
    """A thread in a list: its key, and the message that it is about, or null if that isn't kept any more."""

    thread: str
    message: Message | None


class ThreadsPage(msgspec.Struct, frozen=True):
    """Threads of a room, the one with the newest reply first. `more` tells whether there are others after the last one."""

    room: str
    epoch: str
    threads: list[ThreadItem]
    more: bool
    people: dict[str, Author] | UnsetType = UNSET


class ListMyThreads(Question, frozen=True):
    """Requests the threads that one follows, the one with the newest reply first; those that follow in this order after `before`.

    `before` is the `next` of a page, or the `at` and the `thread` of an item, with a slash between them. `unread`: only those with something unread.
    """

    before: AfterThread | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE
    unread: bool = False


class MyThread(ThreadInRoom, frozen=True, kw_only=True):
    """A thread that an account follows. The other attributes are as in `starting.MyRoom`.

    `room` is where it is, and `message` the seq of the message there that it is about.
    """

    thread: str
    room: str
    message: int
    head: int
    read: int = 0
    read_nth: int = 0
    unread: int = 0
    mentions: int = 0
    marked: bool = False
    level: str = ""
    muted_until: float = 0.0
    starred: bool = False


class MyThreadsPage(msgspec.Struct, frozen=True):
    """Threads that an account follows, the one with the newest reply first, or none of those that were looked at.

    `more` tells whether there may be others; then they come with `next` as `before`.
    """

    epoch: str
    threads: list[MyThread]
    more: bool
    next: str | UnsetType = UNSET
