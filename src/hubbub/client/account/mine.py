"""What an account knows of its rooms and of people, folded from `start`, events, and notices of how far rooms have come.

Knows no connection. Each method returns what it changed.
"""

from msgspec.structs import replace

from hubbub.client.account.changes import (
    DraftUpdated,
    Refreshed,
    RoomMoved,
    Sides,
    Single,
    T,
    of_person,
    of_room,
    sides,
    told,
)
from hubbub.client.account.choices import Choices
from hubbub.client.account.counting import after, further, recounts
from hubbub.client.account.following import FollowedThreads
from hubbub.client.rooms.inbox import Skipped
from hubbub.events import (
    Deleted,
    Edited,
    Erased,
    Event,
    OfAccount,
    Patched,
    PersonRemoved,
    Posted,
    Reacted,
    Unreacted,
)
from hubbub.events.conversation import Drafted
from hubbub.events.emoji import EmojiAdded, EmojiRemoved
from hubbub.events.people import PersonAdded, PersonChanged
from hubbub.events.reading import MarkedUnread, Mentioned, Read, RoomSet, Unmentioned
from hubbub.events.rooms import Hidden, Invited, Joined, Left
from hubbub.protocol.commands.emoji import EmojiItem
from hubbub.protocol.commands.starting import MyRoom, ShownPerson, Started
from hubbub.protocol.messages import RoomHead

_OF_MESSAGES = (
    Posted,
    Edited,
    Deleted,
    Erased,
    Reacted,
    Unreacted,
    Patched,
)  # they change no row of a room
_OF_OWN = ("hidden", "marked", "level", "muted_until", "starred")  # folded from the own log alone
_SHOWN = ("handle", "name", "role", "status", "status_text", "time_zone", "avatar")


