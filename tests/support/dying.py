"""Kills the process in the middle of a certain deed: `set_up("die_while_indexing:7,3")`."""

import asyncio
import os
import signal
from itertools import count
from typing import Any

from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore

_PREFIX = "die_while_indexing:"


def is_death(order: str) -> bool:
    """Whether this says when to die."""
    return order.startswith(_PREFIX)


def set_up(order: str) -> None:
    """Die while the index is given something for the nth time: before it is, so many steps of the loop later, or after it was."""
    number, steps = map(int, order.removeprefix(_PREFIX).split(","))
    for kind in (SqliteStore, PostgresStore):
        _watch(kind, number, steps)


def _watch(kind: Any, number: int, steps: int) -> None:
    sound, numbers = kind.index, count(1)

    async def index(self: Any, *given: Any) -> None:
        doing = asyncio.ensure_future(sound(self, *given))
        if next(numbers) == number:
            for _ in range(steps):
                await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGKILL)
        await doing

    kind.index = index
