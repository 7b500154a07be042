"""Logs as they grow in one commit, and the order in which what was added is delivered.

A log's events are delivered together, except where an event of a room may take somebody's right to read its threads: what
was added to them before comes before it, and what is added later after it.
"""

from collections.abc import Collection, Mapping

from hubbub import events
from hubbub.domain.facts import Batch, Head
from hubbub.events import Event
from hubbub.protocol.keys import parent_of

NO_EVENTS = Head()


class Growth:
    """A log as it grows in one commit."""

    __slots__ = (
        *("_grown", "affected", "bodies", "first", "kept"),
        *("log", "nth", "opened", "part", "seq"),
    )

    def __init__(self, log: str, head: Head, grown: list[str]) -> None:
        """It adds its name to those that have `grown` with the first event of each part."""
        self._grown = grown
        self.log = log
        self.seq, self.kept, self.nth = head
        self.first = self.seq + 1
        self.bodies: list[bytes] = []
        self.affected: list[tuple[int, str]] = []  # see `Batch`
        self.opened: set[str] = set()  # the owners of messages here, in a batch with guards
        self.part = self.first  # the event with which the next part begins

    def grow(self, event: Event, messages: int = 0) -> bytes:
        """Take the next event, which is so many messages; return its body."""
        if self.seq < self.part:
            self._grown.append(self.log)
        body = events.encode(event)
        self.bodies.append(body)
        self.seq = event.seq
        self.nth += messages
        return body

    @property
    def head(self) -> Head:
        """The log's head by now."""
        return Head(self.seq, self.kept, self.nth)

    @property
    def batch(self) -> Batch:
        """What was added."""
        return Batch(self.log, self.first, self.bodies, tuple(self.affected))

    def end_part(self, after: int) -> Batch | None:
        """Return a batch of what was added since the last part, if anything; it has no bodies yet. `after` is as in `Batch`."""
        if (first := self.part) > self.seq:
            return None
        self.part = self.seq + 1
        affected = tuple(each for each in self.affected if each[0] >= first)
        return Batch(self.log, first, [b""] * (self.seq + 1 - first), affected, after)

    def fill(self, part: Batch) -> Batch:
        """Return the part with its bodies."""
        start = part.first - self.first
        return part._replace(bodies=self.bodies[start : start + len(part.bodies)])

    def erase(self) -> None:
        """Erase the events that others of this commit erase."""
        self.bodies[:] = events.without(self.bodies, events.gone_in(self.bodies))


class Growths(dict[str, Growth]):
    """The logs that may grow in one commit, each from when it is first asked for."""

    def __init__(self, logs: Collection[str], heads: Mapping[str, Head]) -> None:
        self._grown: list[str] = []  # names: what refers to itself would stay in memory for a while
        self._logs = logs
        self._heads = heads
        self._turns: dict[str, int] = {}  # the last event that affects the threads of a room
        self._parts: list[Batch] = []  # what is delivered before an event that affects threads
        self._ended = 0  # how many of those that have grown are in these parts

    def __missing__(self, log: str) -> Growth:
        """Begin with the log's head. Raises KeyError if nobody said that it may be written to."""
        if log not in self._logs:
            raise KeyError(log)
        growth = self[log] = Growth(log, self._heads.get(log, NO_EVENTS), self._grown)
        return growth

    def begin(self, log: str) -> None:
        """Have a log that isn't there yet, though nobody said that it may be written to."""
        self.setdefault(log, Growth(log, NO_EVENTS, self._grown))

    @property
    def grown(self) -> dict[str, Growth]:
        """Those that got events, in the order of their first one."""
        return {log: self[log] for log in self._grown}

    def turn(self, room: str, seq: int) -> None:
        """Let the threads of a room be delivered before this event, or after it."""
        self._end_parts(last=room)
        self._turns[room] = seq

    def erase(self) -> None:
        """Erase the events that others of this commit erase."""
        for growth in self.grown.values():
            growth.erase()

    def batches(self) -> list[Batch]:
        """Return what was added to each log."""
        return [self[log].batch for log in self._grown]

    def in_parts(self) -> list[Batch]:
        """Return what to deliver, in order: each log at once, or in parts that end where the threads of a room take turns."""
        self._end_parts()
        return [self[part.room].fill(part) for part in self._parts]

    def _end_parts(self, last: str | None = None) -> None:
        """Let what is added from now on be delivered after what was added so far, of which that of one log comes last."""
        names, self._ended = self._grown[self._ended :], len(self._grown)
        for log in sorted(map(self.__getitem__, names), key=lambda log: log.log == last):
            parent = parent_of(log.log)
            after = 0
            if parent != log.log:
                after = self._turns.get(parent, self[parent].first - 1)
            if part := log.end_part(after):
                self._parts.append(part)
