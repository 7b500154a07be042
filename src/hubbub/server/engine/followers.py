"""Followers of a log: the one place that knows who gets its events, how far, and what tells them that they don't any more.

Whoever loses the right to read gets the event that takes it, and nothing after it. That is so whatever they are: a
cursor that is live, one that reads on, or a poll.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.foreign import deflate
from hubbub.protocol.wires import Wire
from hubbub.server.engine.heads import Watch
from hubbub.server.engine.outlet import Outlet
from hubbub.server.engine.signals import Signals

Ended = Callable[[Refusal | None], None]


class Recipient:
    """Someone who gets a log's events, as a principal.

    `until` is the last event that it may get: the one that took its right to read, for the reason `why`.
    """

    __slots__ = ("principal", "until", "why")

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.until: int | None = None
        self.why: Refusal | None = None

    def admit(self, principal: Principal) -> None:
        """It goes on with another credential of the same person."""
        self.principal = principal

    def stop_at(self, seq: int, why: Refusal) -> None:
        """Get no event after this one."""
        if self.until is None:
            self.until, self.why = seq, why

    def upto(self, head: int) -> int:
        """Return how far it may read when the log's head is `head`."""
        return head if self.until is None else min(head, self.until)


class Poll(Recipient):
    """Waits for the next events of a log, and gets them at once."""

    __slots__ = ()

    def check(self, since: int) -> None:
        """Raise RefusalError if it may get nothing after `since`."""
        if self.until is not None and since >= self.until:
            assert self.why is not None
            raise RefusalError.of(self.why)


class Cursor(Recipient):
    """One follower's position in a room's log.

    `seq` is the last event written to it, which is the feed's head while the cursor is live. `ended` is called once if
    it gets nothing more: with a refusal if it may not read the log any more, or with None if the log can't be read from there.
    """

    __slots__ = ("ended", "outlet", "room", "seq", "task", "wire")

    def __init__(
        self,
        room: str,
        outlet: Outlet,
        principal: Principal,
        seq: int,
        ended: Ended,
        wire: Wire | None = None,
    ) -> None:
        super().__init__(principal)
        self.room = room
        self.seq = seq
        self.ended = ended
        self.outlet = outlet
        self.wire = _form(outlet, wire)
        self.task: asyncio.Task[None] | None = None  # which reads on, unless the cursor is live

    def move(self, outlet: Outlet, wire: Wire | None) -> None:
        """Write to this outlet from now on, in its wire form or another."""
        self.outlet = outlet
        self.wire = _form(outlet, wire)

    def fall_behind(self, seq: int, task: "asyncio.Task[None]") -> None:
        """Be no longer live: `task` reads on after `seq`."""
        self.seq, self.task = seq, task

    def step(self, count: int) -> None:
        """So many events were written."""
        self.seq += count

    def stand(self, seq: int | None = None) -> None:
        """Read on no more. It has got everything up to `seq`, or as much as is known."""
        self.task = None
        if seq is not None:
            self.seq = seq


class Followers:
    """All who follow one log on this node.

    Attributes:
        watches: those who are only told how far the log has come.
        live: cursors at the head, by wire form and outlet; each new batch is written to all of them.
        reading: cursors whose turn it is to read on.
    """

    __slots__ = ("_are_seen", "_behind", "_polls", "_signals", "live", "reading", "watches")

    def __init__(self, signals: Signals, *, are_seen: bool = True) -> None:
        """`are_seen`: others learn who follows."""
        self._are_seen = are_seen
        self.live: dict[Wire, dict[Outlet, Cursor]] = {}
        self.reading: set[Cursor] = set()
        self.watches: set[Watch] = set()
        self._behind: set[Cursor] = set()
        self._polls: set[Poll] = set()
        self._signals = signals

    def __iter__(self) -> Iterator[Cursor | Poll | Watch]:
        """All of them, as of now."""
        return iter([*self.cursors(), *self.watches, *self._polls])

    def cursors(self) -> list[Cursor]:
        """Return all cursors."""
        live = chain.from_iterable(cursors.values() for cursors in self.live.values())
        return [*live, *self._behind]

    @property
    def count_live(self) -> int:
        """How many cursors are live."""
        return sum(map(len, self.live.values()))

    def come(self, cursor: Cursor) -> None:
        """Someone begins to follow."""
        if self._are_seen:
            self._signals.enter(cursor.principal.person)

    def go(self, cursor: Cursor) -> None:
        """They follow no longer."""
        self.leave(cursor)
        if self._are_seen:
            self._signals.exit(cursor.principal.person)

    def end_if_there(self, follower: "Recipient") -> None:
        """End a follower that has got the last event that it may get. A cursor that reads on gets there first."""
        if isinstance(follower, Cursor) and follower.task is None:
            self.go(follower)
            follower.ended(follower.why)

    def go_live(self, cursor: Cursor) -> None:
        """A cursor is at the head."""
        self._behind.discard(cursor)
        self.reading.discard(cursor)
        self.live.setdefault(cursor.wire, {})[cursor.outlet] = cursor

    def fall_behind(self, cursor: Cursor) -> None:
        """A cursor is not live, or not any more."""
        self._behind.add(cursor)

    def leave(self, cursor: Cursor) -> None:
        """Write nothing more to a cursor, at least not where it was."""
        self._behind.discard(cursor)
        self.reading.discard(cursor)
        if (live := self.live.get(cursor.wire)) is not None and live.get(cursor.outlet) is cursor:
            del live[cursor.outlet]

    @contextmanager
    def polling(self, principal: Principal) -> Iterator[Poll]:
        """Follow for the duration of one request, which is nobody's presence."""
        poll = Poll(principal)
        self._polls.add(poll)
        try:
            yield poll
        finally:
            self._polls.discard(poll)


def _form(outlet: Outlet, wire: Wire | None) -> Wire:
    """Return the form in which to write to an outlet: its own or another, compressed if it takes that."""
    wire = wire or outlet.wire
    return deflate.form(wire) if outlet.is_compressed else wire
