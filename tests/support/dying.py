"""A store that kills its process in the middle of a certain deed: `die_while_indexing:7,3`."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from dataclasses import replace
from itertools import count
from typing import Any

from typing_extensions import override

from hubbub.server.parts import Parts
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.faulty import kinds_of

_PREFIX = "die_while_indexing:"


def is_death(order: str) -> bool:
    """Whether this says when to die."""
    return order.startswith(_PREFIX)


def mortal(order: str, parts: Parts) -> Parts:
    """Return parts that kill the process while something is indexed for the nth time, so many steps of the loop after it began."""
    number, steps = map(int, order.removeprefix(_PREFIX).split(","))
    numbers = count(1)

    async def survive(indexing: Coroutine[Any, Any, int]) -> int:
        doing = asyncio.ensure_future(indexing)
        if next(numbers) == number:
            for _ in range(steps):
                await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGKILL)
        return await doing

    class MortalSqlite(SqliteStore):
        @override
        async def index(self, room: str, after: int, upto: int) -> int:
            return await survive(super().index(room, after, upto))

    class MortalPostgres(PostgresStore):
        @override
        async def index(self, room: str, after: int, upto: int) -> int:
            return await survive(super().index(room, after, upto))

    return replace(parts, kind_of=kinds_of(MortalSqlite, MortalPostgres))
