"""Shows how far something is that takes long, and about how long it still takes."""

import logging
import sys
from collections.abc import Callable

LOG_EVERY = 10.0  # seconds

log = logging.getLogger(__name__)


class Shown:
    """A progress for people: on a terminal one line that changes, elsewhere a line in the log now and then."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None
        self._logged_at = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done. Something new begins after all of it is."""
        now = self._clock()
        if self._began is None:
            self._began = now, done
            self._logged_at = now if done else now - LOG_EVERY  # what begins is told at once
        line = f"{done:,} of {total:,} {what}{self._left(now, done, total)}"
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(f"\r{line} \033[K", end=end, file=sys.stderr, flush=True)
        elif now - self._logged_at >= LOG_EVERY or (done == total and not self._began[1]):
            log.info("%s", line)
            self._logged_at = now
        if done == total:
            self._began = None

    def _left(self, now: float, done: int, total: int) -> str:
        """Say about how long the rest takes, if that can be known."""
        assert self._began is not None
        began, before = self._began
        if not before < done < total:
            return ""
        seconds = (now - began) * (total - done) / (done - before)
        return f", about {seconds:,.0f} s left"
