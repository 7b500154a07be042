"""The reading side of a room: the queue between the client and its user, and the state up to the last item taken."""

import weakref
from collections.abc import Callable

from msgspec.structs import replace

from hubbub.client.rooms.inbox import Inbox, Item, Reset, Skipped
from hubbub.client.rooms.live import LiveView
from hubbub.client.rooms.newest import Newest
from hubbub.client.rooms.tracker import Position, PositionTracker
from hubbub.domain.aspects.posts import tombstone
from hubbub.domain.aspects.reactions import without_reactions
from hubbub.domain.rules import Rules
from hubbub.domain.view import RoomView
from hubbub.events import Gone, as_former, gone_by
from hubbub.protocol.messages import (
    AnySignal,
    Message,
    Presence,
    Receipt,
    Resumed,
    Snapshot,
    ThreadsMoved,
    Value,
)
from hubbub.protocol.people import Person

MAX_MESSAGES = 500


class Reading:
    """One room's inbox, and the state of the room as of the last item taken from it.

    `on_take` is called after each item that was taken, and when the inbox is empty.
    """

    def __init__(
        self,
        room: str,
        tracker: PositionTracker,
        inbox: Inbox,
        rules: Rules,
        now: Callable[[], float],
        on_take: Callable[[], None],
    ) -> None:
        self.room = room
        self.tracker = tracker
        self.inbox = inbox
        self.live = LiveView(now)
        self.view = RoomView()
        self.snapshot: Snapshot | None = None
        self.has_state = False
        self._epoch = ""
        self._rules = rules
        self._on_take = on_take
        self._is_awaited = False
        self._listeners: weakref.WeakSet[Newest[AnySignal]] = weakref.WeakSet()

    @property
    def position(self) -> Position:
        """The position after the last event that was taken."""
        return Position(self._epoch, self.view.seq)

    def call(self, room: str) -> None:
        """Call the room by its key from now on."""
        self.room = room
        self.tracker.call(room)

    def joined(self, answer: Resumed | Snapshot) -> None:
        """Take in the answer to a join. Must be called before any later frame is processed."""
        if isinstance(answer, Snapshot):
            self.live.start(answer)
        if not self.tracker.is_joined:
            self._start(answer)
        self.tracker.answered(answer)

    def hear(self, signal: AnySignal) -> None:
        """Take in a signal."""
        self.live.fold(signal)
        for listener in self._listeners:
            listener.put(_key_of(signal), signal)

    def listen(self) -> Newest[AnySignal]:
        """The signals from now on, for as long as the returned object is referenced."""
        listener: Newest[AnySignal] = Newest()
        self._listeners.add(listener)
        return listener

    def end(self, error: Exception | None = None) -> None:
        """End the room. Its reader first gets what is left in the inbox."""
        self.inbox.end(error)
        for listener in self._listeners:
            listener.end()

    async def take(self) -> Item:
        """Wait for the next item, take it and fold it into the state.

        Raises:
            RuntimeError: another task is already waiting.
            StopAsyncIteration, or the error given to `end`: the room has ended.
        """
        if self._is_awaited:
            raise RuntimeError(
                "Another task is already iterating over this room, which has only one stream"
            )
        self._is_awaited = True
        try:
            while (item := self.inbox.take()) is None:
                self._on_take()
                await self.inbox.until_stirred()
        finally:
            self._is_awaited = False
        self._on_take()
        self._fold(item)
        return item

    def _start(self, answer: Resumed | Snapshot) -> None:
        if isinstance(answer, Snapshot):
            self.snapshot = answer
            self._start_from(answer)
        else:
            self._epoch = answer.epoch
            self.view.skip(self.tracker.since or 0)

    def _start_from(self, snapshot: Snapshot) -> None:
        self._epoch = snapshot.epoch
        self.has_state = True
        pins = snapshot.pins or ()
        self.view = RoomView(
            *(snapshot.head, snapshot.messages, snapshot.state, snapshot.state_seq), pins
        )

    def _fold(self, item: Item) -> None:
        match item:
            case Resumed():
                pass
            case Reset():
                self._start_from(item.snapshot)
            case Skipped():
                self.view.skip(item.seq)
            case _:
                self._rules.fold(self.view, item)
                if self.snapshot is not None and (gone := gone_by(item)):
                    self.snapshot = _without(self.snapshot, gone)
        while len(self.view.messages) > MAX_MESSAGES:
            del self.view.messages[next(iter(self.view.messages))]


def _without(snapshot: Snapshot, gone: Gone) -> Snapshot:
    messages = [_left(each, gone, snapshot.head) for each in snapshot.messages]
    return replace(snapshot, messages=messages)


def _left(message: Message, gone: Gone, head: int) -> Message:
    if message.seq in gone.messages:
        return tombstone(message)
    if gone.edits.get(message.seq, 0) > head:
        message = as_former(message)
    if gone.previews.get(message.seq, 0) > head:
        message = replace(message, previews=None)
    for of in {of for of, seq in gone.reactions if seq == message.seq}:
        message = without_reactions(message, of)
    return message


def _key_of(signal: AnySignal) -> object:
    """The key of a signal. A newer signal replaces an older one with the same key."""
    if isinstance(signal, Presence | ThreadsMoved):
        return object()  # contains only changes, so each one counts
    if isinstance(signal, Receipt):
        return signal.by, Receipt
    who = Person(signal.by, signal.id).who
    return (who, signal.key) if isinstance(signal, Value) else who
