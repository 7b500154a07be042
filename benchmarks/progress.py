"""Shows on stderr what is being measured, and how long it will take yet."""

import sys
import time
from collections.abc import Callable
from typing import TextIO


class Progress:
    """Counts measurements, each weighed by the seconds it should take."""

    def __init__(
        self,
        count: int,
        weight: float,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count, self._weight = count, weight
        self._out, self._clock = out or sys.stderr, clock
        self._began = clock()
        self._done, self._weight_done = 0, 0.0

    def show(self, what: str) -> None:
        """The next measurement starts."""
        left = _minutes(self.left())
        line = f"[{self._done + 1}/{self._count}] {what} · {left} left"
        self._out.write(f"\r\x1b[K{line}" if self._out.isatty() else f"{line}\n")
        self._out.flush()

    def done(self, weight: float) -> None:
        """A measurement is over, or won't be made."""
        self._done += 1
        self._weight_done += weight

    def note(self, text: str) -> None:
        """Something that is to stay on the screen."""
        self._out.write(f"\r\x1b[K{text}\n" if self._out.isatty() else f"{text}\n")
        self._out.flush()

    def left(self) -> float:
        """Seconds until the end, if it goes on as it went."""
        pace = 1.0
        if self._weight_done:
            pace = (self._clock() - self._began) / self._weight_done
        return (self._weight - self._weight_done) * pace


def _minutes(seconds: float) -> str:
    return f"{int(seconds + 0.5) // 60}:{int(seconds + 0.5) % 60:02d}"
