"""Tracks the position of one room while receiving: which event is next, and when to join the room again.

After a new connection, a full inbox or a gap, the same action follows: a join from the position that was
received last.
"""

from typing import NamedTuple

from hubbub.client.rooms.inbox import Inbox, Reset, Skipped
from hubbub.events import Event
from hubbub.protocol.messages import Follow, Resumed, Snapshot


class Position(NamedTuple):
    """A position in a room's log: after the event `seq` of the log with the identity `epoch`."""

    epoch: str
    seq: int


class PositionTracker:
    """A position in a room's log, advanced by received events, which it puts into `inbox`.

    `since` (the last seq received) and `epoch` are as in `Follow`. Without them, it starts with a snapshot.
    """

    def __init__(
        self,
        room: str,
        inbox: Inbox,
        since: int | None = None,
        epoch: str | None = None,
        max_missed: int | None = None,
    ) -> None:
        self._room = room
        self._inbox = inbox
        self.since = since
        self._epoch = epoch
        self._max_missed = max_missed
        self._was_cut = False  # a connection was lost since the last answer
        self.is_joined = False  # a join was answered, on this connection or an earlier one
        self.is_joining = False  # a join is in flight; events before its answer are old
        self.is_behind = False  # events were dropped, since the inbox was full
        self._held: list[Event | Skipped] | None = None  # came before the answer that they follow

    @property
    def needs_space(self) -> bool:
        """Whether there is no space for the next event."""
        return not self.is_joining and (self._inbox.is_full or self.is_behind)

    @property
    def is_crowded(self) -> bool:
        """Whether to keep waiting for space. Stops only at half, so that not every single take resumes reading."""
        return not self.is_joining and (self._inbox.is_crowded or self.is_behind)

    @property
    def must_catch_up(self) -> bool:
        """Whether to join again after falling behind."""
        return self.is_behind and not self.is_joining and self._inbox.is_empty

    def drop_until_joined(self) -> None:
        """Drop events until a join is answered, which brings them again."""
        self.is_joining = True
        self._held = None

    def hold_until_joined(self) -> None:
        """Keep events until a command for many rooms is answered: they may come before its answer."""
        self.is_joining = True
        self._held = []

    def can_resume(self, epoch: str) -> bool:
        """Whether it has a position in the log with this identity, and takes any number of missed events."""
        return self.since is not None and self._epoch == epoch and self._max_missed is None

    def call(self, room: str) -> None:
        """Call the room by its key from now on."""
        self._room = room

    def follow(self, command: type[Follow] = Follow) -> Follow:
        """The command that resumes from this position."""
        self.drop_until_joined()
        return command(
            room=self._room, since=self.since, epoch=self._epoch, max_missed=self._max_missed
        )

    def cut(self) -> None:
        """The connection was lost. If a command for many rooms is under way, it is sent again and brings the same events."""
        self._was_cut = True
        if self._held is not None:
            self._held = []

    def forget_position(self) -> None:
        """The server has no such position: start with a snapshot at the next join."""
        self.since = self._epoch = None

    def answered(self, answer: Resumed | Snapshot) -> None:
        """Take in the answer to a join. The next event follows it."""
        match answer:
            case Resumed() if self._was_cut or not self.is_joined:
                self._inbox.mark(answer)
            case Snapshot():
                if self.is_joined or self.since is not None:
                    self._inbox.mark(Reset(answer, answer.truncated or None))
                self.since = answer.head
        self._epoch = answer.epoch
        self.is_joined = True
        self.is_joining = self.is_behind = self._was_cut = False
        held, self._held = self._held or (), None
        for event in held:
            self.is_behind = self.receive(event) or self.is_behind

    def receive(self, event: Event | Skipped) -> bool:
        """Keep an event if it is the next one. Returns True if there is a gap, so that the room must be joined again."""
        if (
            self._held is not None and len(self._held) <= self._inbox.limit
        ):  # one more than fit tells that some are missing
            self._held.append(event)
        if self.is_joining or self.is_behind or self.since is None or event.seq <= self.since:
            return False
        if event.seq > self.since + 1:
            return True
        if self._inbox.is_full:
            self.is_behind = True
            return False
        self._inbox.put(event)
        self.since = event.seq
        return False
