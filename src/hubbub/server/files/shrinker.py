"""Makes small pictures of those from strangers, one after the other, in a process that begins with the first, and anew after any that it died of.

So no picture costs the server anything but the time to send it there. No secrets are in the environment of that process.
"""

import asyncio
import importlib.util
import logging
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import NamedTuple

from hubbub.server.files.jobs import ANSWERED, ASKED, LENGTH, READY, Job

SECONDS = 10.0  # for one picture
STARTING_SECONDS = 60.0
QUICK = 2.0  # seconds in which most pictures are made
REST = 6.0  # times as long as one took that was not made so quickly, no other one of its account is looked at
MOST_RESTING = 1000  # accounts; the oldest are forgotten
MAX_BYTES = 64 * 2**20  # of a picture
MAX_MADE_BYTES = 8 * 2**20
PROGRAM = (sys.executable, "-I", "-m", "hubbub.server.files.shrinking")
PASSED = ("LD_LIBRARY_PATH", "COVERAGE_PROCESS_CONFIG")  # variables that the process needs

log = logging.getLogger(__name__)


class Picture(NamedTuple):
    """A picture that is to be made smaller: whose it is, how many bytes it has, and what reads them, as often as it takes."""

    account: str
    size: int
    reading: Callable[[], AsyncGenerator[bytes]]


class _Worker(NamedTuple):
    """A running process, and how many pictures it has looked at."""

    process: Process
    seen: list[Job]


def can_shrink() -> bool:
    """Whether small pictures can be made here at all: Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


class Shrinker:
    """Makes pictures smaller."""

    def __init__(self, seconds: float = SECONDS, program: tuple[str, ...] = PROGRAM) -> None:
        self._seconds = seconds
        self._program = program
        self._turn = asyncio.Lock()
        self._worker: _Worker | None = None
        self._resting: dict[str, float] = {}  # until when, by account
        self.deaths = 0  # of processes

    async def shrink(self, job: Job, picture: Picture) -> list[bytes] | None:
        """Return what a job makes of a picture: nothing if it can't be done, None if not now. Raises what reading it raises."""
        if picture.size > MAX_BYTES:
            return []
        async with self._turn:
            if self._resting.get(picture.account, 0.0) > time.monotonic():
                return None
            while worker := self._worker or await self._begin():
                is_fresh = not worker.seen
                made = await self._made(worker, job, picture)
                if made is not None:
                    return made
                if is_fresh:  # or what others left behind may have been why
                    log.info("A picture takes too much memory or time to be made smaller")
                    return []
            return None

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _begin(self) -> _Worker | None:
        """Start the process; returns None, and tells operators, if that fails. It is of use only once it is ready."""
        environment = {name: os.environ[name] for name in PASSED if name in os.environ}
        environment["MALLOC_ARENA_MAX"] = "1"  # or each thread would reserve addresses of its own
        process = None
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
            )
            async with asyncio.timeout(STARTING_SECONDS):
                assert process.stdout is not None
                await process.stdout.readexactly(len(READY))
            self._worker = _Worker(process, [])
        except (OSError, EOFError, TimeoutError) as error:
            log.error("Can't start the process that makes pictures smaller: %r", error)
        finally:
            if process is not None and self._worker is None:
                await _end(process)
        return self._worker

    async def _made(self, worker: _Worker, job: Job, picture: Picture) -> list[bytes] | None:
        """Return what the process makes of a picture; None if it died of it, or took too long and was ended."""
        worker.seen.append(job)
        made, began = None, time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                made = await _asked(worker.process, len(worker.seen), job, picture)
        except (TimeoutError, ConnectionError, EOFError):
            self.deaths += 1
        finally:
            self._let_rest(picture.account, began, is_made=made is not None)
            if made is None:
                await self._end()
        return made

    def _let_rest(self, account: str, began: float, *, is_made: bool) -> None:
        """Whoever has sent a costly picture lets others go first."""
        took = time.monotonic() - began
        if is_made and took <= QUICK:
            return
        self._resting.pop(account, None)
        self._resting[account] = began + took + REST * max(took, QUICK)
        if len(self._resting) > MOST_RESTING:
            del self._resting[next(iter(self._resting))]

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await _end(worker.process)


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _asked(process: Process, number: int, job: Job, picture: Picture) -> list[bytes]:
    """Return the answer to the job of this number. Raises EOFError if another one comes: it would be somebody else's picture."""
    given, taken = process.stdin, process.stdout
    assert given is not None and taken is not None
    given.write(ASKED.pack(number, job.value, picture.size))
    async with aclosing(picture.reading()) as parts:
        async for data in parts:
            given.write(data)
            await given.drain()
    made = []
    answered, count = ANSWERED.unpack(await taken.readexactly(ANSWERED.size))
    if answered != number:
        raise EOFError
    for _ in range(count):
        (length,) = LENGTH.unpack(await taken.readexactly(LENGTH.size))
        if length > MAX_MADE_BYTES:
            raise EOFError
        made.append(await taken.readexactly(length))
    return made
