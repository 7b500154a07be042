"""Running a command's coroutines: together, ended cleanly by signals, and when nobody reads any more."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run until it is done. Ctrl-C and SIGTERM cancel it, so that it can say goodbye.

    Raises:
        SystemExit: 128 and the signal's number; a second one does not wait for the goodbye.
    """
    ended_by: signal.Signals | None = None

    async def cancellable() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end(number: signal.Signals) -> None:
            nonlocal ended_by
            if ended_by is not None:
                _end_by(number)  # from here, and not from amid a coroutine, the loop takes it
            ended_by = number
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end, number)
        await main

    try:
        asyncio.run(cancellable())
    except asyncio.CancelledError:
        if ended_by is None:
            raise
        _end_by(ended_by)


def _end_by(number: signal.Signals) -> NoReturn:
    raise SystemExit(128 + number) from None


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
