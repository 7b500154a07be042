"""Clients of a Socket.IO server that poll, and count what comes: `python -m benchmarks.pollers PORT CLIENTS`.

Says `open` when all are connected. Told to end (SIGTERM), it prints one line of JSON: deliveries a second
from the first one to the last, and polls a second.
"""

import asyncio
import json
import re
import signal
import sys
import time
from typing import cast

import uvloop

from benchmarks.generator import TAG

PATH = "/socket.io/?EIO=4&transport=polling&room=r0"
PATIENCE = 20.0  # seconds to be all connected
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SID = re.compile(rb'"sid":"([^"]+)"')


class Count:
    """What all of them got."""

    def __init__(self) -> None:
        self.open = 0
        self.deliveries = self.polls = 0
        self.first = self.last = 0.0

    def add(self, deliveries: int) -> None:
        """An answer came."""
        if deliveries:
            self.last = time.perf_counter()
            self.first = self.first or self.last
            self.deliveries += deliveries
        self.polls += bool(self.first)


class Poller(asyncio.Protocol):
    """One client, on one connection: it opens a session, connects, and polls."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._buffer = bytearray()
        self._next = b""  # the request to repeat
        self._steps = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a session."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask(f"GET {PATH}")

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head)
        assert length is not None and self._buffer.startswith(b"HTTP/1.1 200"), self._buffer[:300]
        if len(self._buffer) >= head + 4 + int(length[1]):
            body, self._buffer = bytes(self._buffer[head + 4 :]), bytearray()
            self._answered(body)

    def _answered(self, body: bytes) -> None:
        self._steps += 1
        if self._steps == 1:
            found = _SID.search(body)
            assert found is not None
            path = f"{PATH}&sid={found[1].decode()}"
            self._next = _request(f"GET {path}")
            self._ask(f"POST {path}", "40")
            return
        if self._steps == 3:  # after `ok` to the post came the answer to the first poll
            assert body.startswith(b"40{"), body[:100]
            self._count.open += 1
        elif self._steps > 3:
            self._count.add(body.count(TAG))
        self._transport.write(self._next)

    def _ask(self, line: str, body: str = "") -> None:
        self._transport.write(_request(line, body))


def _request(line: str, body: str = "") -> bytes:
    length = f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{line} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n{body}".encode()


async def poll(port: int, clients: int) -> None:
    """Until told to end."""
    loop, count, ended = asyncio.get_running_loop(), Count(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    for _ in range(clients):
        await loop.create_connection(lambda: Poller(count), "127.0.0.1", port)
    async with asyncio.timeout(PATIENCE):
        while count.open < clients:  # noqa: ASYNC110 - a look now and then costs the least
            await asyncio.sleep(0.05)
    print("open", flush=True)
    await ended.wait()
    took = count.last - count.first or 1.0
    print(
        json.dumps({"deliveries_per_s": count.deliveries / took, "polls_per_s": count.polls / took})
    )


if __name__ == "__main__":
    uvloop.run(poll(*map(int, sys.argv[1:3])))
