"""Runs the coroutines of a command together, and ends them cleanly on signals or when the reader of stdout has gone."""

import asyncio
import os
import signal
import stat
import sys
import termios
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STDIN = 0


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end. Ctrl-C, SIGTERM and SIGHUP cancel it, so that it can end cleanly.

    Raises:
        SystemExit: 128 plus the number of the signal. A second signal does not wait for a clean end. A third one
            ends the process at once, even while it is blocked in writing.
    """
    came: list[int] = []
    restore = _restoring_terminal()

    async def cancellable() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end(number: int, _: object) -> None:
            came.append(number)
            match len(came):
                case 1:
                    loop.call_soon_threadsafe(task.cancel)
                case 2:  # raised here, a running coroutine could catch it
                    loop.call_soon_threadsafe(_end_by, number)
                case _:
                    restore()
                    os._exit(128 + number)  # wherever the program is stuck

        with _handled_by(end):
            await main

    try:
        asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not came:
            raise
        _end_by(came[0])


@contextmanager
def _handled_by(handle: Callable[[int, Any], None]) -> Iterator[None]:
    """Handle the signals that end a program. Under `nohup`, a hangup stays ignored."""
    ignores_hangup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    taken = [n for n in ENDING if not (n is signal.SIGHUP and ignores_hangup)]
    before = {number: signal.signal(number, handle) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _restoring_terminal() -> Callable[[], None]:
    """A function that puts the terminal, if there is one, back into its current modes."""
    if not os.isatty(_STDIN):
        return lambda: None
    modes = termios.tcgetattr(_STDIN)
    return lambda: termios.tcsetattr(_STDIN, termios.TCSANOW, modes)


def _end_by(number: int) -> NoReturn:
    raise SystemExit(128 + number)


async def first(*works: Coroutine[Any, Any, None]) -> None:
    """Wait until one coroutine ends, then cancel the others. Raises the error of the first, if any."""
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
    """Run coroutines during the block and cancel them after it. Their end does not end the block."""
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
    """Return when the program that reads our stdout has exited. Never returns if stdout is not a pipe."""
    fd = sys.stdout.fileno()
    gone = asyncio.Event()
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        asyncio.get_running_loop().add_reader(
            fd, gone.set
        )  # the end to write to only becomes readable by an error
    await gone.wait()
