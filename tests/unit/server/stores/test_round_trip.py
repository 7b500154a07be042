"""How far away PostgreSQL is, as `hubbub doctor` says it."""

import asyncio
from typing import Any, cast

from hubbub.server.stores.postgres.examination import TRIPS, round_trip


class Distant:
    """Stands for a connection whose answers take that long, in seconds."""

    def __init__(self, *delays: float) -> None:
        self._delays = iter(delays)

    async def fetchval(self, _query: str) -> None:
        await asyncio.sleep(next(self._delays))


async def told(*delays: float) -> float:
    return await round_trip(cast("Any", Distant(*delays)))


async def test_one_slow_answer_does_not_make_a_distance_and_slow_ones_do() -> None:
    quick = [0.0] * (TRIPS - 1)
    assert await told(1.0, *quick) < 1.0
    assert await told(*[0.02] * TRIPS) > 0.015  # a timer may fire a little early
