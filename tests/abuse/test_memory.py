"""Heads as large as they may be: nothing of them stays, whether their connections do or not."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.abuse.doors import HANDSHAKE, SESSIONS, head, session
from tests.integration.raw import connected
from tests.support.memory import MIB, resident_bytes
from tests.support.server import Server

REQUESTS = 600
LARGE = tuple(f"X-Padding-{number}: {'x' * 8000}" for number in range(7))  # 56 KB, 33 MiB in all


@pytest.mark.parametrize("opening", [*SESSIONS, "GET /healthz"])
async def test_a_session_keeps_nothing_of_the_request_that_opened_it(
    tmp_path: Path, opening: str
) -> None:
    async with Server(tmp_path / "data") as server:
        before = resident_bytes(server.pid)

        async def open_one() -> None:
            async with connected(server.port) as raw:
                await session(raw, opening, LARGE)

        for _ in range(REQUESTS // 20):
            await asyncio.gather(*(open_one() for _ in range(20)))
        assert resident_bytes(server.pid) - before < 15 * MIB


async def test_no_websocket_has_a_large_head(port: int) -> None:
    async with connected(port) as raw:
        raw.send(head("/ws", (*HANDSHAKE, *LARGE)))
        assert (await raw.response()).status == 431


async def test_a_websocket_keeps_its_head_once(tmp_path: Path) -> None:
    """aiohttp keeps it twice: as received, and decoded."""
    count, padding = 400, "x" * 7_000
    async with Server(tmp_path / "data") as server, AsyncExitStack() as stack:

        async def open_many() -> int:
            for _ in range(count):
                raw = await stack.enter_async_context(connected(server.port))
                raw.send(head("/ws", (*HANDSHAKE, f"X-Padding: {padding}")))
                assert (await raw.response()).status == 101
            return resident_bytes(server.pid)

        before = await open_many()
        growth = (await open_many() - before) / count
    print(f"{growth:,.0f} bytes a connection")
    assert growth < 1.5 * len(padding) + 16_000
