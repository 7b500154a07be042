"""A stretch of network between clients and a server, that can be cut or held up."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.recorder import Site

CHUNK = 65_536


class Way:
    """One connection through it, and both its ends."""

    def __init__(self, rate: int, *ends: asyncio.StreamWriter) -> None:
        self._rate = rate
        self._ends = ends
        self._is_cut = False
        self._is_open = asyncio.Event()
        self._is_open.set()

    def hold(self) -> None:
        """Carry nothing for now."""
        self._is_open.clear()

    def release(self) -> None:
        """Carry on."""
        self._is_open.set()

    def cut(self) -> None:
        """Be gone, with all that was under way."""
        self._is_cut = True
        for end in self._ends:
            end.transport.abort()
        self.release()

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """One direction, until either end is gone."""
        with suppress(OSError, RuntimeError):  # the latter when uvloop resumes what was aborted
            while data := await source.read(CHUNK):
                await self._is_open.wait()
                if self._is_cut:
                    break
                target.write(data)
                await target.drain()
                if self._rate:
                    await asyncio.sleep(len(data) / self._rate)  # this is how slow it is
        self.cut()


class Proxy:
    """Passes TCP connections on to a site, as if it were there."""

    def __init__(self, site: Site, rate: int = 0) -> None:
        """`rate` is what each connection carries in a second each way, in bytes; 0: all it can."""
        self._site = site
        self._rate = rate
        self.up = site.up
        self.address = ""
        self.ways: set[Way] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        """It passes connections on during the block."""
        listener = await asyncio.start_server(self._pass, "127.0.0.1", limit=CHUNK)
        self.address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            listener.close()
            for way in list(self.ways):
                way.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def some(self, dice: random.Random) -> list[Way]:
        """About half of the connections, at least one if there is any."""
        ways = list(self.ways)
        return dice.sample(ways, (len(ways) + 1) // 2)

    async def _pass(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        host, _, port = self._site.address.partition(":")
        try:
            far, forth = await asyncio.open_connection(host, int(port), limit=CHUNK)
        except OSError:
            return back.transport.abort()
        way = Way(self._rate, back, forth)
        self.ways.add(way)
        try:
            await asyncio.gather(way.carry(near, forth), way.carry(far, back))
        finally:
            self.ways.discard(way)
