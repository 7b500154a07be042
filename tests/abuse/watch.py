"""What must hold while a server is abused: it lives, its memory stays bounded, and others notice nothing."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import count

from websockets.exceptions import ConnectionClosed

from tests.integration.native import Native, native
from tests.support.memory import MIB, resident_bytes
from tests.support.resting import kept_waiting
from tests.support.server import Server

EVERY = 0.005  # seconds from one message of the innocent to the next
AT_LEAST = 2  # messages during each abuse
P99 = 0.5  # seconds, without those for which a busy machine runs others
GROWTH = 96 * MIB  # while it lasts


class Watch:
    """Two innocent people who talk in a room of their own, and look at the clock."""

    def __init__(
        self, server: Server, speaker: Native, listener: Native, stack: AsyncExitStack
    ) -> None:
        self._stack = stack
        self.latencies: list[float] = []
        self.server = server
        self._speaker = speaker
        self._listener = listener
        self._numbers = count()

    async def come_back(self) -> None:
        """Connect again if the server has given them up: they are silent while tests of others run, however long."""
        try:
            for each in (self._speaker, self._listener):
                await (await each.socket.ping())
        except ConnectionClosed:
            self._speaker, self._listener = await _arrive(self.server, self._stack)

    async def talk(self) -> None:
        """Say something, and wait until it arrives; again and again."""
        while True:
            said = str(next(self._numbers))
            began = self._clock()
            await self._speaker.send({"do": "post", "room": "innocent", "text": said})
            while (await self._listener.event())["text"] != said:
                pass  # of before, when nobody waited for it any more
            self.latencies.append(self._clock() - began)
            await asyncio.sleep(EVERY)

    def _clock(self) -> float:
        """Seconds, of those in which neither the server nor we were kept from running."""
        return time.perf_counter() - kept_waiting(self.server.pid, os.getpid())

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """They talk during the block, and `latencies` tells how it went."""
        self.latencies.clear()
        talk = asyncio.create_task(self.talk())
        try:
            yield
            while len(self.latencies) < AT_LEAST and not talk.done():  # noqa: ASYNC110
                await asyncio.sleep(EVERY)
        finally:
            talk.cancel()
            await asyncio.wait({talk})
        if not talk.cancelled():
            talk.result()

    @asynccontextmanager
    async def during(self) -> AsyncIterator[None]:
        """They talk during the block, and it must go on as if nothing happened."""
        await self.come_back()
        lines, before = len(self.server.output), resident_bytes(self.server.pid)
        async with self.talking():
            yield
        assert self.server.is_running
        assert p99(self.latencies) < P99, f"others waited: {sorted(self.latencies)[-3:]}"
        grown = resident_bytes(self.server.pid) - before
        assert grown < GROWTH, f"it took {grown / MIB:.0f} MiB"
        said = "".join(self.server.output[lines:])
        assert "Traceback" not in said, said


def p99(latencies: list[float]) -> float:
    """What 99 of 100 did not exceed; of few, the slowest but one."""
    return sorted(latencies)[max(0, int(len(latencies) * 0.99) - 1)]


@asynccontextmanager
async def watching(server: Server) -> AsyncIterator[Watch]:
    """The innocent, on a server that is to be abused."""
    async with AsyncExitStack() as stack:
        yield Watch(server, *await _arrive(server, stack), stack)


async def _arrive(server: Server, stack: AsyncExitStack) -> tuple[Native, Native]:
    speaker = await stack.enter_async_context(native(server.port, "speaker"))
    listener = await stack.enter_async_context(native(server.port, "list"))
    await listener.ask("join", room="innocent")
    return speaker, listener


@contextmanager
def memory_returns(server: Server, within: int = 48 * MIB) -> Iterator[None]:
    """What the block has taken was given back at its end."""
    before = resident_bytes(server.pid)
    yield
    assert resident_bytes(server.pid) - before < within
