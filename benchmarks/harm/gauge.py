"""A server that says how long a step of its loop held it: `python -m benchmarks.harm.gauge FLAG...`.

For each line on its standard input it prints, of the time since the line before: how long five steps took at least,
the longest step, the share of the time that the loop was busy, what the step was of, and the longest collection of
garbage. Steps and collections are in seconds of the thread's CPU.
"""

import asyncio
import gc
import heapq
import sys
import threading
import time
from pathlib import Path

from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.serving import tune

REPEATED = 5  # steps must take that long


class Gauge:
    """Times each step: a callback, or a task up to where it waits."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._began = 0.0
        self._reset()

    def _reset(self) -> None:
        self._longest, self._collected = [(0.0, "-")] * REPEATED, 0.0
        self._cpu, self._since = time.thread_time(), time.monotonic()

    def watch(self) -> None:
        """Put a clock around every step of asyncio's own loop."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            callback = getattr(handle, "_callback", None)
            before = time.thread_time()
            run(handle)
            spent = time.thread_time() - before
            if spent > self._longest[0][0]:
                heapq.heapreplace(self._longest, (spent, _name(callback)))

        asyncio.Handle._run = timed  # type: ignore[method-assign]
        gc.callbacks.append(self._collect)

    def _collect(self, phase: str, _: object) -> None:
        """Time a collection of garbage, if the loop's thread makes it."""
        if threading.get_ident() == self._thread:
            if phase == "start":
                self._began = time.thread_time()
            else:
                self._collected = max(self._collected, time.thread_time() - self._began)

    def read(self) -> str:
        """What was seen since the last reading."""
        busy = (time.thread_time() - self._cpu) / (time.monotonic() - self._since)
        (repeated, what), longest = self._longest[0], max(self._longest)[0]
        line = f"{repeated:.5f} {longest:.5f} {busy:.3f} {what} {self._collected:.5f}"
        self._reset()
        return line


def _name(callback: object) -> str:
    """What a step is of."""
    owner = getattr(callback, "__self__", None)
    named = owner.get_coro() if isinstance(owner, asyncio.Task) else callback
    return str(getattr(named, "__qualname__", named)).replace(" ", "")


async def serve(data: Path, flags: list[str]) -> None:
    """Serve until standard input ends."""
    gauge = Gauge()
    settings = Settings(data=data, host="127.0.0.1", port=0, compress="--compress" in flags)
    async with running(settings) as server:
        print(server.port, flush=True)
        gauge.watch()
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(gauge.read(), flush=True)


if __name__ == "__main__":
    tune()
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2:]))
