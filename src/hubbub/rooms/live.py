"""Live values of a room: for each key the newest, on whichever node it was put, until its time is over.

Nodes hear of each other's values late, twice or not at all, and still come to agree: each value has a
place on a logical clock, which goes on with each value that is put or heard, whatever the time is.
"""

from typing import NamedTuple

import msgspec

from hubbub.protocol.messages import Typing, Value

MAX_VALUES = 1_000  # in one room


class Stamped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A signal; and of a value its place on the logical clock."""

    signal: Typing | Value
    clock: int = 0


class Live(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a node tells the others of what is live in a room there.

    `names` are all who are there, but for `unnamed` more; `None` says nothing of who is there.
    Who `asks` wants to be told everything.
    """

    room: str
    node: str
    signals: list[Stamped] = []
    names: list[str] | None = None
    unnamed: int = 0
    asks: bool = False


class _Kept(NamedTuple):
    value: Value  # of None: it was removed, and older news must not bring it back
    expires_at: float
    clock: int
    node: str


class Values:
    """The newest value of each key. Times are those of one clock, in seconds."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._clock = 0
        self._kept: dict[str, _Kept] = {}

    @property
    def has_own(self) -> bool:
        """Whether any of the values was put here."""
        return any(self._is_own(kept) for kept in self._kept.values())

    def put(self, value: Value, now: float) -> Stamped | None:
        """Take a value that was put here; None if there are as many as there may be."""
        if not self._has_room_for(value, now):
            return None
        self._clock += 1
        stamped = Stamped(value, self._clock)
        self._keep(stamped, self._node, now)
        return stamped

    def hear(self, stamped: Stamped, node: str, now: float) -> bool:
        """Take a value that was put on another node; False if there is a newer one."""
        value = stamped.signal
        assert isinstance(value, Value)
        self._clock = max(self._clock, stamped.clock)
        kept = self._kept.get(value.key)
        if kept is not None and (kept.clock, kept.node) >= (stamped.clock, node):
            return False
        if not self._has_room_for(value, now):
            return False
        self._keep(stamped, node, now)
        return True

    def expire(self, now: float) -> None:
        """Forget values whose time is over."""
        for key in [key for key, kept in self._kept.items() if kept.expires_at <= now]:
            del self._kept[key]

    def live(self, now: float) -> list[Value]:
        """The values that have not expired, each with the time that is left to it."""
        self.expire(now)
        kept = (kept for kept in self._kept.values() if kept.value.value is not None)
        return [_rest(each, now) for each in kept]

    def own(self, now: float) -> list[Stamped]:
        """Those that were put or removed here, to remind others of."""
        self.expire(now)
        own = (kept for kept in self._kept.values() if kept.node == self._node)
        return [Stamped(_rest(kept, now), kept.clock) for kept in own]

    def _keep(self, stamped: Stamped, node: str, now: float) -> None:
        value = stamped.signal
        assert isinstance(value, Value)
        if value.value is None and not self._node:  # there is nobody who could bring it back
            self._kept.pop(value.key, None)
        else:
            self._kept[value.key] = _Kept(value, now + value.ttl, stamped.clock, node)

    def _has_room_for(self, value: Value, now: float) -> bool:
        if value.key in self._kept or len(self._kept) < MAX_VALUES:
            return True
        self.expire(now)
        for key in [key for key, kept in self._kept.items() if kept.value.value is None]:
            del self._kept[key]
        return len(self._kept) < MAX_VALUES

    def _is_own(self, kept: _Kept) -> bool:
        return kept.node == self._node and kept.value.value is not None


def _rest(kept: _Kept, now: float) -> Value:
    return msgspec.structs.replace(kept.value, ttl=max(round(kept.expires_at - now, 3), 0.001))
