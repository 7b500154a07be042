"""Small servers of the tests' own, each in a process."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

START_SECONDS = 30.0


@asynccontextmanager
async def protocol_server(name: str) -> AsyncIterator[int]:
    """`tests/support/NAME.py` on a free port, which it is told to take; the port that it says."""
    script = Path(__file__).with_name(f"{name}.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            line = (await process.stdout.readline()).decode()
        found = re.search(r":(\d+)$", line.strip())
        assert found is not None, line
        yield int(found[1])
    finally:
        process.kill()
        await process.wait()
