"""The reading side of a room: from what the client receives to what its user takes, and what they add up to."""

import weakref
from collections.abc import Callable

from msgspec.structs import replace

from hubbub.client.inbox import Inbox, Item, Reset, Skipped
from hubbub.client.live import LiveView
from hubbub.client.newest import Newest
from hubbub.client.tracker import Position, PositionTracker
from hubbub.events import Deleted
from hubbub.protocol.messages import AnySignal, Presence, Resumed, Snapshot, Value
from hubbub.protocol.people import Person
from hubbub.protocol.view import RoomView, tombstone

MAX_MESSAGES = 500


class Reading:
    """One room's inbox, and its state as of the last item that was taken out of it.

    `on_take` is called whenever an item was taken, and when there is none.
    """

    def __init__(
        self,
        room: str,
        tracker: PositionTracker,
        inbox: Inbox,
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
        self._on_take = on_take
        self._is_awaited = False
        self._listeners: weakref.WeakSet[Newest[AnySignal]] = weakref.WeakSet()

    @property
    def position(self) -> Position:
        """After the last event that was taken."""
        return Position(self._epoch, self.view.seq)

    def joined(self, answer: Resumed | Snapshot) -> None:
        """A join was answered. To be called before any later frame is looked at."""
        if isinstance(answer, Snapshot):
            self.live.start(answer)
        if not self.tracker.is_joined:
            self._start(answer)
        self.tracker.answered(answer)

    def hear(self, signal: AnySignal) -> None:
        """A signal came."""
        self.live.fold(signal)
        for listener in self._listeners:
            listener.put(_key_of(signal), signal)

    def listen(self) -> Newest[AnySignal]:
        """The signals from now on, for as long as somebody keeps what is returned."""
        listener: Newest[AnySignal] = Newest()
        self._listeners.add(listener)
        return listener

    def end(self, error: Exception | None = None) -> None:
        """Nothing more will come; whoever takes is told so once the inbox is empty."""
        self.inbox.end(error)
        for listener in self._listeners:
            listener.end()

    async def take(self) -> Item:
        """The next item, when there is one; then the state is as of it.

        Raises:
            RuntimeError: somebody else waits here already.
            StopAsyncIteration, or what `end` was given: there won't be another.
        """
        if self._is_awaited:
            raise RuntimeError("the room is being iterated already; it has one stream")
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
            self._epoch, self.view.seq = answer.epoch, self.tracker.since or 0

    def _start_from(self, snapshot: Snapshot) -> None:
        self._epoch = snapshot.epoch
        self.has_state = True
        self.view = RoomView(snapshot.head, snapshot.messages, snapshot.state, snapshot.state_seq)

    def _fold(self, item: Item) -> None:
        match item:
            case Resumed():
                pass
            case Reset():
                self._start_from(item.snapshot)
            case Skipped():
                self.view.seq = item.seq
            case _:
                self.view.apply(item)
                if isinstance(item, Deleted) and self.snapshot is not None:
                    self.snapshot = _without(self.snapshot, item.message)
        while len(self.view.messages) > MAX_MESSAGES:
            del self.view.messages[next(iter(self.view.messages))]


def _without(snapshot: Snapshot, seq: int) -> Snapshot:
    messages = [tombstone(each) if each.seq == seq else each for each in snapshot.messages]
    return replace(snapshot, messages=messages)


def _key_of(signal: AnySignal) -> object:
    """What a newer signal has in common with the older one whose place it takes."""
    if isinstance(signal, Presence):
        return object()  # tells only what changed, so each one counts
    who = Person(signal.by, signal.id).who
    return (who, signal.key) if isinstance(signal, Value) else who
