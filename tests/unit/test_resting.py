"""What is told of a process that rests."""

import asyncio
import os
import time

from tests.support.resting import until_stuck


async def test_what_is_stuck_is_told_from_what_is_slow() -> None:
    async def work() -> None:
        until = time.process_time() + 0.3
        while time.process_time() < until:  # noqa: ASYNC110 - it is busy
            await asyncio.sleep(0)

    assert not await until_stuck(work(), os.getpid(), 0.1)
    assert await until_stuck(asyncio.Event().wait(), os.getpid(), 0.1)
