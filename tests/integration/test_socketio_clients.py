"""socket.io-client, as it comes from npm, in hubbub's rooms."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.native import native
from tests.support.node import node_script
from tests.support.server import Server

CHAT = Path(__file__).parent / "clients" / "socketio_chat.js"
LINES = 500


class Chatter:
    """One socket.io-client in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def shown(self, key: str) -> Any:
        """What it shows next under a key; other things are passed over."""
        return (await self._next({key}))[key]

    async def _next(self, keys: set[str]) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while line := await self._process.stdout.readline():
                shown: dict[str, Any] = json.loads(line)
                if keys & shown.keys():
                    return shown
        raise AssertionError("it ended")

    async def all_shown(self, keys: set[str]) -> dict[str, Any]:
        """What it shows under some keys, in any order."""
        found: dict[str, Any] = {}
        while missing := keys - found.keys():
            found |= await self._next(missing)
        return {key: found[key] for key in keys}

    def speak(self) -> None:
        """Let it say its lines."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")


@asynccontextmanager
async def chatter(server: Server, transports: str, name: str, total: int) -> AsyncIterator[Chatter]:
    arguments = (server.url, transports, name, str(LINES), str(total))
    async with node_script(CHAT, *arguments) as process:
        yield Chatter(process)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transports", ["polling", "websocket", "polling,websocket"])
async def test_what_one_says_all_hear_in_one_order_once(server: Server, transports: str) -> None:
    names = ["ada", "grace"]
    async with AsyncExitStack() as stack:
        chatters = [
            await stack.enter_async_context(chatter(server, transports, name, LINES * len(names)))
            for name in names
        ]
        for each in chatters:
            shown = {"connected"} | ({"upgraded"} if "," in transports else set())
            assert await each.all_shown(shown) == {
                key: {"connected": False, "upgraded": "websocket"}[key] for key in shown
            }
        for each in chatters:
            each.speak()
        heard = [await each.shown("heard") for each in chatters]
    assert heard[0] == heard[1]
    for name in names:
        own = [line for line in heard[0] if line.startswith(name)]
        assert own == [f"{name} {n}" for n in range(LINES)]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transports", ["polling", "websocket"])
async def test_who_was_cut_off_hears_what_it_missed_once(server: Server, transports: str) -> None:
    """The server is killed in the middle; Socket.IO's own recovery goes on from the log."""
    async with chatter(server, transports, "ada", 60) as ada:
        await ada.shown("connected")
        async with native(server.port, "grace") as grace:
            for n in range(30):
                await grace.ask("post", room="lobby", text=str(n), emitted_as="chat message")
        await server.restart()
        async with native(server.port, "joan") as joan:
            for n in range(30, 60):
                await joan.ask("post", room="lobby", text=str(n), emitted_as="chat message")
        assert await ada.shown("connected") is True  # recovered
        assert await ada.shown("heard") == [str(n) for n in range(60)]


async def test_a_name_that_is_taken_is_refused_with_what_helps(server: Server) -> None:
    async with native(server.port, "ada"), chatter(server, "websocket", "ada", 1) as ada:
        assert "connected as ada" in await ada.shown("refused")


async def test_a_clean_end_is_seen_on_both_sides(server: Server) -> None:
    async with chatter(server, "websocket", "ada", LINES) as ada:
        await ada.shown("connected")
        ada.speak()
        await ada.shown("heard")
        assert await ada.shown("disconnected") == "io client disconnect"
