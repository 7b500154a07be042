"""What is unread in a room or a thread, as far as it follows from what a client hears."""

from typing import TypeVar

from msgspec.structs import replace

from hubbub.client.rooms.inbox import Skipped
from hubbub.events import Deleted, Edited, Erased, Event, Posted
from hubbub.events.reading import MarkedUnread, Read, RoomSet
from hubbub.protocol.commands.starting import MyRoom
from hubbub.protocol.commands.threads import MyThread

R = TypeVar("R", MyRoom, MyThread)


def further(row: R, head: int, nth: int) -> R:
    """Return a row of what has come further, by messages that are unread unless the marker is beyond them."""
    new = max(0, nth - max(row.nth, row.read_nth))
    return replace(row, head=head, nth=nth, unread=row.unread + new)


def recounts(row: R, event: Event | Skipped) -> bool:
    """Whether an event changes what is unread otherwise than by one message more."""
    match event:
        case Posted(calls=[*_]):
            return True
        case Deleted() | Erased():
            return row.unread > 0
        case Edited():
            return row.mentions > 0
    return False


def after(row: R, event: Read | MarkedUnread | RoomSet) -> tuple[R, bool]:
    """Return a row after an event of the own log about it, and whether what is unread must be counted anew."""
    match event:
        case Read():
            return _read(row, event)
        case MarkedUnread():
            return replace(row, marked=True), False
        case RoomSet():
            new = {name: getattr(event, name) for name in ("level", "muted_until", "starred")}
            given = {name: value for name, value in new.items() if value is not None}
            return replace(row, **given), False


def _read(row: R, event: Read) -> tuple[R, bool]:
    """Return a row after reading. If something after the marker was deleted, or mentions one, it must be counted anew."""
    if event.upto <= row.read:
        return replace(row, marked=False), False
    unread = mentions = 0
    must_recount = False
    if event.nth < row.nth:
        unread, mentions = row.nth - event.nth, row.mentions
        must_recount = bool(row.mentions) or row.unread != row.nth - row.read_nth
    new = replace(row, read=event.upto, read_nth=event.nth, marked=False, unread=unread)
    return replace(new, mentions=mentions), must_recount
