"""Counts calls of functions: what something costs, whatever else the machine does."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Calls:
    """How many functions were called."""

    def __init__(self) -> None:
        self.count = 0


@contextmanager
def counted(*kinds: str, under: str = "") -> Iterator[Calls]:
    """Count calls in this thread during the block: of functions in Python (`call`), unless other kinds are given.

    Those of all files are counted, or of those whose path begins with `under`.
    """
    calls, wanted = Calls(), kinds or ("call",)

    def called(frame: FrameType, what: str, _: object) -> None:
        calls.count += what in wanted and frame.f_code.co_filename.startswith(under)

    sys.setprofile(called)
    try:
        yield calls
    finally:
        sys.setprofile(None)


class CallsUntil:
    """Counts calls of functions in all threads, from `begin` up to the call of the `last` one."""

    def __init__(self, last: str, under: str) -> None:
        self.count = 0
        self._last = last
        self._under = under
        self._is_counting = False

    def begin(self) -> None:
        """Count from now on."""
        self.count, self._is_counting = 0, True

    def note(self, frame: FrameType, what: str, _: object) -> None:
        """Count a call of a function in the files whose path begins with `under`."""
        code = frame.f_code
        if self._is_counting and what == "call" and code.co_filename.startswith(self._under):
            self.count += 1
            self._is_counting = code.co_name != self._last


@contextmanager
def counted_in_threads(last: str, under: str) -> Iterator[CallsUntil]:
    """Count calls in this thread, and in those that are started in the block; see `CallsUntil`."""
    calls = CallsUntil(last, under)
    threading.setprofile(calls.note)
    sys.setprofile(calls.note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