class Mine:
    """The rooms of an account, the people, and the emoji.

    `owed` are the rooms whose rows must be read again, each with the least `own` and `head` that an answer must have
    in order to say what is so.
    """

    def __init__(self, started: Started) -> None:
        self.account = started.account
        self.rooms = {row.room: row for row in started.rooms}
        self.people = dict(started.people or {})
        self.owed: dict[str, tuple[int, int]] = {}
        self.misses_people = False  # the directory speaks of someone who was never told
        self._me = started.me
        self.emoji: dict[str, EmojiItem] = {}
        self.emoji_version: str | None = None  # of the list, until an event changes it
        self._learn_emoji(started)
        self.choices = Choices(started)
        self.threads = FollowedThreads()

    @property
    def owes(self) -> bool:
        """Whether anything must be read again."""
        return bool(self.owed) or self.misses_people or self.threads.owes

    @property
    def heads(self) -> dict[str, int]:
        """How far the rooms and the threads have come, by their keys."""
        rooms = {key: row.head for key, row in self.rooms.items()}
        return rooms | {key: row.head for key, row in self.threads.rows.items()}

    @property
    def person(self) -> ShownPerson:
        """The account itself."""
        return self.people.get(self.account, self._me)

    def begin_again(self, started: Started) -> list[Refreshed]:
        """Take everything from a new answer, in place of what was known."""
        rooms = sides(self.rooms, {row.room: row for row in started.rooms})
        people = sides(self.people, started.people or {})
        _replace(self.rooms, rooms)
        _replace(self.people, people)
        self.owed, self.misses_people, self._me = {}, False, started.me
        self._learn_emoji(started)
        self.choices = Choices(started)
        self.threads.begin_again()
        changes = told(rooms, people)
        return [Refreshed(changes)] if changes else []

    def read_again(self, started: Started) -> list[Single]:
        """Take the rows that are owed from an answer, unless it is too old. For a guest, also the people."""
        rows = {row.room: row for row in started.rooms}
        changes: list[Single] = []
        for room, (own, head) in list(self.owed.items()):
            row = rows.get(room)
            if started.own < own or (row is not None and self._is_old(row, head)):
                continue
            del self.owed[room]
            if row is not None:
                changes += self._put(self._newest(row))
        if started.directory is None and started.people is not None:
            people = sides(self.people, started.people)
            _replace(self.people, people)
            changes += told({}, people)
        self._me = started.me
        self._learn_emoji(started)
        return changes

    def _learn_emoji(self, started: Started) -> None:
        if started.emoji is not None and started.emoji.emoji is not None:
            self.emoji.clear()
            self.emoji.update(started.emoji.emoji)
            self.emoji_version = started.emoji.version

    def of_own(self, event: Event | Skipped) -> list[Single]:
        """Fold an event of the own log in."""
        match event:
            case Joined(where=str(room)) | Invited(where=str(room)):
                self._owe(room, own=event.seq)
                self.threads.of_own(event)
                if (row := self.rooms.get(room)) is not None:
                    return self._put(replace(row, hidden=0))
            case Left(where=str(room)):
                self.owed.pop(room, None)
                change = of_room(self.rooms.pop(room, None), None)
                return ([change] if change else []) + self.threads.of_own(event)
            case Hidden() | Read() | MarkedUnread() | RoomSet() if row := self.rooms.get(
                event.where
            ):
                return self._put(self._after(row, event))
            case Drafted(erased=False):
                return [DraftUpdated(event.where, event.text, event.seq)]
            case Mentioned(where=room) | Unmentioned(where=room) if room in self.rooms:
                self._owe(room, own=event.seq)
        changes = self.threads.of_own(event)
        if self.choices.fold(event):
            self._recount(event.seq)
        return changes

    def _recount(self, own: int) -> None:
        """What is unread counts otherwise since an event of the own log."""
        if any(row.unread for row in self.threads.rows.values()):
            self.threads.recount()
        for row in self.rooms.values():
            if row.unread:
                self._owe(row.room, own=own)

    def _after(self, row: MyRoom, event: Hidden | Read | MarkedUnread | RoomSet) -> MyRoom:
        """Return a row after an event of the own log about that room."""
        if isinstance(event, Hidden):
            return replace(row, hidden=event.upto)
        new, must_recount = after(row, event)
        if must_recount:
            self._owe(row.room, own=event.seq)
        return new

    def of_directory(self, event: Event | Skipped) -> list[Single]:
        """Fold an event of the directory in."""
        match event:
            case PersonRemoved() if known := self.people.get(event.account):
                gone = ShownPerson("", "Removed account", "guest", known.kind, status="removed")
                return self._put_person(event.account, gone)
            case OfAccount(erased=True):
                pass
            case PersonAdded():
                person = ShownPerson(event.handle, event.name, event.role, event.kind)
                return self._put_person(event.account, person)
            case PersonChanged() if known := self.people.get(event.account):
                new = {name: getattr(event, name) for name in _SHOWN}
                given = {name: value for name, value in new.items() if value is not None}
                return self._put_person(event.account, replace(known, **given))
            case PersonChanged():
                self.misses_people = True
            case EmojiAdded(image=image, type=type_, width=width, height=height, by=by):
                self.emoji[event.name] = EmojiItem(image, type_, width, height, by)
                self.emoji_version = None
            case EmojiRemoved():
                self.emoji.pop(event.name, None)
                self.emoji_version = None
        return []

    def of_room(self, event: Event | Skipped) -> list[Single]:
        """Take note of an event of a room that is followed in full."""
        row = self.rooms.get(event.room)
        if row is None:
            return self.threads.of_thread(event)
        if event.seq <= row.head:
            return []
        if event.seq > row.head + 1:
            self._owe(event.room, head=event.seq)
            return []
        if not isinstance(event, _OF_MESSAGES) or recounts(row, event):
            self._owe(event.room, head=event.seq)
        nth = row.nth + isinstance(event, Posted)
        return self._put(
            further(row, event.seq, nth), event.by if isinstance(event, Event) else None
        )

    def at_least(self, room: str, head: int) -> None:
        """Take note that a room has come so far, without knowing by which events."""
        row = self.rooms.get(room)
        if row is not None and head > row.head:
            self._owe(room, head=head)
        self.threads.at_least(room, head)

    def moved(self, heads: dict[str, RoomHead]) -> list[Single]:
        """Take note of how far rooms have come. What was not a message may have changed the row."""
        changes = self.threads.moved(heads)
        for room, now in heads.items():
            row = self.rooms.get(room)
            if row is None or now.head <= row.head:
                continue
            if now.head - row.head != now.nth - row.nth or now.recount > row.head:
                self._owe(room, head=now.head)
            changes += self._put(further(row, now.head, now.nth), now.by)
        return changes

    def _is_old(self, row: MyRoom, head: int) -> bool:
        """Whether a row of an answer is older than what the room's log or the own one has said."""
        known = self.rooms.get(row.room)
        return row.head < head or (known is not None and row.read < known.read)

    def _newest(self, row: MyRoom) -> MyRoom:
        """Return a row with the newest numbers, and with what the own log says."""
        known = self.rooms.get(row.room)
        if known is None:
            return row
        said = {name: getattr(known, name) for name in _OF_OWN}
        row = replace(row, **said)
        return row if row.head >= known.head else further(row, known.head, known.nth)

    def _owe(self, room: str, own: int = 0, head: int = 0) -> None:
        before = self.owed.get(room, (0, 0))
        self.owed[room] = (max(before[0], own), max(before[1], head))

    def _put(self, row: MyRoom, by: str | None = None) -> list[Single]:
        change = of_room(self.rooms.get(row.room), row)
        if isinstance(change, RoomMoved):
            change = replace(change, by=by)
        self.rooms[row.room] = row
        return [change] if change else []

    def _put_person(self, account: str, person: ShownPerson) -> list[Single]:
        change = of_person(account, self.people.get(account), person)
        self.people[account] = person
        return [change] if change else []


def _replace(known: dict[str, T], new: Sides[T]) -> None:
    """Change a mapping that others hold."""
    known.clear()
    known.update({key: after for key, (_, after) in new.items() if after is not None})
