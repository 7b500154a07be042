"""Counts calls of functions: what something costs, whatever else the machine does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Calls:
    """How many functions were called."""

    def __init__(self) -> None:
        self.count = 0


@contextmanager
def counted(*kinds: str) -> Iterator[Calls]:
    """Count calls in this thread during the block: of functions in Python (`call`), unless other kinds are given."""
    calls, wanted = Calls(), kinds or ("call",)

    def called(_: object, what: str, __: object) -> None:
        calls.count += what in wanted

    sys.setprofile(called)
    try:
        yield calls
    finally:
        sys.setprofile(None)
