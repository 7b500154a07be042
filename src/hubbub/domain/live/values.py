"""Live values of a room: the newest one for each person and key, from any node, until it expires.

Nodes may receive each other's values late, twice or not at all, and still converge: each value has a
position on a logical clock, which advances with each value put or heard, independent of wall time.
"""

from typing import NamedTuple

import msgspec

from hubbub.domain.live.allotment import VALUE_COST, Allotment
from hubbub.protocol.codec import encode
from hubbub.protocol.messages import Receipt, Typing, Value
from hubbub.protocol.people import Person

MAX_VALUES = 1_000  # in one room
MAX_ROOM_BYTES = 512 * 1024  # of them, encoded


class Stamped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A signal and, for a value, its position on the logical clock."""

    signal: Typing | Value | Receipt
    clock: int = 0


class LiveReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one node reports to the others about the live state of a room.

    `names` and `ids` list everyone present on the node, except for `unnamed` more people; None says
    nothing about who is present. With `asks`, the sender requests full reports. `threads` are messages whose threads changed there.
    """

    room: str
    node: str
    signals: list[Stamped] = []
    names: list[str] | None = None
    unnamed: int = 0
    asks: bool = False
    ids: list[str | None] | None = None
    threads: list[int] = []


_Key = tuple[str, str]  # person and key


class _Kept(NamedTuple):
    value: Value  # of a None: the value was removed, and older reports must not restore it
    expires_at: float
    clock: int
    node: str
    owner: str
    size: int


class Values:
    """The newest value for each person and key. All times are seconds on one clock."""

    __slots__ = ("_allotment", "_bytes", "_clock", "_kept", "_node")

    def __init__(self, node: str, allotment: Allotment | None = None) -> None:
        """`allotment` is shared by the values of all rooms."""
        self._node = node
        self._allotment = allotment or Allotment()
        self._clock = 0
        self._bytes = 0
        self._kept: dict[_Key, _Kept] = {}

    @property
    def has_own(self) -> bool:
        """Whether any of the values was put here."""
        return any(self._is_own(kept) for kept in self._kept.values())

    def put(self, value: Value, now: float, owner: str = "") -> Stamped | None:
        """Store a value put on this node. Returns None if the owner or the room is at its limit."""
        if not self._has_room_for(value, owner, now):
            return None
        self._clock += 1
        stamped = Stamped(value, self._clock)
        self._keep(stamped, self._node, owner, now)
        return stamped

    def hear(self, stamped: Stamped, node: str, now: float) -> bool:
        """Store a value put on another node. Returns False if a newer one is known."""
        value = stamped.signal
        assert isinstance(value, Value)
        self._clock = max(self._clock, stamped.clock)
        kept = self._kept.get(_key(value))
        if kept is not None and (kept.clock, kept.node) >= (stamped.clock, node):
            return False
        if not self._has_room_for(value, "", now):
            return False
        self._keep(stamped, node, "", now)
        return True

    def expire(self, now: float) -> None:
        """Forget expired values."""
        for key in [key for key, kept in self._kept.items() if kept.expires_at <= now]:
            self._forget(key)

    def clear(self) -> None:
        """Forget all values."""
        for key in list(self._kept):
            self._forget(key)

    def live(self, now: float) -> list[Value]:
        """Return the values that have not expired, each with its remaining time."""
        if not self._kept:
            return []
        self.expire(now)
        kept = (kept for kept in self._kept.values() if kept.value.value is not None)
        return [_rest(each, now) for each in kept]

    def own(self, now: float) -> list[Stamped]:
        """Return the values put or removed on this node, for reminding other nodes."""
        self.expire(now)
        own = (kept for kept in self._kept.values() if kept.node == self._node)
        return [Stamped(_rest(kept, now), kept.clock) for kept in own]

    def _keep(self, stamped: Stamped, node: str, owner: str, now: float) -> None:
        value = stamped.signal
        assert isinstance(value, Value)
        key = _key(value)
        self._forget(key)
        if value.value is None and not self._node:  # no other node could restore it
            return
        size = _size(value)
        self._kept[key] = _Kept(value, now + value.ttl, stamped.clock, node, owner, size)
        self._bytes += size
        self._allotment.take(owner, size + VALUE_COST)

    def _forget(self, key: _Key) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._bytes -= kept.size
            self._allotment.take(kept.owner, -kept.size - VALUE_COST)

    def _has_room_for(self, value: Value, owner: str, now: float) -> bool:
        if self._has_room_now(value, owner):
            return True
        self.expire(now)
        for key in [key for key, kept in self._kept.items() if kept.value.value is None]:
            self._forget(key)
        return self._has_room_now(value, owner)

    def _has_room_now(self, value: Value, owner: str) -> bool:
        size, replaced = _size(value), self._kept.get(_key(value))
        if value.value is None and replaced is not None:
            return True  # it takes no more memory than what it removes
        is_few = replaced is not None or len(self._kept) < MAX_VALUES
        freed = replaced.size if replaced else 0
        theirs = freed + VALUE_COST if replaced and replaced.owner == owner else 0
        return (
            is_few
            and self._bytes + size - freed <= MAX_ROOM_BYTES
            and self._allotment.has_room(owner, size + VALUE_COST - theirs)
        )

    def _is_own(self, kept: _Kept) -> bool:
        return kept.node == self._node and kept.value.value is not None


def _key(value: Value) -> _Key:
    return Person(value.by, value.id).who, value.key


def packed(value: Value) -> Value:
    """Return the signal with its value as bytes; decoded, a small value may take twenty times the memory."""
    if value.value is None or isinstance(value.value, msgspec.Raw):
        return value
    return msgspec.structs.replace(value, value=msgspec.Raw(encode(value.value)))


def _size(value: Value) -> int:
    is_packed = isinstance(value.value, msgspec.Raw)
    return len(value.key) + len(value.value if is_packed else encode(value.value))


def _rest(kept: _Kept, now: float) -> Value:
    return msgspec.structs.replace(kept.value, ttl=max(round(kept.expires_at - now, 3), 0.001))
