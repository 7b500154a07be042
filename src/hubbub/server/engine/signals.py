"""Signals of one room: collected for a moment, with the newest of each kind kept, then sent to live cursors.

Other nodes are told what was signalled here and who is here: changes with each tick, and everything
from time to time and on request.
"""

import asyncio
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from hubbub.domain.live.allotment import Allotment
from hubbub.domain.live.presence import MAX_NAMES, Attendance
from hubbub.domain.live.values import LiveReport, Stamped, Values, packed
from hubbub.protocol.codec import encode
from hubbub.protocol.messages import AnySignal, Members, Presence, Receipt, Typing, Value
from hubbub.protocol.people import Person, ids_of, names_of, people
from hubbub.server.brokers.base import Broker, Local

TICK = 0.1  # seconds
SENDS_PER_SECOND = 25_000  # a room with too many followers for one tick gets longer ticks
COMINGS_PER_SECOND = 5_000  # notices of people who joined or left, to all followers
COMINGS_PAUSE = 1.0  # seconds, at most, between such notices
_Kind = tuple[str, str | None]
LEASE = 18.0  # seconds for which another node's report of who is there is valid: a bit more than two rounds


class Signals:
    """The signals of a room that are still relevant."""

    __slots__ = (
        "_broker",
        "_fresh",
        "_heed",
        "_pause",
        "_presence_after",
        "_receipts",
        "_receipts_at",
        "_room",
        "_send",
        "_tell_after",
        "_timer",
        "_timer_at",
        "_untold",
        "_values",
        "attendance",
    )

    def __init__(
        self,
        room: str,
        send: Callable[[list[bytes]], int],
        broker: Broker | None = None,
        allotment: Allotment | None = None,
        heed: Callable[[], None] | None = None,
    ) -> None:
        """`send` writes encoded signals to live cursors, and returns to how many.

        If there is `heed`, it is called at once when the attendance has changed, which is not for those who follow.
        """
        self.attendance = Attendance(room)
        self._room = room
        self._send = send
        self._heed = heed
        self._broker = broker or Local()
        self._values = Values(self._broker.node, allotment)
        self._fresh: dict[_Kind, AnySignal] = {}
        self._untold: dict[_Kind, Stamped] = {}  # values that other nodes have not been told
        self._pause = TICK
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._presence_after = 0.0
        self._receipts: dict[str, Receipt] = {}
        self._receipts_at = float("-inf")
        self._tell_after = 0.0

    @property
    def are_needed(self) -> bool:
        """Whether this node has something that no other knows, or someone who has yet to leave."""
        return self._values.has_own or self.attendance.count_here > 0

    def put(self, signal: Typing | Value, owner: str = "") -> bool:
        """Accept a signal, which goes out at the next tick unless a newer one of its kind replaces it.

        Returns False, and drops it, if the room or the owner has reached its limit of live values.
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

    def put_receipt(self, receipt: Receipt) -> None:
        """Accept how far somebody has read, unless more is known already."""
        if self._learn(receipt):
            self._untold[_kind(receipt)] = Stamped(receipt)
            self._wake_in(self._pause)

    def _learn(self, receipt: Receipt) -> bool:
        """Take a receipt, unless it is old. Returns whether it was new."""
        known = self._receipts.get(receipt.by)
        if known is not None and known.upto >= receipt.upto:
            return False
        self._receipts[receipt.by] = self._fresh[_kind(receipt)] = receipt
        return True

    def receipts(self) -> dict[str, Receipt]:
        """Return the receipts that are known, by whose they are."""
        return dict(self._receipts)

    def replace_receipts(self, receipts: Iterable[Receipt], before: dict[str, Receipt]) -> None:
        """Have the receipts of these people, and those that came while they were looked up; of each the newest that is known.

        `before` are those that were known when the look-up began. Whatever is new goes out, except the first time.
        """
        found = {each.by: each for each in receipts}
        for by, old in before.items():
            if by not in found and self._receipts.get(by) is old:
                for held in (self._untold, self._fresh):
                    held.pop(_kind(old), None)
                del self._receipts[by]
        is_first = not self.has_receipts_since(0)
        for each in found.values():
            is_awaited = _kind(each) in self._fresh
            if self._learn(each) and is_first and not is_awaited:
                del self._fresh[_kind(each)]  # whoever begins to follow gets it with the snapshot
        if self._fresh:
            self._wake_in(self._pause)
        self._receipts_at = _now()

    def has_receipts_since(self, when: float) -> bool:
        """Whether the receipts were replaced at that time of the loop, or later."""
        return self._receipts_at >= when

    def hear(self, live: LiveReport) -> None:
        """Take a report of another node."""
        now = _now()
        for stamped in live.signals:
            signal = stamped.signal
            if isinstance(signal, Receipt):
                self._learn(signal)
                continue
            if isinstance(signal, Value):
                signal = packed(signal)
                if not self._values.hear(Stamped(signal, stamped.clock), live.node, now):
                    continue
            self._fresh[_kind(signal)] = signal
        if live.names is not None:
            there = people(live.names, live.ids)
            self.attendance.hear(live.node, there, live.unnamed, now + LEASE)
            self._note_people()
        if self._fresh or self.attendance.has_changed:
            self._wake_in(self._pause)
        if live.asks:
            self.remind()

    def ask(self) -> None:
        """Ask other nodes, if there are any, for everything that they know."""
        if self._broker.answers_within:
            self.remind(asks=True)

    def remind(self, *, asks: bool = False) -> None:
        """Tell other nodes everything, since some may have missed it, and perhaps ask them for the same."""
        self._expire()
        self._untold.update((_kind(own.signal), own) for own in self._values.own(_now()))
        here = self.attendance
        if asks or self._untold or here.count_here or here.has_changed_here:
            self._tell(who=True, asks=asks)

    def enter(self, person: Person) -> None:
        """A person has one more connection."""
        self.attendance.enter(person)
        self._note_people()
        self._wake_in(TICK)

    def exit(self, person: Person) -> None:
        """A person has one connection fewer."""
        self.attendance.exit(person)
        self._note_people()
        self._wake_in(TICK)

    def members(self) -> Members:
        """Return who is here, on any node, as followers may know."""
        self._expire()
        return Members(0, []) if self._heed else self.attendance.members()

    def names(self) -> list[str]:
        """Return the names among these members."""
        return [] if self._heed or len(self.attendance) > MAX_NAMES else self.attendance.names()

    def live(self) -> list[AnySignal]:
        """Return the values that have not expired, each with its remaining time, and the receipts."""
        return [*self._values.live(_now()), *self._receipts.values()]

    def sweep(self) -> None:
        """Forget what has expired."""
        self._values.expire(_now())
        self._expire()

    def close(self) -> None:
        """Send nothing more, after telling other nodes what they don't know."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_after = 0.0
        self._tell_others()
        self._values.clear()

    def present(self) -> list[bytes]:
        """Return all signals for a cursor that has just caught up, encoded."""
        here = Presence(self._room, 0) if self._heed else self.attendance.everyone()
        return [encode(signal) for signal in (here, *self.live())]

    def _expire(self) -> None:
        if self.attendance.expire(_now()):
            self._note_people()
            self._wake_in(TICK)

    def _note_people(self) -> None:
        """Someone may have come or gone. Whoever heeds it looks when they like, so every change counts, also one undone."""
        if self._heed is not None and self.attendance.has_changed:
            self.attendance.changes()
            self._heed()

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
        """Tell other nodes what is new here; presence only rarely, to limit the load."""
        who = self.attendance.has_changed_here
        if who and (now := _now()) < self._tell_after:
            self._wake_in(self._tell_after - now)
            who = False
        elif who:
            self._tell_after = now + self._seldom(self.attendance.count_here)
        if who or self._untold:
            self._tell(who=who)

    def _tell(self, *, who: bool, asks: bool = False) -> None:
        """Share what others were not told, and perhaps `who` is here."""
        signals = list(self._untold.values())
        self._untold.clear()
        live = LiveReport(self._room, self._broker.node, signals, asks=asks)
        if who:
            here, unnamed = self.attendance.here()
            live = replace(live, names=names_of(here), ids=ids_of(here), unnamed=unnamed)
        self._broker.share(live)

    def _presence(self) -> list[AnySignal]:
        """Return who came and went; in a large room only rarely, to limit the load."""
        if not self.attendance.has_changed:
            return []
        if (now := _now()) < self._presence_after:
            self._wake_in(self._presence_after - now)
            return []
        self._presence_after = now + self._seldom(len(self.attendance))
        return [self.attendance.changes()]

    def _seldom(self, people: int) -> float:
        return min(people / COMINGS_PER_SECOND, COMINGS_PAUSE)


def _kind(signal: Typing | Value | Receipt) -> _Kind:
    """Return the key under which a newer signal replaces an older one."""
    if isinstance(signal, Receipt):
        return "receipt", signal.by  # no stable id looks like that
    who = Person(signal.by, signal.id).who
    return who, None if isinstance(signal, Typing) else signal.key


def _now() -> float:
    return asyncio.get_running_loop().time()
