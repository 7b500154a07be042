"""A server whose output nobody reads: it starts, serves and stops all the same."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import hubbub
from tests.support.ports import free_port
from tests.support.postgres import running


@pytest.fixture
def stuck() -> Iterator[int]:
    """The end of a full pipe whose other end is open, and never read."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"x" * 4096)
    yield writing
    os.close(reading)
    os.close(writing)


@pytest.fixture(params=["one process", "workers"])
async def flags(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, ...]]:
    """One process, or several."""
    async with AsyncExitStack() as stack:
        if request.param == "workers":
            postgres = await stack.enter_async_context(running())
            yield ("--store", await postgres.fresh(), "--workers", "2")
        else:
            yield ()


@pytest.mark.parametrize("form", ["text", "json"])
async def test_it_starts_serves_and_stops(
    stuck: int, flags: tuple[str, ...], form: str, tmp_path: Path
) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "serve", "--data", str(tmp_path)),
        *("--port", str(port), "--log-format", form, *flags),
        stdout=stuck,
        stderr=stuck,
    )
    async with hubbub.connect(f"http://127.0.0.1:{port}", open_timeout=30) as client:
        for n in range(3):
            with pytest.raises(hubbub.Refused):  # which is logged
                await client.post("lobby", "x" * 70_000)
            assert (await client.post("lobby", "hi")).seq == n + 1
    process.terminate()
    async with asyncio.timeout(30):
        assert await process.wait() == 0
