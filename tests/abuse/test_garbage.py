"""A refusal doesn't wait for the garbage collector with all the frames that it passed."""

import asyncio
import gc
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.abuse.doors import head
from tests.integration.raw import connected, frame
from tests.support.garbage import garbage

ROOM = "/api/v1/rooms/kitchen"
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
REFUSED = {
    "a wrong token": 9 * head(f"{ROOM}?access_token=x"),
    "a path that isn't there": 9 * head("/nowhere"),
    "a wrong method": 9 * head("/healthz", line="DELETE {} HTTP/1.1"),
    "an expectation": 9 * head("/healthz", ("Expect: x",)),
    "more requests than it waits for": 90 * head(ROOM),
    "no HTTP": b"hello\r\n\r\n",
    "a large head": head("/", (f"X: {'x' * 9000}",)),
    "a malformed body": head(
        f"{ROOM}/messages", ("Transfer-Encoding: chunked",), line="POST {} HTTP/1.1"
    )
    + b"x\r\n",
    "a WebSocket with a wrong token": head("/ws?token=x", UPGRADE),
    "a WebSocket that ends at once": head("/ws", UPGRADE),
    "a malformed frame": head("/ws", UPGRADE) + frame(1, b"x", reserved=7),
    "frames that are no commands": head("/ws", UPGRADE) + 30 * frame(1, b"x"),
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
async def test_no_refusal_waits_to_be_collected(sent: bytes, tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path, host="127.0.0.1", port=0)) as server:
        gc.collect()
        gc.disable()
        for _ in range(3):
            await send_and_go(server.port, sent)
        assert not [each for each in garbage() if isinstance(each, TracebackType)]


async def send_and_go(port: int, sent: bytes) -> None:
    """Send something on a connection, and wait until the server has let it go."""
    others = len(at_work())
    async with connected(port) as raw:
        raw.send(sent)
        await raw.exactly(1)
        raw.writer.transport.abort()
    while len(at_work()) > others:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0)


def at_work() -> list[asyncio.Task[Any]]:
    """The tasks that there are, but for those in which the server's own upkeep waits for something to do."""
    waits = asyncio.Event.wait.__qualname__
    return [each for each in asyncio.all_tasks() if waits not in repr(each.get_coro())]
