"""Many native clients in one process, each as small as can be, so that they don't take the time that is measured."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

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
        self._heard: Callable[[bytes], None] = lambda _: None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer learns that none comes."""
        if not self._answer.done():
            self._answer.set_exception(ConnectionResetError("The server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Look for the answer that is waited for, and answer pings; other frames go to `_heard`."""
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
            else:
                self._heard(payload)

    async def opened(self) -> None:
        """Wait for the handshake."""
        await self._answer

    def hear(self, heard: Callable[[bytes], None]) -> None:
        """Give what isn't an answer to `heard` from now on."""
        self._heard = heard

    async def ask(self, do: str, **fields: Any) -> Any:
        """Send a command and wait for its answer."""
        reply = msgspec.json.decode(await self.send(command(do, **fields)))
        assert "ok" in reply, reply
        return reply["ok"]

    async def send(self, frame: bytes) -> bytes:
        """Send a command that was written before, and wait for its answer, which isn't read."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(frame)
        return await self._answer


def command(do: str, **fields: Any) -> bytes:
    """The frame of a command."""
    return _frame(msgspec.json.encode({"id": 1, "do": do} | fields))


async def send_all(devices: Iterable[Device], frames: Iterable[bytes]) -> None:
    """Let each device send its command at once, and wait until all have an answer."""
    sending = [device.send(frame) for device, frame in zip(devices, frames, strict=True)]
    for answer in await asyncio.gather(*sending):
        assert answer.startswith(b'{"re":1,"ok"'), answer


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
