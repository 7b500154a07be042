"""Heads: telling a connection how far rooms have come, without their events.

What is told is cumulative, so nothing is lost if only the newest goes out: at most one notice every `TELL_EVERY`
seconds for a connection, with all its rooms that have moved.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection

import msgspec

from hubbub import events
from hubbub.domain.facts import Batch, Head
from hubbub.domain.principals import Principal
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Moved, RoomHead
from hubbub.server.engine.outlet import Outlet

TELL_EVERY = 0.25  # seconds
PER_TURN = 50  # connections that are told in one turn of the loop


class _Origin(msgspec.Struct):
    at: str
    by: str


_decode_origin = msgspec.json.Decoder(_Origin).decode


class Pulse:
    """How far a room has come, for those who are told only that: its last event, and how many messages it ever had."""

    __slots__ = ("position",)

    def __init__(self, head: Head) -> None:
        # What came before may have changed what is unread otherwise than by one message more.
        self.position = RoomHead(head.seq, head.nth, recount=head.seq)

    def beat(self, batch: Batch) -> None:
        """Count events that were delivered. Some of the first may have been counted before."""
        new = batch.bodies[max(self.position.head + 1 - batch.first, 0) :]
        if new:
            count = sum(events.tag_in(body) == b"posted" for body in new)
            recounts = any(map(events.changes_counts, new))
            last = _decode_origin(new[-1])
            self.position = RoomHead(
                batch.last,
                self.position.nth + count,
                last.at,
                last.by,
                batch.last if recounts else self.position.recount,
            )


class Watch:
    """The rooms of which one connection is only told the heads: a follower of all of them, as a principal.

    A room holds nothing else for it, since there are many of both. `ended` is called with each room that it is told no more
    of: with a refusal if it may not read the log any more, or with None if it isn't known how far the log has come.
    """

    __slots__ = ("_herald", "_moved", "_outlet", "ended", "principal", "rooms")

    def __init__(
        self,
        herald: "Herald",
        outlet: Outlet,
        principal: Principal,
        ended: Callable[[str, Refusal | None], None],
    ) -> None:
        self.principal = principal
        self.ended = ended
        self.rooms: set[str] = set()
        self._herald = herald
        self._outlet = outlet
        self._moved: dict[str, RoomHead] = {}

    def admit(self, principal: Principal) -> None:
        """It goes on with another credential of the same person."""
        self.principal = principal

    def move(self, outlet: Outlet) -> None:
        """Write to another outlet from now on."""
        self._outlet = outlet

    def forget(self, rooms: Collection[str]) -> None:
        """Tell no more of some rooms."""
        self.rooms.difference_update(rooms)
        for room in self._moved.keys() & rooms:
            del self._moved[room]

    def note(self, room: str, position: RoomHead) -> None:
        """A room has come further."""
        if not self._moved:
            self._herald.tell_soon(self)
        self._moved[room] = position

    def tell(self) -> None:
        """Write what has moved, or try again later if the client is slow."""
        if not self._moved:
            return
        notice = self._outlet.wire.notice(encode(Moved(self._moved)))
        if self._outlet.write(notice):
            self._moved = {}
        else:
            self._herald.tell_soon(self)


class Herald:
    """Tells connections what has moved, some at a time, so that nothing else waits long."""

    def __init__(self) -> None:
        self._due: deque[Watch] = deque()
        self._timer: asyncio.Handle | None = None

    def tell_soon(self, watch: Watch) -> None:
        """Let a watch tell what has moved, `TELL_EVERY` seconds from now at the latest."""
        self._due.append(watch)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TELL_EVERY, self._begin)

    def close(self) -> None:
        """Tell nothing more."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self) -> None:
        self._tell(len(self._due))

    def _tell(self, left: int) -> None:
        """Let so many of the due ones tell; those that become due meanwhile wait for the next time."""
        for _ in range(min(left, PER_TURN)):
            self._due.popleft().tell()
        loop = asyncio.get_running_loop()
        if (left := left - PER_TURN) > 0:
            self._timer = loop.call_soon(self._tell, left)
        else:
            self._timer = loop.call_later(TELL_EVERY, self._begin) if self._due else None
