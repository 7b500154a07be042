"""Two of each library, five hundred lines from each: all hear all, in one order, once; also if the server is killed amid it."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import node_script
from tests.support.server import Server

CLIENTS = Path(__file__).parent / "clients"
LIBRARIES = ["ws", "websocket", "websockets", "websocket-client"]
NAMES = ["ada", "grace"]
LINES = 500
TOTAL = LINES * len(NAMES)


@asynccontextmanager
async def client(library: str, *arguments: str) -> AsyncIterator[Process]:
    if library in ("ws", "websocket"):
        async with node_script(CLIENTS / "thousand.js", library, *arguments) as process:
            yield process
        return
    command = (sys.executable, str(CLIENTS / "thousand.py"), library, *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(process: Process, key: str) -> dict[str, Any]:
    """What it tells next that has this key."""
    assert process.stdout is not None
    async with asyncio.timeout(40):
        while line := await process.stdout.readline():
            said: dict[str, Any] = json.loads(line)
            if key in said:
                return said
    raise AssertionError("it ended")


@asynccontextmanager
async def two(library: str, server: Server, mode: str) -> AsyncIterator[list[Process]]:
    """Two of them, connected, and told to speak."""
    url = f"ws://127.0.0.1:{server.port}" + ("/ws" if mode == "native" else "")
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(
                client(library, url, mode, name, str(LINES), str(TOTAL))
            )
            for name in NAMES
        ]
        for process in both:
            await told(process, "open")
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"\n")
        yield both


async def require_all_once(both: list[Process], *, in_turn: bool) -> None:
    results = await asyncio.gather(*[told(process, "heard") for process in both])
    assert [(result["code"], result["clean"]) for result in results] == [(1000, True)] * 2
    heard = results[0]["heard"]
    assert results[1]["heard"] == heard
    assert len(heard) == len(set(heard)) == TOTAL
    for name in NAMES:
        own = [line for line in heard if line.startswith(f"{name} ")]
        due = [f"{name} {n}" for n in range(1, LINES + 1)]
        assert own == due if in_turn else sorted(own) == sorted(due)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("mode", ["plain", "native"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_everyone_hears_everyone(server: Server, library: str, mode: str) -> None:
    async with two(library, server, mode) as both:
        await require_all_once(both, in_turn=True)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("library", LIBRARIES)
async def test_everyone_hears_everyone_although_the_server_is_killed(
    tmp_path: Path, library: str
) -> None:
    async with (
        Server(tmp_path) as server,
        two(library, server, "native") as both,
    ):
        await told(both[0], "third")
        await server.restart()
        await told(both[0], "open")
        await require_all_once(both, in_turn=False)
