"""Running a command's coroutines: together, ended cleanly by signals, and when nobody reads any more."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

TERMINATED = 128 + signal.SIGTERM


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run until it is done. Ctrl-C and SIGTERM cancel it, so that it can say goodbye.

    Raises:
        KeyboardInterrupt: Ctrl-C; a second one does not wait for the goodbye.
        SystemExit: SIGTERM.
    """
    terminated = False

    async def cancellable() -> None:
        task = asyncio.current_task()
        assert task is not None

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
        await main

    try:
        asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not terminated:
            raise
        raise SystemExit(TERMINATED) from None


async def first(*works: Coroutine[Any, Any, None]) -> None:
    """Wait until one of them ends, and end the others. Raises what the one raised, if it did."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
    for task in tasks:
        if task in done:
            task.result()


@asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """They go on beside the block and end with it; the block does not end with them."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def until_reader_gone() -> None:
    """Return when the program that reads our stdout has ended; without a pipe there, never."""
    fd = sys.stdout.fileno()
    gone = asyncio.Event()
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        asyncio.get_running_loop().add_reader(fd, gone.set)  # an error is all that can be read here
    await gone.wait()
