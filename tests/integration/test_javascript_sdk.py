"""The JavaScript SDK and a real server: behind a proxy that lets little through, and while the server is killed."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.support.node import NODE, node_script
from tests.support.server import Server

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js: make clients")
SCRIPT = Path(__file__).parent / "clients" / "sdk.mjs"
COUNT = 30


class Strict:
    """A proxy for one request at a time on each connection. It refuses upgrades, and may keep streams back."""

    def __init__(self, port: int, *, buffers: bool) -> None:
        self._port = port
        self._buffers = buffers
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address, during the block."""
        listener = await asyncio.start_server(self._begin, "127.0.0.1")
        try:
            yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        finally:
            listener.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, near: StreamReader, back: StreamWriter) -> None:
        task = asyncio.create_task(self._pass(near, back))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass(self, near: StreamReader, back: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await near.readuntil(b"\r\n\r\n")
            first, *fields = head.decode().split("\r\n")
            if "/ws" in first:
                back.write(
                    b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
            elif not (self._buffers and "/eventsource" in first):
                await self._ask(near, back, first, fields)
            else:
                await near.read()  # until the client gives it up
            await back.drain()
        back.close()

    async def _ask(
        self, near: StreamReader, back: StreamWriter, first: str, fields: list[str]
    ) -> None:
        given = {
            name.lower(): value for name, _, value in (f.partition(": ") for f in fields) if name
        }
        body = await near.readexactly(int(given.get("content-length", 0)))
        given["connection"] = "close"
        lines = [first, *(f"{name}: {value}" for name, value in given.items()), "", ""]
        far, forth = await asyncio.open_connection("127.0.0.1", self._port)
        forth.write("\r\n".join(lines).encode() + body)
        gone = asyncio.create_task(near.read())
        gone.add_done_callback(lambda _: forth.close())
        try:
            while data := await far.read(65_536):
                back.write(data)
                await back.drain()
        finally:
            gone.cancel()
            forth.close()


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    assert process.stdout is not None
    async for line in process.stdout:
        yield line.decode().strip()


def _go_on(process: asyncio.subprocess.Process) -> None:
    """Let it post the rest."""
    assert process.stdin is not None
    process.stdin.write(b"go\n")


def _check(lines: list[str]) -> None:
    """Everything came once, in order, and nothing is left in the outbox."""
    *events, left = lines
    numbers = [int(line.split()[1]) for line in events]
    seqs = [int(line.split()[0]) for line in events]
    assert numbers == list(range(1, COUNT + 1))
    assert seqs == sorted(set(seqs))
    assert json.loads(left) == []


@pytest.mark.parametrize(
    "buffers, kind, why",
    [
        (False, "sse", "websocket: refused"),
        (True, "polling", "websocket: refused; sse: did not open in time"),
    ],
)
async def test_a_proxy_that_lets_little_through_is_no_obstacle(
    shared_server: Server, room: str, *, buffers: bool, kind: str, why: str
) -> None:
    async with (
        Strict(shared_server.port, buffers=buffers).listening() as url,
        node_script(SCRIPT, url, room, str(COUNT)) as process,
    ):
        _go_on(process)
        first, *lines = [line async for line in _lines(process)]
    told = json.loads(first)
    assert (told["kind"], told["why"]) == (kind, why)
    _check(lines)


@pytest.mark.parametrize("transport", ["websocket", "sse", "polling"])
async def test_nothing_is_lost_doubled_or_out_of_order_when_the_server_is_killed(
    server: Server, transport: str
) -> None:
    lines: list[str] = []
    async with node_script(SCRIPT, server.url, "lobby", str(COUNT), transport) as process:
        async for line in _lines(process):
            lines.append(line)
            if len(lines) == 5:
                await server.kill()
                _go_on(process)
                await server.start()
    _check(lines[1:])
