"""The threads that an account follows, folded from a list of them, its own log, and notices of how far they have come.

Knows no connection. Each method that folds something in returns what it changed.
"""

from msgspec.structs import replace

from hubbub.client.account.changes import Refreshed, Single, ThreadMoved, of_thread
from hubbub.client.account.counting import after, further, recounts
from hubbub.client.rooms.inbox import Skipped
from hubbub.events import Edited, Event, Posted, Reacted, Unreacted
from hubbub.events.reading import MarkedUnread, Mentioned, Read, RoomSet, Unmentioned
from hubbub.events.rooms import Invited, Joined, Left
from hubbub.events.threads import ThreadFollowed, ThreadUnfollowed
from hubbub.protocol.commands.threads import MyThread
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.messages import RoomHead

_SHOWN = 5  # people whom a thread shows
_OF_MESSAGES = (
    Posted,
    Edited,
    Reacted,
    Unreacted,
)  # they change nothing that can't be told from them


class FollowedThreads:
    """The threads by their keys. If it `owes`, the list must be read again; an answer is good if `version` is still the same.

    If it `has_others`, of which the server tells nothing, those with new replies come first in the list.
    """

    def __init__(self) -> None:
        self.rows: dict[str, MyThread] = {}
        self.owes = True
        self.version = 0
        self.has_others = False
        self._is_new = True  # nobody was told of anything
        self._is_lost = False  # what changed can't be told one by one

    def begin_again(self) -> None:
        """Whatever is known may be wrong, as where the own log has a gap."""
        self._is_lost = True
        self.recount()

    def recount(self) -> None:
        """Have the list read again."""
        self.version += 1
        self.owes = True

    def read_again(
        self, version: int, rows: list[MyThread], *, is_all: bool
    ) -> list[Single | Refreshed]:
        """Take in the list, unless something has happened since it was asked for. `is_all`: there are no others."""
        if version != self.version:
            return []
        self.owes, self.has_others = False, not is_all
        found = {row.thread: self._newest(row) for row in rows}
        gone = self.rows.keys() - found.keys() if is_all else ()
        changes = [of_thread(self.rows.pop(thread), None) for thread in gone]
        changes += [of_thread(self.rows.get(row.thread), row) for row in found.values()]
        self.rows |= found
        told = [change for change in changes if change and not self._is_new]
        is_lost, self._is_lost, self._is_new = self._is_lost, False, False
        return [Refreshed(tuple(told))] if is_lost and told else [*told]

    def _newest(self, row: MyThread) -> MyThread:
        """Return a row of the list, or the one that is known if that is newer; then the list is owed again."""
        known = self.rows.get(row.thread)
        if known is None or (known.head <= row.head and known.read <= row.read):
            return row
        self.owes = True
        return known

    def of_own(self, event: Event | Skipped) -> list[Single]:
        """Fold an event of the own log in."""
        match event:
            case ThreadFollowed():
                self.recount()
            case ThreadUnfollowed(where=thread):
                self.version += 1
                change = of_thread(self.rows.pop(thread, None), None)
                return [change] if change else []
            case Read() | MarkedUnread() | RoomSet() if row := self.rows.get(event.where):
                self.version += 1
                new, must_recount = after(row, event)
                self.owes |= must_recount
                return self._put(new)
            case Mentioned() | Unmentioned() if event.where in self.rows:
                self.recount()
            case Joined() | Invited():  # it may follow threads there, of which nothing is news
                self.begin_again()
            case Left(where=str(room)):
                return self._left(room)
        return []

    def _left(self, room: str) -> list[Single]:
        """The threads of a room may not be read any more."""
        self.version += 1
        gone = [row for row in self.rows.values() if row.room == room]
        self.rows = {key: row for key, row in self.rows.items() if row.room != room}
        return [change for row in gone if (change := of_thread(row, None))]

    def of_thread(self, event: Event | Skipped) -> list[Single]:
        """Take note of an event of a thread that is followed in full."""
        row = self.rows.get(event.room)
        if row is None or event.seq <= row.head:
            return []
        is_post = isinstance(event, Posted)
        is_next = event.seq == row.head + 1
        if not (is_next and isinstance(event, _OF_MESSAGES)) or recounts(row, event):
            self.recount()
        at, by = (event.at, event.by) if isinstance(event, Event) else (None, None)
        return self._put(_replied(row, RoomHead(event.seq, row.nth + is_post, at, by)), by)

    def at_least(self, thread: str, head: int) -> None:
        """Take note that a thread has come so far, without knowing by which events."""
        if (row := self.rows.get(thread)) and head > row.head:
            self.recount()

    def moved(self, heads: dict[str, RoomHead]) -> list[Single]:
        """Take note of how far threads have come. What was not a reply may have changed the row."""
        changes: list[Single] = []
        for thread, now in heads.items():
            row = self.rows.get(thread)
            if row is None or now.head <= row.head:
                continue
            if now.head - row.head != now.nth - row.nth or now.recount > row.head:
                self.recount()
            changes += self._put(_replied(row, now), now.by)
        return changes

    def _put(self, row: MyThread, by: str | None = None) -> list[Single]:
        change = of_thread(self.rows.get(row.thread), row)
        if isinstance(change, ThreadMoved):
            change = replace(change, by=by)
        self.rows[row.thread] = row
        return [change] if change else []


def _replied(row: MyThread, now: RoomHead) -> MyThread:
    """Return the row of a thread that has come so far, by replies as far as there are more messages."""
    new = further(row, now.head, now.nth)
    if now.nth <= row.nth:
        return new
    people = row.people
    if now.by is not None and is_account_key(now.by):
        people = [now.by, *(each for each in people if each != now.by)][:_SHOWN]
    replies = row.replies + now.nth - row.nth
    return replace(new, replies=replies, at=now.at or row.at, people=people)
