"""Other people's clients as programs of their own: they are told lines, and tell lines."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.node import node_script

WAIT_SECONDS = 30.0
CLIENTS = Path(__file__).parent / "clients"


class Program:
    """A running client. It says `open`, `message TEXT`, `closed CODE …`, each on a line."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        """Give it a line, which it is to send."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    def leave(self) -> None:
        """Let it see the end of its input: then it closes."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def says(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            line = (await self._process.stdout.readline()).decode()
        assert line.endswith("\n"), f"it ended, with {line!r}"
        return line.removesuffix("\n")

    async def hears(self) -> str:
        """The next message that it gets."""
        said = await self.says()
        assert said.startswith("message "), said
        return said.removeprefix("message ")

    async def ended(self) -> int:
        """Wait for its end; returns the exit code."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._process.wait()


@asynccontextmanager
async def program(script: str, *arguments: str) -> AsyncIterator[Program]:
    """A client of the folder `clients`, until the end of the block."""
    async with node_script(CLIENTS / script, *arguments) as process:
        yield Program(process)
