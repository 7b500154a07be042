"""Whether an account is to be notified of something new in a room or a thread: one rule for programs, pages and push.

What it wants to be told of decides first, then when it wants to be disturbed at all.
"""

from collections.abc import Container
from typing import NamedTuple, Protocol

from hubbub.domain.notifying.quiet import is_quiet
from hubbub.protocol.commands.preferences import Quiet

THREAD = "thread"  # in place of a room's kind


class Listener(NamedTuple):
    """An account, whom it blocks, and when it is not to be disturbed, by the clock of its time zone."""

    account: str
    blocked: Container[str]
    quiet: Quiet
    time_zone: str


class Choice(Protocol):
    """What an account chose for a room or a thread: the level, if any, and until when it is muted."""

    @property
    def level(self) -> str:
        """`all`, `mentions` or `none`; empty if it chose none."""
        ...

    @property
    def muted_until(self) -> float:
        """In seconds since 1970."""
        ...


class Venue(NamedTuple):
    """Where a message is: a room by its kind, or a thread, what an account chose for it, and for the `room` that a thread is in."""

    kind: str
    chosen: Choice | None
    room: Choice | None = None

    @property
    def level(self) -> str:
        """What an account is told: what it chose; or else all in directs and in threads that it follows, and mentions elsewhere.

        A thread is as silent as its room.
        """
        if self.chosen and self.chosen.level:
            return self.chosen.level
        if self.kind == THREAD:
            return "none" if self.room and self.room.level == "none" else "all"
        return "all" if self.kind == "direct" else "mentions"

    @property
    def muted_until(self) -> float:
        """Until when it is told nothing, in seconds since 1970."""
        return max((each.muted_until for each in (self.chosen, self.room) if each), default=0.0)


def should_notify(
    who: Listener, place: Venue, *, is_mentioned: bool, by: str | None, now: float
) -> bool:
    """Whether an account is to be notified of a message by `by` (if that is known) at a time in seconds since 1970.

    Not if its level is `none`, not even of mentions; nor while the room is muted, or the account is not to be disturbed; nor of what
    it wrote itself, or somebody whom it blocks.
    """
    if place.level == "none" or (place.level == "mentions" and not is_mentioned):
        return False
    if by is not None and (by == who.account or by in who.blocked):
        return False
    return now >= place.muted_until and not is_quiet(who.quiet, who.time_zone, now)
