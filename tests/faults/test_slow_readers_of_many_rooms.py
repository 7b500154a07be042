"""One link that follows many rooms and stops reading: in each room it misses nothing in the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.memory import MIB, resident_bytes
from tests.support.quick_server import QuickServer

TEXT = "x" * 30_000
MAX_GROWTH = 8 * MIB
SLOW: dict[str, Any] = {
    "compression": None,
    "ping_interval": None,
    "max_queue": 1,
    "max_size": None,
    "close_timeout": 0.1,
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QuickServer]:
    flags = ("--message-rate", "0")
    async with QuickServer(tmp_path, *flags, sabotage="small_cache_of_what_is_read") as server:
        yield server


async def test_a_slow_reader_gets_all_of_all_rooms_within_one_bound(server: QuickServer) -> None:
    rooms = [f"room-{n}" for n in range(200)]
    async with native(server) as slow, native(server) as poster:
        await join_all(slow, rooms)
        await post_to_all(poster, rooms, 1)
        before = resident_bytes(server.pid)
        heads = await post_to_all(poster, rooms, 5)
        reading = asyncio.create_task(seqs_up_to(slow, heads))
        growth = 0
        while not reading.done():
            growth = max(growth, resident_bytes(server.pid) - before)
            await asyncio.wait({reading}, timeout=0.02)
    print(f"grew by {growth / MIB:.1f} MiB")
    assert reading.result() == {room: list(range(1, 7)) for room in rooms}
    assert growth < MAX_GROWTH


async def test_leaving_one_room_stops_no_other(server: QuickServer) -> None:
    rooms = [f"room-{n}" for n in range(6)]
    async with native(server) as slow, native(server) as poster:
        await join_all(slow, rooms)
        heads = await post_to_all(poster, rooms, 60)
        await slow.send('{"do": "leave", "room": "room-0"}')
        await poster.send('{"id": 1, "do": "leave", "room": "room-0"}')
        await poster.recv()  # the server has gone round since
        heads = await post_to_all(poster, rooms, 1)
        del heads["room-0"]
        got = await seqs_up_to(slow, heads)
    assert {room: got[room] for room in heads} == {room: list(range(1, 62)) for room in heads}


def native(server: QuickServer) -> connect:
    return connect(f"ws://{server.address}/ws", **SLOW)


async def join_all(socket: ClientConnection, rooms: list[str]) -> None:
    for room in rooms:
        await socket.send(json.dumps({"id": room, "do": "join", "room": room, "since": 0}))
    answered = 0
    while answered < len(rooms):
        answered += "re" in json.loads(await socket.recv())


async def post_to_all(socket: ClientConnection, rooms: list[str], count: int) -> dict[str, int]:
    """Post in turn to each room; returns each room's head."""
    heads: dict[str, int] = {}
    for number in range(count):
        for room in rooms:
            text = f"{number} {TEXT}"
            await socket.send(json.dumps({"id": 0, "do": "post", "room": room, "text": text}))
            heads[room] = json.loads(await socket.recv())["ok"]["seq"]
    return heads


async def seqs_up_to(socket: ClientConnection, heads: dict[str, int]) -> dict[str, list[int]]:
    """The numbers of the events that come, by room, until all heads are reached or time is up."""
    got: dict[str, list[int]] = {}
    try:
        async with asyncio.timeout(30):
            while any(got.get(room, [0])[-1] < head for room, head in heads.items()):
                push = json.loads(await socket.recv())
                await asyncio.sleep(0.001)  # a slow link: what is read on piles up again
                if "event" in push:
                    got.setdefault(push["room"], []).append(push["seq"])
    except TimeoutError:
        pass
    return got
