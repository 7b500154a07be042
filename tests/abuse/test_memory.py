"""Heads as large as they may be: nothing of them stays, whether their connections do or not."""

import asyncio
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
