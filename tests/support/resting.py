"""Whether a process has done all it will do for now, however busy its machine is (Linux)."""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

REST = 0.1  # seconds
MOST_RUN = 0.1  # of that: timers go on
MOST_WAITED = (
    0.7  # of that: whoever has something to do may have to wait for a processor all the time
)
AT_REST_AFTER = 100.0  # seconds


def kept_waiting(*pids: int) -> float:
    """The seconds for which threads of processes could have run, but others did."""
    return sum(_scheduled(pid)[1] for pid in pids)


def loop_seconds(pid: int) -> float:
    """The seconds for which the first thread of a process has run: that of its loop."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


async def at_rest(pid: int, seconds: float = REST) -> None:
    """Wait until neither a process nor this one has had anything to do for so long."""
    pids = {pid, os.getpid()}
    async with asyncio.timeout(AT_REST_AFTER):
        while True:
            before = [_scheduled(each) for each in pids]
            await asyncio.sleep(seconds)
            now = [_scheduled(each) for each in pids]
            if all(map(_is_rest, before, now, [seconds] * len(now))):
                return


async def until_stuck(doing: Coroutine[Any, Any, object], pid: int, seconds: float = 0.5) -> bool:
    """Do something until it is done, or nothing happens any more; whether it was stuck, and was cancelled."""
    both = {asyncio.create_task(doing), resting := asyncio.create_task(at_rest(pid, seconds))}
    done, others = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.wait(both)
    for task in done:
        task.result()
    return done == {resting}


def _is_rest(before: tuple[float, float], now: tuple[float, float], seconds: float) -> bool:
    ran, waited = now[0] - before[0], now[1] - before[1]
    return ran < MOST_RUN * seconds and waited < MOST_WAITED * seconds


def _scheduled(pid: int) -> tuple[float, float]:
    """For how many seconds the threads of a process have run, and could have run."""
    ran = waited = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # that thread has just ended
            times = file.read_text().split()
            ran, waited = ran + int(times[0]), waited + int(times[1])
    return ran / 1e9, waited / 1e9
