"""Signals of one room: gathered for a moment, the newest of each kind kept, then sent to who is live."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from hubbub.protocol.codec import encode
from hubbub.protocol.messages import AnySignal, Typing, Value
from hubbub.rooms.presence import Attendance

TICK = 0.1  # seconds
MAX_VALUES = 1_000  # live values in one room
FOLLOWERS_PER_SECOND = 5_000  # at most so many are told of comings and goings


class LiveValue(NamedTuple):
    """A value and the loop time at which it is forgotten."""

    value: Value
    expires_at: float


class Signals:
    """What was signalled in a room and is still worth knowing."""

    def __init__(self, room: str, send: Callable[[list[bytes]], None]) -> None:
        self.attendance = Attendance(room)
        self._send = send
        self._fresh: dict[tuple[str, str], AnySignal] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._presence_after = 0.0
        self.values: dict[str, LiveValue] = {}

    def put(self, signal: Typing | Value) -> bool:
        """Take a signal; it goes out at the next tick, unless a newer one of its kind comes first.

        False, and it is not taken, if the room has as many live values as it may.
        """
        if isinstance(signal, Typing):
            self._fresh["typing", signal.by] = signal
        elif signal.value is None:
            self.values.pop(signal.key, None)
            self._fresh["value", signal.key] = signal
        elif signal.key not in self.values and self._is_full():
            return False
        else:
            expires_at = asyncio.get_running_loop().time() + signal.ttl
            self.values[signal.key] = LiveValue(signal, expires_at)
            self._fresh["value", signal.key] = signal
        self._wake_in(TICK)
        return True

    def enter(self, name: str) -> None:
        """Someone is here, by one more connection."""
        self.attendance.enter(name)
        self._wake_in(TICK)

    def exit(self, name: str) -> None:
        """Someone has one connection less."""
        self.attendance.exit(name)
        self._wake_in(TICK)

    def expire(self) -> None:
        """Forget values whose time is over."""
        now = asyncio.get_running_loop().time()
        for key in [key for key, live in self.values.items() if live.expires_at <= now]:
            del self.values[key]

    def live(self) -> list[AnySignal]:
        """The values that have not expired, each with the time that is left to it."""
        self.expire()
        now = asyncio.get_running_loop().time()
        return [
            msgspec.structs.replace(live.value, ttl=max(round(live.expires_at - now, 3), 0.001))
            for live in self.values.values()
        ]

    def close(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def present(self) -> list[bytes]:
        """All that one who has just caught up must be told, encoded."""
        return [encode(signal) for signal in (self.attendance.everyone(), *self.live())]

    def _is_full(self) -> bool:
        return len(self.values) >= MAX_VALUES and len(self.live()) >= MAX_VALUES

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
        fresh: list[AnySignal] = list(self._fresh.values())
        self._fresh.clear()
        fresh.extend(self._presence())
        if fresh:
            self._send([encode(signal) for signal in fresh])

    def _presence(self) -> list[AnySignal]:
        """Who came and went; in a large room seldom enough not to be a load."""
        if not self.attendance.has_changed:
            return []
        now = asyncio.get_running_loop().time()
        if now < self._presence_after:
            self._wake_in(self._presence_after - now)
            return []
        self._presence_after = now + len(self.attendance) / FOLLOWERS_PER_SECOND
        return [self.attendance.changes()]
