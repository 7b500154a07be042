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
        self._ends = 0.0  # 0.0 before it has begun

    def begin(self) -> None:
        """A message is to be handled, in this step."""
        if not self._ends:
            self._ends = monotonic() + STEP

    def is_over(self) -> bool:
        """Whether other tasks should run before the next message."""
        return 0.0 < self._ends < monotonic()

    def end(self) -> None:
        """Other tasks have just run: the next message begins a new step."""
        self._ends = 0.0

    async def pause(self) -> None:
        """Let other tasks run, and end the step."""
        await asyncio.sleep(0)
        self.end()


async def in_steps(messages: Iterable[str]) -> AsyncIterator[str]:
    """Yield messages that arrived together, letting other tasks run between them."""
    step = Step()
    for message in messages:
        if step.is_over():
            await step.pause()
        step.begin()
        yield message
