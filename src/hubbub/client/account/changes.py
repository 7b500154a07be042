"""What is told of one's rooms and of people, and what several changes amount to."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar, cast

import msgspec
from msgspec.structs import replace

from hubbub.protocol.commands.starting import MyRoom, ShownPerson
from hubbub.protocol.commands.threads import MyThread
from hubbub.protocol.presence import PersonPresence


class RoomJoined(msgspec.Struct, frozen=True):
    """You are a member of another room."""

    room: MyRoom


class RoomLeft(msgspec.Struct, frozen=True):
    """You are no member of a room any more, whoever did that. `room` is what was known of it."""

    room: MyRoom


class RoomMoved(msgspec.Struct, frozen=True):
    """There are new events in a room, and perhaps more to read. A hidden direct is no longer hidden.

    `by` is the author of the last one, if that is known.
    """

    room: MyRoom
    before: MyRoom
    by: str | None = None


class RoomRead(msgspec.Struct, frozen=True):
    """You read on in a room, or marked it, on whatever device; or what you have not read was counted anew."""

    room: MyRoom
    before: MyRoom


class RoomHidden(msgspec.Struct, frozen=True):
    """A direct is hidden until something happens in it."""

    room: MyRoom
    before: MyRoom


class RoomUpdated(msgspec.Struct, frozen=True):
    """A room's title or kind changed, it was archived or restored, or you have another role there."""

    room: MyRoom
    before: MyRoom


class ThreadAdded(msgspec.Struct, frozen=True):
    """You follow another thread, whoever caused that."""

    thread: MyThread


class ThreadDropped(msgspec.Struct, frozen=True):
    """You no longer follow a thread, or may no longer read it. `thread` is what was known of it."""

    thread: MyThread


class ThreadMoved(msgspec.Struct, frozen=True):
    """There are new events in a thread that you follow, and perhaps replies. `by` is the author of the last one, if that is known."""

    thread: MyThread
    before: MyThread
    by: str | None = None


class ThreadRead(msgspec.Struct, frozen=True):
    """You read on in a thread, marked it, or chose what to be told of it; or what you have not read was counted anew."""

    thread: MyThread
    before: MyThread


class PersonCame(msgspec.Struct, frozen=True):
    """There is another account."""

    account: str
    person: ShownPerson


class PersonUpdated(msgspec.Struct, frozen=True):
    """An account was changed: its name, handle, role, status …"""

    account: str
    person: ShownPerson
    before: ShownPerson


class PersonGone(msgspec.Struct, frozen=True):
    """An account is gone. `person` is what was known of it."""

    account: str
    person: ShownPerson


class PresenceUpdated(msgspec.Struct, frozen=True):
    """Someone whom you watch came, went, or is away. None: you don't watch them, or may not know."""

    account: str
    presence: PersonPresence | None
    before: PersonPresence | None


class DraftUpdated(msgspec.Struct, frozen=True):
    """A draft of yours in the room `where` was changed, on whatever device; an empty text: there is none any more.

    `seq` is that of the event in your own log.
    """

    where: str
    text: str
    seq: int


Single = (
    RoomJoined
    | RoomLeft
    | RoomMoved
    | RoomRead
    | RoomHidden
    | RoomUpdated
    | ThreadAdded
    | ThreadDropped
    | ThreadMoved
    | ThreadRead
    | PersonCame
    | PersonUpdated
    | PersonGone
    | PresenceUpdated
    | DraftUpdated
)


class Refreshed(msgspec.Struct, frozen=True):
    """What changed while it could not be told one by one: `changes` has at most one for each room, thread, person and draft."""

    changes: tuple[Single, ...]


MyChange = Single | Refreshed
T = TypeVar("T")
Sides = dict[str, tuple[T | None, T | None]]  # what there was before and is now, by key


def sides(before: Mapping[str, T], after: Mapping[str, T]) -> Sides[T]:
    """Return what there was before and is now under each key."""
    return {key: (before.get(key), after.get(key)) for key in {**before, **after}}


def told(
    rooms: Sides[MyRoom],
    people: Sides[ShownPerson],
    presences: Sides[PersonPresence] | None = None,
    threads: Sides[MyThread] | None = None,
) -> tuple[Single, ...]:
    """Return what happened to rooms, threads and people."""
    changes = [
        *(of_room(*both) for both in rooms.values()),
        *(of_thread(*both) for both in (threads or {}).values()),
        *(of_person(account, *both) for account, both in people.items()),
        *(of_presence(account, *both) for account, both in (presences or {}).items()),
    ]
    return tuple(change for change in changes if change is not None)


