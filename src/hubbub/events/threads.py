"""The events about threads: in the room of a thread, in the thread itself, and in the own logs of those who follow it."""

from hubbub.events import About, Event


class Threaded(About, frozen=True, kw_only=True):
    """The message with the seq `message` has a thread from now on: the log `ROOM:MESSAGE`."""


class ThreadEnded(Event, frozen=True, tag="ended"):
    """In a thread: nothing changes in it any more."""


class ThreadReopened(Event, frozen=True, tag="reopened"):
    """In a thread that was ended: it goes on."""


class ThreadFollowed(Event, frozen=True, kw_only=True, tag="followed"):
    """In an own log: the account follows the thread `where`, whoever caused that."""

    where: str


class ThreadUnfollowed(Event, frozen=True, kw_only=True, tag="unfollowed"):
    """In an own log: the account follows the thread `where` no longer."""

    where: str
