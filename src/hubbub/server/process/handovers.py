"""Handing over what a thread or a task makes, such as an open file, to somebody who may be gone once it is there.

An await that is cancelled drops what it would have returned. So whatever must be closed or dropped again is awaited with `handed_over`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)

taking_back: set[asyncio.Task[None]] = set()  # event loops keep none alive


class Closeable(Protocol):
    """What is closed at once."""

    def close(self) -> None:
        """Close it."""


async def handed_over(making: Awaitable[T], take_back: Callable[[T], Awaitable[object]]) -> T:
    """Return what is made. It is made whole even if whoever waits is cancelled, and then taken back."""
    made = asyncio.ensure_future(making)
    try:
        await asyncio.wait([made])
    except asyncio.CancelledError:
        task = asyncio.create_task(_take_back(made, take_back))
        taking_back.add(task)
        task.add_done_callback(taking_back.discard)
        raise
    return made.result()


async def _take_back(
    made: "asyncio.Future[T]", take_back: Callable[[T], Awaitable[object]]
) -> None:
    await asyncio.wait([made])
    if made.cancelled() or made.exception() is not None:  # there is nothing
        return
    try:
        await take_back(made.result())
    except Exception as error:  # nobody waits for it who could be told
        log.warning("Can't take back what nobody waits for any more: %r", error)


async def closed(made: Closeable) -> None:
    """Take back what is closed at once."""
    made.close()
