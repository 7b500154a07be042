"""The JavaScript SDK and a real server: behind a proxy that lets little through, while the server is killed, and in Deno and Bun."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.node import NODE, node_script
from tests.support.server import Server
from tests.support.strict import Strict

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js: make clients")
SCRIPT = Path(__file__).parent / "clients" / "sdk.mjs"
COUNT = 30


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    assert process.stdout is not None
    async for line in process.stdout:
        yield line.decode().strip()


def _go_on(process: asyncio.subprocess.Process) -> None:
    """Let it post the rest. Its standard input is closed, so only what the SDK leaves running can keep it from ending."""
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.close()


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


@pytest.mark.parametrize("runtime", ["deno", "bun"])
@pytest.mark.parametrize("transport", ["websocket", "sse", "polling"])
async def test_it_runs_in_deno_and_bun_too(
    shared_server: Server, room: str, runtime: str, transport: str
) -> None:
    arguments = (shared_server.url, room, str(COUNT), transport)
    async with node_script(SCRIPT, *arguments, runtime=runtime) as process:
        _go_on(process)
        first, *lines = [line async for line in _lines(process)]
    assert json.loads(first)["kind"] == transport
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
