"""More connections than there is room for."""

import asyncio
import json
import os
import resource
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.abuse.doors import DOORS, head
from tests.abuse.watch import watching
from tests.integration.native import native
from tests.integration.raw import connected, opened
from tests.support.server import Server

LIMIT = 20


@pytest.mark.parametrize("door", [door for door in DOORS if door != "/healthz"])
async def test_beyond_the_limit_one_is_told_so_and_others_are_served(
    tmp_path: Path, door: str
) -> None:
    async with (
        Server(tmp_path / "data", "--max-connections", str(LIMIT)) as server,
        watching(server) as watch,
        watch.during(),
        AsyncExitStack() as crowd,
    ):
        last = await crowd.enter_async_context(opened(server.port, "/echo"))
        for _ in range(LIMIT - 3):
            await crowd.enter_async_context(opened(server.port, "/echo"))
        async with connected(server.port) as raw:
            raw.send(head(door, DOORS[door]))
            response = await raw.response()
            assert (response.status, json.loads(response.body)["code"]) == (503, "unavailable")
            assert response.headers["retry-after"] == "1"
            assert await raw.rest() == b""
        last.writer.transport.abort()
        async with asyncio.timeout(30):
            while not await is_served(server.port):
                pass  # it notices in its own time that someone has left


@pytest.mark.parametrize("flags", [(), ("--max-connections", "1000")], ids=["auto", "too many"])
async def test_without_files_left_it_goes_on_and_recovers_by_itself(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """With 128 files there is room for 32 connections by itself, or for fewer than are allowed."""
    files = (128, 128)
    few_files = partial(resource.setrlimit, resource.RLIMIT_NOFILE, files)
    async with (
        Server(tmp_path / "data", *flags, prepare=few_files) as server,
        watching(server) as watch,
    ):
        async with watch.during(), AsyncExitStack() as crowd:
            for _ in range(300):
                await crowd.enter_async_context(connected(server.port))
            before = cpu_seconds(server.pid)
            await asyncio.sleep(1)  # is what is measured
            assert cpu_seconds(server.pid) - before < 0.8, "it spins"
        async with asyncio.timeout(30):
            while not await is_served(server.port):
                pass  # it has not yet noticed that they are gone
        async with native(server.port, "later") as later:
            await later.ask("post", room="lobby", text="in")


async def is_served(port: int) -> bool:
    """Whether a new connection is let in."""
    async with connected(port) as raw:
        raw.send(head("/api/v1/rooms"))
        try:
            return (await raw.response()).status == 200
        except (asyncio.IncompleteReadError, ConnectionError):
            return False


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
