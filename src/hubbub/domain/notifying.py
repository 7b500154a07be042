"""Whether an account is to be notified of something new in a room: one rule for programs, pages and push.

What it wants to be told of a room decides first, then when it wants to be disturbed at all.
"""

from collections.abc import Container
from typing import NamedTuple

from hubbub.domain.quiet import is_quiet
from hubbub.protocol.preferences import Quiet
from hubbub.protocol.starting import MyRoom
from hubbub.protocol.threads import MyThread


class Listener(NamedTuple):
    """An account, whom it blocks, and when it is not to be disturbed, by the clock of its time zone."""

    account: str
    blocked: Container[str]
    quiet: Quiet
    time_zone: str


def level_of(room: MyRoom | MyThread) -> str:
    """Return what an account is told of a room or a thread: what it chose, or else all in directs and mentions elsewhere."""
    is_direct = isinstance(room, MyRoom) and room.kind == "direct"
    return room.level or ("all" if is_direct else "mentions")


def should_notify(
    who: Listener, room: MyRoom | MyThread, *, is_mentioned: bool, by: str | None, now: float
) -> bool:
    """Whether an account is to be notified of a message by `by` (if that is known) at a time in seconds since 1970.

    Not if its level is `none`, not even of mentions; nor while the room is muted, or the account is not to be disturbed; nor of what
    it wrote itself, or somebody whom it blocks.
    """
    level = level_of(room)
    if level == "none" or (level == "mentions" and not is_mentioned):
        return False
    if by is not None and (by == who.account or by in who.blocked):
        return False
    return now >= room.muted_until and not is_quiet(who.quiet, who.time_zone, now)
