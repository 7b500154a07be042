"""Handles what arrived together in steps, between which other tasks run.

A step is measured by the clock, since messages of the same size can cost very different amounts of work.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import monotonic

STEP = 0.001  # seconds; a step ends after the message during which they pass


class Step:
    """The current step of one connection."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends = 0.0  # 0.0: the first look at the clock begins it

    def restart(self) -> None:
        """Begin a new step: other tasks have just run."""
        self._ends = 0.0

    def is_over(self) -> bool:
        """Whether other tasks should run now."""
        now = monotonic()
        if not self._ends:
            self._ends = now + STEP
        return now > self._ends

    async def pause(self) -> None:
        """Let other tasks run, and begin a new step."""
        await asyncio.sleep(0)
        self.restart()


async def in_steps(messages: Iterable[str]) -> AsyncIterator[str]:
    """Yield messages that arrived together, letting other tasks run between them."""
    step = Step()
    for message in messages:
        if step.is_over():
            await step.pause()
        yield message
