"""Counts calls of functions: what something costs, whatever else the machine does."""

import sys
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
