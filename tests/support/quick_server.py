"""A real hubbub server that restarts at once: a parent that has imported everything forks it.

What starts is the command line's `serve`, in a fresh process with a fresh loop; only the third of a
second of imports is saved, so that a test can kill it a hundred times. Run as a module, this is the parent.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.network import HERE, Place
from tests.support.ports import free_port

START_SECONDS = 15.0
CHILD, READY, EXITED = LANDMARKS = ("child ", "hubbub is ready:", "exited ")


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
        self.pid = 0
        self.up = asyncio.Event()
        self.stopping = asyncio.Event()  # it has said so
        self.output: list[str] = []
        self._flags = flags
        self.sabotage = sabotage
        self._landmarks: asyncio.Queue[str] = asyncio.Queue()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.place.host}:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until it is ready; again on the same port. Raises DiedAtStart."""
        flags = ("--host", self.place.host, "--port", str(self.port), "--data", str(self.data))
        self._write("\t".join((self.sabotage, "serve", *flags, *self._flags)))
        self.pid = int(await self._line_after(CHILD))
        landmark, rest = await self._next_landmark()
        if landmark == EXITED:
            self.pid = 0
            raise DiedAtStart(f"with exit status {rest}")
        self.port = int(rest.rpartition(":")[2])
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
        status = int(await self._line_after(EXITED))
        self.up.clear()
        self.pid = 0
        return status

    async def __aenter__(self) -> Self:
        self._parent = await asyncio.create_subprocess_exec(
            *self.place.prefix,
            *(sys.executable, "-m", "tests.support.quick_server"),
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read())
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
        os.killpg(self._parent.pid, signal.SIGKILL)  # the parent, and what it has forked
        await self._parent.wait()
        await self._reading
        self.pid = 0

    def _write(self, line: str) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{line}\n".encode())

    async def _read(self) -> None:
        assert self._parent.stdout is not None
        async for line in self._parent.stdout:
            self.output.append(line.decode(errors="replace"))
            if self.output[-1].startswith("Stopping"):
                self.stopping.set()
            if self.output[-1].startswith(LANDMARKS):
                self._landmarks.put_nowait(self.output[-1])

    async def _line_after(self, expected: str) -> str:
        landmark, rest = await self._next_landmark()
        assert landmark == expected, f"{landmark}{rest}; it wrote:\n{self._text()}"
        return rest

    async def _next_landmark(self) -> tuple[str, str]:
        """The next line that begins with one of the landmarks, and what follows that."""
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await self._landmarks.get()
        except TimeoutError:
            raise AssertionError(f"it does nothing; it wrote:\n{self._text()}") from None
        landmark = next(landmark for landmark in LANDMARKS if line.startswith(landmark))
        return landmark, line.removeprefix(landmark).strip()

    def _text(self) -> str:
        return "".join(self.output[-100:])


def _breed() -> None:
    """Fork a server for each line, and tell when it ends."""
    import tests.support.clocks  # noqa: F401 - and with it hubbub, so that the children need not
    from hubbub import cli
    from hubbub.server import output

    for line in sys.stdin:
        sabotage, *arguments = line.rstrip("\n").split("\t")
        if (pid := os.fork()) == 0:
            sys.stdin.close()
            print(f"{CHILD}{os.getpid()}", flush=True)
            for one in filter(None, sabotage.split(" and ")):
                _sabotage(one)
            code = cli.main(arguments)
            output.drain()  # atexit would, but this process leaves in a hurry
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        print(f"\n{EXITED}{os.waitstatus_to_exitcode(status)}", flush=True)


def _sabotage(order: str) -> None:
    from tests.support import clocks, disks, seeded_bugs

    if seeded_bugs.is_bug(order):
        seeded_bugs.sow(order)
    elif clocks.is_clock(order):
        clocks.set_up(order)
    else:
        disks.insert(order)


if __name__ == "__main__":
    _breed()
