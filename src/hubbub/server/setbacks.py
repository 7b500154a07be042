"""Rooms where something failed unexpectedly: each is left alone for a while, for longer each time."""

from collections.abc import Callable

from hubbub.doubling import doubled

FIRST_SECONDS, MOST_SECONDS = 60.0, 3_600.0


class Setbacks:
    """When to try again, by rooms. The caller passes the time, in seconds of any monotonic clock."""

    def __init__(
        self,
        failed: Callable[[], object] = lambda: None,
        first: float = FIRST_SECONDS,
        most: float = MOST_SECONDS,
    ) -> None:
        """`failed` is called at each failure; waits grow from `first` to `most`."""
        self._failed = failed
        self._first, self._most = first, most
        self._waits: dict[str, tuple[float, int]] = {}  # until when, and after how many failures

    @property
    def are_over(self) -> bool:
        """Whether it works everywhere."""
        return not self._waits

    def holds(self, room: str, now: float) -> bool:
        """Whether it is too early to try again."""
        until, _ = self._waits.get(room, (now, 0))
        return now < until

    def note(self, room: str, now: float) -> float:
        """Note a failure; returns the seconds until it may be tried again."""
        _, before = self._waits.get(room, (now, 0))
        seconds = doubled(self._first, before, self._most)
        self._waits[room] = now + seconds, before + 1
        self._failed()
        return seconds

    def over(self, room: str) -> bool:
        """Note that it works again. Returns False if it had worked before."""
        return self._waits.pop(room, None) is not None