def of_room(before: MyRoom | None, after: MyRoom | None) -> Single | None:
    """Return what happened to a room. None if nothing did."""
    if before == after:
        return None
    if before is None or after is None:
        return RoomJoined(after) if after is not None else RoomLeft(cast(MyRoom, before))
    counted = {name: getattr(after, name) for name in ("head", "nth", "unread", "mentions")}
    if after.head != before.head and replace(before, **counted) == after:
        return RoomMoved(after, before)
    read = {name: getattr(after, name) for name in ("read", "read_nth", "marked")}
    if replace(before, **counted, **read) == after:
        return RoomRead(after, before)
    if after.is_hidden and not before.is_hidden:
        return RoomHidden(after, before)
    return RoomUpdated(after, before)


def of_thread(before: MyThread | None, after: MyThread | None) -> Single | None:
    """Return what happened to a thread that is followed. None if nothing did."""
    if before == after:
        return None
    if before is None or after is None:
        return ThreadAdded(after) if after is not None else ThreadDropped(cast(MyThread, before))
    return (ThreadMoved if after.head != before.head else ThreadRead)(after, before)


def of_person(account: str, before: ShownPerson | None, after: ShownPerson | None) -> Single | None:
    """Return what happened to an account. None if nothing did."""
    if before == after:
        return None
    if before is None or after is None:
        gone = cast(ShownPerson, before)
        return PersonCame(account, after) if after else PersonGone(account, gone)
    return PersonUpdated(account, after, before)


def of_presence(
    account: str, before: PersonPresence | None, after: PersonPresence | None
) -> PresenceUpdated | None:
    """Return what happened to someone's presence. None if nothing did."""
    return None if before == after else PresenceUpdated(account, after, before)


def summary(changes: Iterable[MyChange]) -> tuple[Single, ...]:
    """Return what changes amount to, at most one for each room, thread, person and draft."""
    rooms: Sides[MyRoom] = {}
    threads: Sides[MyThread] = {}
    people: Sides[ShownPerson] = {}
    presences: Sides[PersonPresence] = {}
    drafts: dict[str, DraftUpdated] = {}
    for change in _each(changes):
        match change:
            case DraftUpdated(where):
                drafts[where] = change
            case PresenceUpdated(account, presence, before):
                _note(presences, account, before, presence)
            case (
                PersonCame(account, person)
                | PersonGone(account, person)
                | PersonUpdated(account, person)
            ):
                _note(people, account, *_both(change, person))
            case (
                ThreadAdded(thread)
                | ThreadDropped(thread)
                | ThreadMoved(thread)
                | ThreadRead(thread)
            ):
                _note(threads, thread.thread, *_both(change, thread))
            case _:
                _note(rooms, change.room.room, *_both(change, change.room))
    return (*told(rooms, people, presences, threads), *drafts.values())


def _each(changes: Iterable[MyChange]) -> Iterator[Single]:
    for change in changes:
        if isinstance(change, Refreshed):
            yield from change.changes
        else:
            yield change


def _both(change: Single, now: T) -> tuple[T | None, T | None]:
    """Return what a change is about as it was before, and as it is now."""
    if isinstance(change, RoomJoined | ThreadAdded | PersonCame):
        return None, now
    if isinstance(change, RoomLeft | ThreadDropped | PersonGone):
        return now, None
    return cast(Any, change).before, now


def _note(sides: Sides[T], key: str, before: T | None, after: T | None) -> None:
    """Note another change: what was before the first one stays."""
    sides[key] = (sides[key][0] if key in sides else before, after)


class Changes:
    """Changes for one reader, for `async for`: in order, each once.

    At most `limit` wait. Beyond that, they become one `Refreshed`. After `end` the reader gets what is left, then
    the error if there is one. `open` is called before the first one is taken.
    """

    def __init__(self, limit: int, open: Callable[[], Awaitable[object]]) -> None:
        self._limit = limit
        self._open = open
        self._waiting: deque[MyChange] = deque()
        self._stir = asyncio.Event()
        self._has_ended = False
        self._error: Exception | None = None

    def put(self, change: MyChange) -> None:
        """Add a change. Never waits."""
        self._waiting.append(change)
        if len(self._waiting) > self._limit:
            left = summary(self._waiting)
            self._waiting = deque([Refreshed(left)] if left else [])
        self._stir.set()

    def end(self, error: Exception | None) -> None:
        """There will be no more."""
        self._has_ended, self._error = True, error
        self._stir.set()

    def __len__(self) -> int:
        """How many changes wait."""
        return len(self._waiting)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MyChange:
        if not self._waiting and not self._has_ended:
            await self._open()
        while not self._waiting:
            if self._has_ended:
                raise self._error or StopAsyncIteration
            self._stir.clear()
            await self._stir.wait()
        return self._waiting.popleft()
