"""A wall clock that jumps, put into a server before it starts. What only goes forward stays as it is."""

import time
from datetime import datetime, tzinfo
from functools import partialmethod
from pathlib import Path
from typing import Any

from jwt import api_jwt

from hubbub.server.people.door import Door


def is_clock(order: str) -> bool:
    """Whether it is `wall_clock:FILE`."""
    return order.startswith("wall_clock:")


def set_wrong(file: Path, seconds: float) -> None:
    """Move the clock that reads this file; it reads the old or the new, and nothing between."""
    written = file.with_suffix(".new")
    written.write_text(str(seconds))
    written.replace(file)


def set_up(order: str) -> None:
    """Let this process's wall clock be wrong by the seconds that are in the file."""
    file = Path(order.partition(":")[2])
    true_time = time.time

    def now() -> float:
        return true_time() + float(file.read_text())

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(now(), tz)

    for owner, name, value in (
        (time, "time", now),
        (api_jwt, "datetime", Datetime),
    ):
        assert hasattr(owner, name), f"{owner} no longer tells the time by {name}"
        setattr(owner, name, value)
    # Its default was set when time.time was what it had been.
    setattr(Door, "__init__", partialmethod(Door.__init__, now=now))  # noqa: B010 - mypy
