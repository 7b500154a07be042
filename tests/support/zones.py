"""Time zones, for a test."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Let it be the local time of a zone in this process."""
    try:
        with patch.dict(os.environ, TZ=name):
            time.tzset()
            yield
    finally:
        time.tzset()
