"""What a message and a new connection cost the loop, as the number of our own functions that it calls: what they take most of."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

import hubbub
from hubbub.server.app import Running, running
from hubbub.server.config import Settings
from hubbub.server.transports import steps
from tests.integration.native import Native
from tests.support.calls import counted, counted_in_threads

SOURCES = str(Path(hubbub.__file__).parent)
MESSAGES = 256
OPENINGS = 5
ALONE = 8  # messages, each sent while the server is idle


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """A server in this process, which is asked to be as fast as it can."""
    settings = Settings(data=tmp_path, host="127.0.0.1", port=0, message_rate=0)
    async with running(settings) as server:
        yield server


async def plain(port: int, room: str) -> ClientConnection:
    """Connect a plain client."""
    return await connect(f"ws://127.0.0.1:{port}/?room={room}", compression=None)


async def native(port: int, room: str) -> ClientConnection:
    """Connect a native client that follows a room."""
    socket = await connect(f"ws://127.0.0.1:{port}/ws", compression=None)
    await Native(socket).ask("follow", room=room)
    return socket


def said(room: str) -> str:
    """A message, as a plain client sends it."""
    return f"to {room}"


def posted(room: str) -> str:
    """A message, as a native client sends it."""
    return f'{{"do":"post","room":"{room}","text":"to {room}"}}'


Connect = Callable[[int, str], Awaitable[ClientConnection]]


@pytest.mark.parametrize(
    "come, message, most", [(plain, said, 24.5), (native, posted, 29.5)], ids=["plain", "native"]
)
async def test_a_message_in_a_free_room_takes_few_calls(
    server: Running,
    room: str,
    monkeypatch: pytest.MonkeyPatch,
    come: Connect,
    message: Callable[[str], str],
    most: int,
) -> None:
    monkeypatch.setattr(steps, "STEP", 60.0)  # else a slow machine makes more of them
    async with await come(server.port, room) as socket:
        with counted(under=SOURCES) as calls:
            for _ in range(MESSAGES):
                await socket.send(message(room))
            heard = 0
            while heard < MESSAGES:
                heard += f"to {room}" in str(await socket.recv())
    assert calls.count / MESSAGES <= most


async def test_at_rest_little_is_done_before_a_message_is_delivered(
    tmp_path: Path, room: str
) -> None:
    """On an idle machine, each call on the way adds a third to half a microsecond of latency, in the writer's thread, too."""
    settings = Settings(data=tmp_path, host="127.0.0.1", port=0, message_rate=0)
    with counted_in_threads("write_to_all", SOURCES) as calls:
        async with running(settings) as server:
            for come, message, most in ((plain, said, 93), (native, posted, 97)):
                async with await come(server.port, room) as socket:
                    counts = []
                    for _ in range(ALONE):
                        calls.begin()
                        await socket.send(message(room))
                        while f"to {room}" not in str(await socket.recv()):
                            pass
                        counts.append(calls.count)
                assert min(counts) <= most, (come, counts)  # the least: duties may add to others


@pytest.mark.parametrize("come, most", [(plain, 145), (native, 197)], ids=["plain", "native"])
async def test_a_connection_to_a_free_room_takes_few_calls(
    server: Running, room: str, come: Connect, most: int
) -> None:
    counts = []
    for _ in range(OPENINGS):  # the least of them: meanwhile the server does other things
        with counted(under=SOURCES) as calls:
            socket = await come(server.port, room)
        counts.append(calls.count)
        await socket.close()
    assert min(counts) <= most, counts
