"""Very many connections that say nothing, cut at once and back at once; light enough for one process."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import cast

from tests.integration.raw import HANDSHAKE, TEXT, frame

WAIT_SECONDS = 60.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close is a reset


class Idler(asyncio.Protocol):
    """One native client that follows a room, and says nothing but that it is there."""

    def __init__(self, storm: "Storm", number: int) -> None:
        self.head: int | None = None  # of its room when it came in
        self.transport: asyncio.Transport | None = None
        self._storm = storm
        self._number = number
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands, and join."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._storm.greeting(self._number))

    def data_received(self, data: bytes) -> None:
        """Look for the answer to the join; answer pings."""
        if self.head is None:
            self._received += data
            at = self._received.find(b'"head":')
            if at >= 0 and b"," in self._received[at:]:
                self.head = int(self._received[at + 7 :].split(b",")[0])
                self._received = b""
                self._storm.arrived()
        elif data[:1] == b"\x89" and self.transport is not None:
            self.transport.write(b"\x8a\x80\0\0\0\0")

    def connection_lost(self, reason: BaseException | None) -> None:
        """Whether that was meant or not."""
        self.transport = None
        self._storm.lost(self.head is None)


class Storm:
    """So many idlers, spread over some rooms, each at the position that it had.

    If there are several ports, each idler comes to another one each time.
    """

    def __init__(self, ports: Sequence[int], count: int, rooms: int) -> None:
        self.count = count
        self.failures = 0
        self.absent = count
        self._ports = ports
        self._turn = 0
        self._rooms = rooms
        self._there = asyncio.Event()
        self._idlers: list[Idler] = []
        self._positions = ""

    async def arrive(self, positions: str = "") -> float:
        """All at once; returns the seconds until each has been answered. `positions` goes with joins."""
        self._positions, self.absent = positions, self.count
        self._there.clear()
        self._turn += 1
        began = perf_counter()
        self._idlers = list(await asyncio.gather(*map(self._connect, range(self.count))))
        async with asyncio.timeout(WAIT_SECONDS):
            await self._there.wait()
        return perf_counter() - began

    def cut(self) -> None:
        """All at once, as when a link breaks."""
        for idler in self._idlers:
            if idler.transport is not None:
                underneath = idler.transport.get_extra_info("socket")
                underneath.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                idler.transport.abort()

    def greeting(self, number: int) -> bytes:
        """A handshake and a join, sent together."""
        lines = [f"{name}: {value}" for name, value in HANDSHAKE.items()]
        head = "\r\n".join(("GET /ws HTTP/1.1", "Host: localhost", *lines, "", ""))
        join = {"id": 1, "do": "join", "room": f"storm-{number % self._rooms}"}
        text = json.dumps(join)[:-1] + self._positions + "}"
        return head.encode() + frame(TEXT, text.encode())

    def arrived(self) -> None:
        """One more was answered."""
        self.absent -= 1
        if self.absent == 0:
            self._there.set()

    def lost(self, was_unanswered: bool) -> None:
        """One is gone; that counts if it was never answered."""
        self.failures += was_unanswered

    async def _connect(self, number: int) -> Idler:
        loop = asyncio.get_running_loop()
        port = self._ports[(number // self._rooms + self._turn) % len(self._ports)]
        _, idler = await loop.create_connection(lambda: Idler(self, number), "127.0.0.1", port)
        return idler


@contextmanager
def storm_of(ports: Sequence[int], count: int, rooms: int) -> Iterator[Storm]:
    """Idlers that are gone at the end."""
    storm = Storm(ports, count, rooms)
    try:
        yield storm
    finally:
        storm.cut()
