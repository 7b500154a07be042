"""Rooms where a reactor failed unexpectedly: each is left alone for a while, for longer each time."""

from collections.abc import Callable

FIRST_SECONDS, MOST_SECONDS = 60.0, 3_600.0


class Setbacks:
    """When a reactor may try again, by rooms. The caller passes the time, in seconds of any monotonic clock."""

    def __init__(self, failed: Callable[[], object] = lambda: None) -> None:
        """`failed` is called at each failure."""
        self._failed = failed
        self._waits: dict[str, tuple[float, float]] = {}  # since when, and for how long

    @property
    def are_over(self) -> bool:
        """Whether it works everywhere."""
        return not self._waits

    def holds(self, room: str, now: float) -> bool:
        """Whether it is too early to try again."""
        since, seconds = self._waits.get(room, (now, 0.0))
        return now < since + seconds

    def note(self, room: str, now: float) -> float:
        """Note a failure; returns the seconds until it may try again."""
        _, before = self._waits.get(room, (now, FIRST_SECONDS / 2))
        seconds = min(2 * before, MOST_SECONDS)
        self._waits[room] = now, seconds
        self._failed()
        return seconds

    def over(self, room: str) -> None:
        """Note that it works again."""
        self._waits.pop(room, None)
