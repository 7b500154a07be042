"""A real hubbub server that restarts at once, at any place, and perhaps with a fault in it."""

import asyncio
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.network import HERE, Place
from tests.support.nursery import Forked, Nursery, nursery
from tests.support.ports import free_port

START_SECONDS = 30.0
READY = "hubbub is ready:"


class DiedAtStart(Exception):
    """It ended before it was ready."""


class QuickServer:
    """`serve` on a free port, here or at another place, with its data in `data`, to be killed and started again.

    Clients wait for `up`, which is cleared before each kill. `sabotage` names a seeded
    bug, a disk or a clock that each start gets, or several: `bug and disk`.
    """

    def __init__(self, data: Path, *flags: str, sabotage: str = "", place: Place = HERE) -> None:
        self.data = data
        self.place = place
        self.port = free_port()
        self.up = asyncio.Event()
        self.stopping = asyncio.Event()  # it has said so
        self.output: list[str] = []
        self._flags = flags
        self.sabotage = sabotage
        self._nursery: Nursery | None = None
        self._process: Forked | None = None
        self._ready = asyncio.Event()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.place.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    async def start(self) -> None:
        """Start it, and wait until it is ready; again on the same port. Raises DiedAtStart."""
        assert self._nursery is not None and self._process is None
        self._ready.clear()
        flags = ("--host", self.place.host, "--port", str(self.port), "--data", str(self.data))
        self._process = await self._nursery.fork(
            *("serve", *flags, *self._flags), environment=os.environ, sabotage=self.sabotage
        )
        self._reading = asyncio.create_task(self._read(self._process.stdout))
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            {ready, self._reading}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        ready.cancel()
        if not self._ready.is_set():
            raise DiedAtStart(f"with exit status {await self.gone()}")
        self.up.set()

    async def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Kill it, and wait until it is gone; returns the exit status, negative for a signal."""
        self.up.clear()
        self.signal(how)
        return await self.gone()

    def signal(self, which: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, which)

    async def gone(self) -> int:
        """Wait until it has ended by itself; returns the exit status, negative for a signal."""
        assert self._process is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                status = await self._process.wait()
                await self._reading
        except TimeoutError:
            text = "".join(self.output[-100:])
            raise AssertionError(f"it does nothing; it wrote:\n{text}") from None
        self.up.clear()
        self._process = None
        return status

    async def __aenter__(self) -> Self:
        self._nursery = nursery() if self.place == HERE else Nursery(self.place)
        try:
            await self.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        self.up.clear()
        if self._process is not None:
            self._process.kill()
            await self.gone()
        if self._nursery is not None and self.place != HERE:
            self._nursery.close()

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            self.output.append(line.decode(errors="replace"))
            if self.output[-1].startswith("Stopping"):
                self.stopping.set()
            if self.output[-1].startswith(READY):
                self.port = int(self.output[-1].rpartition(":")[2])
                self._ready.set()
