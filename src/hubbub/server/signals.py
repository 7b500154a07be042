"""Signals of one room: gathered for a moment, the newest of each kind kept, then sent to who is live.

Other nodes are told what was signalled here, and who is here: what is new with each tick, and all of it
now and then, and when they ask.
"""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from hubbub.protocol.codec import encode
from hubbub.protocol.messages import AnySignal, Members, Typing, Value
from hubbub.protocol.people import Person, ids_of, names_of, people
from hubbub.rooms.allotment import Allotment
from hubbub.rooms.live import LiveReport, Stamped, Values, packed
from hubbub.rooms.presence import Attendance
from hubbub.server.brokers.base import Broker, Local

TICK = 0.1  # seconds
SENDS_PER_SECOND = 25_000  # a room with more watchers than fit into a tick has longer ones
COMINGS_PER_SECOND = 5_000  # at most so many are told of comings and goings
COMINGS_PAUSE = 1.0  # seconds; but no more seldom than this
_Kind = tuple[str, str | None]
LEASE = 18.0  # seconds for which another node's word for who is there is believed: two rounds, and a little


class Signals:
    """What was signalled in a room and is still worth knowing."""

    def __init__(
        self,
        room: str,
        send: Callable[[list[bytes]], int],
        broker: Broker | None = None,
        allotment: Allotment | None = None,
    ) -> None:
        """`send` writes encoded signals to who is live, and returns to how many."""
        self.attendance = Attendance(room)
        self._room = room
        self._send = send
        self._broker = broker or Local()
        self._values = Values(self._broker.node, allotment)
        self._fresh: dict[_Kind, AnySignal] = {}
        self._untold: dict[_Kind, Stamped] = {}  # to other nodes
        self._pause = TICK
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._presence_after = 0.0
        self._tell_after = 0.0

    @property
    def are_needed(self) -> bool:
        """Whether there is something here that nobody else knows, or someone who has still to leave."""
        return self._values.has_own or self.attendance.count_here > 0

    def put(self, signal: Typing | Value, owner: str = "") -> bool:
        """Take a signal; it goes out at the next tick, unless a newer one of its kind comes first.

        False, and it is not taken, if the room or the owner have as many live values as they may.
        """
        stamped: Stamped | None = Stamped(signal)
        if isinstance(signal, Value):
            stamped = self._values.put(signal, _now(), owner)
        if stamped is None:
            return False
        self._untold[_kind(signal)] = stamped
        self._fresh[_kind(signal)] = signal
        self._wake_in(self._pause)
        return True

    def hear(self, live: LiveReport) -> None:
        """Take what another node says."""
        now = _now()
        for stamped in live.signals:
            signal = stamped.signal
            if isinstance(signal, Value):
                signal = packed(signal)
                if not self._values.hear(Stamped(signal, stamped.clock), live.node, now):
                    continue
            self._fresh[_kind(signal)] = signal
        if live.names is not None:
            there = people(live.names, live.ids)
            self.attendance.hear(live.node, there, live.unnamed, now + LEASE)
        if self._fresh or self.attendance.has_changed:
            self._wake_in(self._pause)
        if live.asks:
            self.remind()

    def remind(self, *, asks: bool = False) -> None:
        """Tell other nodes everything, since some may have missed it; and maybe ask them for as much."""
        self._expire()
        self._untold.update((_kind(own.signal), own) for own in self._values.own(_now()))
        here = self.attendance
        if asks or self._untold or here.count_here or here.has_changed_here:
            self._tell(who=True, asks=asks)

    def enter(self, person: Person) -> None:
        """Someone is here, by one more connection."""
        self.attendance.enter(person)
        self._wake_in(TICK)

    def exit(self, person: Person) -> None:
        """Someone has one connection less."""
        self.attendance.exit(person)
        self._wake_in(TICK)

    def members(self) -> Members:
        """Who is here, on whichever node."""
        self._expire()
        return self.attendance.members()

    def live(self) -> list[AnySignal]:
        """The values that have not expired, each with the time that is left to it."""
        return [*self._values.live(_now())]

    def sweep(self) -> None:
        """Forget what is over."""
        self._values.expire(_now())
        self._expire()

    def close(self) -> None:
        """Send nothing more; but tell other nodes what they don't know."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_after = 0.0
        self._tell_others()
        self._values.clear()

    def present(self) -> list[bytes]:
        """All that one who has just caught up must be told, encoded."""
        return [encode(signal) for signal in (self.attendance.everyone(), *self.live())]

    def _expire(self) -> None:
        self.attendance.expire(_now())
        if self.attendance.has_changed:
            self._wake_in(TICK)

    def _wake_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer, self._timer_at = loop.call_at(when, self._tick), when

    def _tick(self) -> None:
        self._timer = None
        self._tell_others()
        fresh: list[AnySignal] = list(self._fresh.values())
        self._fresh.clear()
        fresh.extend(self._presence())
        if fresh:
            watchers = self._send([encode(signal) for signal in fresh])
            self._pause = max(TICK, watchers / SENDS_PER_SECOND)

    def _tell_others(self) -> None:
        """What is new here; of who is here seldom enough not to be a load."""
        who = self.attendance.has_changed_here
        if who and (now := _now()) < self._tell_after:
            self._wake_in(self._tell_after - now)
            who = False
        elif who:
            self._tell_after = now + self._seldom(self.attendance.count_here)
        if who or self._untold:
            self._tell(who=who)

    def _tell(self, *, who: bool, asks: bool = False) -> None:
        """Share what others were not told, and maybe `who` is here."""
        signals = list(self._untold.values())
        self._untold.clear()
        live = LiveReport(self._room, self._broker.node, signals, asks=asks)
        if who:
            here, unnamed = self.attendance.here()
            live = replace(live, names=names_of(here), ids=ids_of(here), unnamed=unnamed)
        self._broker.share(live)

    def _presence(self) -> list[AnySignal]:
        """Who came and went; in a large room seldom enough not to be a load."""
        if not self.attendance.has_changed:
            return []
        if (now := _now()) < self._presence_after:
            self._wake_in(self._presence_after - now)
            return []
        self._presence_after = now + self._seldom(len(self.attendance))
        return [self.attendance.changes()]

    def _seldom(self, people: int) -> float:
        return min(people / COMINGS_PER_SECOND, COMINGS_PAUSE)


def _kind(signal: Typing | Value) -> _Kind:
    """What a newer signal has in common with an older one whose place it takes."""
    who = Person(signal.by, signal.id).who
    return who, None if isinstance(signal, Typing) else signal.key


def _now() -> float:
    return asyncio.get_running_loop().time()
