"""What `--compress` costs and saves: `python -m benchmarks.compression`, half a minute.

Native clients follow a room in which prose is posted, taken from this project's documentation. They
count bytes, and don't decompress: it is the server that is measured.
"""

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import uvloop
from websockets.asyncio.client import connect

from benchmarks.cores import choose_cores
from benchmarks.generator import HERE
from benchmarks.servers import PEERS, Peer, hubbub, raise_file_limit, running

CLIENTS = 200
SECONDS = 3.0
WINDOW = 64  # posts in flight
SIZES = (100, 500, 2_000, 8_000)  # characters of a text
HEAD = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
OFFER = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
JOIN = b'{"id":1,"do":"join","room":"prose"}'
PROSE = (HERE.parent / "docs" / "protocol.md").read_text()


class Follower(asyncio.Protocol):
    """Joins, and counts bytes."""

    def __init__(self, *, offers: bool) -> None:
        self.received = 0
        self._offers = offers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say all at once."""
        frame = bytes((0x81, 0x80 | len(JOIN), 0, 0, 0, 0)) + JOIN  # masked with zeros
        head = HEAD + (OFFER if self._offers else b"") + b"\r\n"
        cast(asyncio.Transport, transport).write(head + frame)

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.received += len(data)


def cpu_seconds(pid: int) -> float:
    """Of all its threads, user and kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def post(port: int, size: int) -> int:
    """Post as fast as it is answered; returns how many."""
    texts = [PROSE[at : at + size] for at in range(0, len(PROSE) - size, size)]
    count, answered, until = 0, 0, time.perf_counter() + SECONDS
    async with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as socket:
        while time.perf_counter() < until or answered < count:
            while count - answered < WINDOW and time.perf_counter() < until:
                command = {"id": count, "do": "post", "room": "prose"}
                await socket.send(json.dumps(command | {"text": texts[count % len(texts)]}))
                count += 1
            await socket.recv()
            answered += 1
    return count


async def measure(peer: Peer, size: int) -> tuple[float, float, float]:
    """Bytes and microseconds of the server's CPU for a delivery, and deliveries a second."""
    loop, cores = asyncio.get_running_loop(), choose_cores()
    with running(peer, cores.server) as target:
        followers = []
        for _ in range(CLIENTS):
            follower = Follower(offers=True)
            await loop.create_connection(lambda f=follower: f, "127.0.0.1", target.port)
            followers.append(follower)
        await asyncio.sleep(0.5)  # until all have joined
        for follower in followers:
            follower.received = 0
        before, began = cpu_seconds(target.pids[0]), time.perf_counter()
        posts = await post(target.port, size)
        took = time.perf_counter() - began
        received = -1
        while received < (received := sum(f.received for f in followers)):  # noqa: ASYNC110
            await asyncio.sleep(0.3)
        deliveries = posts * CLIENTS
        cpu = (cpu_seconds(target.pids[0]) - before) * 1e6
    return received / deliveries, cpu / deliveries, deliveries / took


async def main() -> None:
    """All sizes, in turn with and without."""
    raise_file_limit()
    native = next(peer for peer in PEERS if peer.key == "hubbub-native")
    peers = {"no": native, "yes": replace(native, command=hubbub("--compress"))}
    os.sched_setaffinity(0, choose_cores().load or os.sched_getaffinity(0))
    print(
        "| text, characters | compressed | bytes a delivery | server CPU a delivery, µs | deliveries/s |"
    )
    print("| ---: | --- | ---: | ---: | ---: |")
    for size in SIZES:
        for key, peer in peers.items():
            bytes_each, cpu, rate = await measure(peer, size)
            print(
                f"| {size:,} | {key} | {bytes_each:,.0f} | {cpu:.3f} | {rate / 1e6:.2f} M |",
                flush=True,
            )


if __name__ == "__main__":
    uvloop.run(main())
