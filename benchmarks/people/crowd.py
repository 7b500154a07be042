"""Many native clients in one process, each as small as can be."""

import asyncio
import json
import secrets
from typing import Any

from benchmarks.people.town import Resident

HEADERS = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: hubbub.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
)
_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A  # first bytes of whole frames
AT_ONCE = 500  # connections that are being opened


class Device(asyncio.Protocol):
    """A connection of someone who is logged in."""

    def __init__(self, resident: Resident, port: int) -> None:
        self.resident = resident
        self._hello = HEADERS.format(port=port, token=resident.token).encode()
        self._received = b""
        self._is_open = False
        self._answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer learns that none comes."""
        if not self._answer.done():
            self._answer.set_exception(ConnectionResetError("The server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Look for the answer that is waited for, and answer pings; other frames are dropped."""
        self._received += data
        if not self._is_open:
            head, found, self._received = self._received.partition(b"\r\n\r\n")
            if not found:
                self._received = head
                return
            assert b" 101 " in head, head
            self._is_open = True
            self._answer.set_result(b"")
        while (whole := _first_frame(self._received)) is not None:
            payload, size = whole
            first, self._received = self._received[0], self._received[size:]
            if first == _PING:
                self.transport.write(_frame(payload, _PONG))
            elif payload.startswith(b'{"re"'):
                self._answer.set_result(payload)

    async def opened(self) -> None:
        """Wait for the handshake."""
        await self._answer

    async def ask(self, do: str, **fields: Any) -> Any:
        """Send a command and wait for its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(_frame(json.dumps({"id": 1, "do": do} | fields).encode()))
        reply = json.loads(await self._answer)
        assert "ok" in reply, reply
        return reply["ok"]


async def come(residents: list[Resident], port: int) -> list[Device]:
    """Connect all of them."""
    loop, turn = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def one(resident: Resident) -> Device:
        async with turn:
            _, device = await loop.create_connection(
                lambda: Device(resident, port), "127.0.0.1", port
            )
            await device.opened()
            return device

    return await asyncio.gather(*map(one, residents))


async def step_in(device: Device, positions: dict[str, dict[str, int]], epoch: str) -> Any:
    """Follow the own log, the directory and the heads of all rooms from the last positions."""
    return await device.ask("follow_all", epoch=epoch, **positions)


def _frame(payload: bytes, first: int = _TEXT) -> bytes:
    """A masked frame, which begins with this byte."""
    size, mask = len(payload), secrets.token_bytes(4)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    repeated = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(
        size, "big"
    )
    return head + mask + masked


def _first_frame(received: bytes) -> tuple[bytes, int] | None:
    """The payload of the first frame, and how many bytes the frame has, if it is there as a whole."""
    if len(received) < 2:
        return None
    size, start = received[1], 2
    if size == 126:
        size, start = int.from_bytes(received[2:4], "big"), 4
    elif size == 127:
        size, start = int.from_bytes(received[2:10], "big"), 10
    if len(received) < start + size:
        return None
    return received[start : start + size], start + size
