"""Waiting times between attempts: exponential, capped, with full jitter.

Full jitter, a random time between zero and the cap of the attempt, best spreads the clients of a
restarted server.
"""

from collections.abc import Callable

from hubbub.doubling import doubled

FIRST_SECONDS = 0.5
MAX_SECONDS = 30.0
MAX_ASKED_SECONDS = 3600.0  # even if a server asks for more


class Backoff:
    """The waiting times of one client. `draw` returns a random number from 0 to 1."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._attempts = 0

    def next(self, at_least: float = 0.0) -> float:
        """Seconds to wait before the next attempt: `at_least`, at most an hour, plus the jitter."""
        ceiling = doubled(FIRST_SECONDS, self._attempts, MAX_SECONDS)
        self._attempts += 1
        return min(max(at_least, 0.0), MAX_ASKED_SECONDS) + self._draw() * ceiling

    def reset(self) -> None:
        """Start again with short waits, after a connection that lasted."""
        self._attempts = 0
