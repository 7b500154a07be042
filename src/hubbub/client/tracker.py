"""Where the receiving of one room stands: which event comes next, and when the room must be joined again.

Every way to lose the thread (a new link, a full inbox, a gap) ends in the same act: a join from the
position that was received last.
"""

from typing import NamedTuple

from hubbub.client.inbox import Inbox, Reset, Skipped
from hubbub.events import AnyEvent
from hubbub.protocol.messages import Join, Resumed, Snapshot


class Position(NamedTuple):
    """A place in a room's log: after event `seq` of the log called `epoch`."""

    epoch: str
    seq: int


class PositionTracker:
    """A position in a room's log, moved by what is received and put into `inbox`.

    `since` (what was received last) and `epoch` as in `Join`; without, it begins with a snapshot.
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
        self._was_cut = False  # a link was lost since the last answer
        self.is_joined = False  # a join was answered, on this link or an earlier one
        self.is_joining = False  # a join is on its way; what comes before its answer is old
        self.is_behind = False  # events were passed over, since the inbox was full

    @property
    def needs_space(self) -> bool:
        """Whether the next event can't be kept."""
        return not self.is_joining and (self._inbox.is_full or self.is_behind)

    @property
    def is_crowded(self) -> bool:
        """Whether to go on waiting for space, so that not every single take sets things in motion."""
        return not self.is_joining and (self._inbox.is_crowded or self.is_behind)

    @property
    def must_catch_up(self) -> bool:
        """Whether it is time to join again after having fallen behind."""
        return self.is_behind and not self.is_joining and self._inbox.is_empty

    def join(self) -> Join:
        """The command that goes on from here."""
        self.is_joining = True
        return Join(
            room=self._room, since=self.since, epoch=self._epoch, max_missed=self._max_missed
        )

    def cut(self) -> None:
        """The link is gone."""
        self._was_cut = True

    def forget_position(self) -> None:
        """The server says that there is no such position: the next join begins with a snapshot."""
        self.since = self._epoch = None

    def answered(self, answer: Resumed | Snapshot) -> None:
        """The join was answered; the next event follows the answer."""
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

    def receive(self, event: AnyEvent | Skipped) -> bool:
        """Keep an event if it is the next one. True: there is a gap, and the room must be joined again."""
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
