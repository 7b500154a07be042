"""Whether a change of an account's rooms and threads is worth a notification: the rule of `domain.notifying`, asked of what changed."""

from collections.abc import Mapping

from hubbub.client.account.changes import (
    MyChange,
    RoomMoved,
    RoomRead,
    ThreadAdded,
    ThreadMoved,
    ThreadRead,
)
from hubbub.domain.notifying.rule import THREAD, Listener, Venue, should_notify
from hubbub.protocol.commands.starting import MyRoom


def is_worth_notifying(
    change: MyChange, who: Listener, rooms: Mapping[str, MyRoom], now: float
) -> bool:
    """Whether it is something new to read of which the account wants to be told. `now` is in seconds since 1970."""
    match change:
        case RoomMoved(row, before) | RoomRead(row, before):
            place = Venue(row.kind, row)
            unread, mentions = row.unread - before.unread, row.mentions - before.mentions
        case ThreadMoved(row, before) | ThreadRead(row, before):
            place = Venue(THREAD, row, rooms.get(row.room))
            unread, mentions = row.unread - before.unread, row.mentions - before.mentions
        case ThreadAdded(row):
            place = Venue(THREAD, row, rooms.get(row.room))
            unread, mentions = row.unread, row.mentions
        case _:
            return False
    is_new, is_mentioned, by = unread > 0, mentions > 0, _author_of(change)
    return (is_new or is_mentioned) and should_notify(
        who, place, is_mentioned=is_mentioned, by=by, now=now
    )


def _author_of(change: MyChange) -> str | None:
    """Who wrote the newest message, if that is known."""
    match change:
        case RoomMoved(by=by) | ThreadMoved(by=by):
            return by
        case ThreadAdded(row):
            return row.people[0] if row.people else None
    return None
