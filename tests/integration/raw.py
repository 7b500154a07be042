"""A WebSocket client that keeps no rule which it isn't told to keep: for what well-behaved ones can't send."""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

WAIT_SECONDS = 30.0
MASK = b"\x37\xfa\x21\x3d"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",  # the example of RFC 6455 section 1.3
}


class Frame(NamedTuple):
    """A frame as it came."""

    opcode: int
    payload: bytes
    is_final: bool = True


class Response(NamedTuple):
    """The head of an HTTP response; names of headers in lower case. The body if it has a length."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    is_final: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
) -> bytes:
    """One client's frame (RFC 6455 section 5.2), right or wrong; `reserved` is RSV1 to RSV3 as a number."""
    size, masked = len(payload), 0 if mask is None else 128
    if size < 126:
        length = bytes((masked | size,))
    elif size < 65_536:
        length = struct.pack("!BH", masked | 126, size)
    else:
        length = struct.pack("!BQ", masked | 127, size)
    if mask is not None:
        payload = mask + _masked(payload, mask)
    return bytes((is_final << 7 | reserved << 4 | opcode,)) + length + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """A close frame with a code and a reason."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def _masked(payload: bytes, mask: bytes) -> bytes:
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload))


class Raw:
    """One TCP connection. Every wait is bounded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    async def request(self, line: str, headers: Mapping[str, str]) -> Response:
        """Send the head of a request, and read the response."""
        self.send_request(line, headers)
        return await self.response()

    def send_request(self, line: str, headers: Mapping[str, str]) -> None:
        """Send the head of a request."""
        lines = [line, *(f"{name}: {value}" for name, value in headers.items())]
        self.send("\r\n".join((*lines, "", "")).encode())

    async def response(self, *, has_body: bool = True) -> Response:
        """Read a response; one to HEAD has no body."""
        async with asyncio.timeout(WAIT_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = await self._reader.readexactly(has_body * int(headers.get("content-length", 0)))
        _, code, reason = status.split(" ", 2)
        return Response(int(code), reason, headers, body)

    async def frame(self) -> Frame:
        """The next frame; the server's must not be masked, and must have the shortest length."""
        async with asyncio.timeout(WAIT_SECONDS):
            first, second = await self._reader.readexactly(2)
            assert second < 128, "a masked frame by the server"
            assert not first & 0x70, "a reserved bit set by the server"
            size = second
            if second == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
                assert size > 125
            elif second == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
                assert size > 65_535
            payload = await self._reader.readexactly(size)
        return Frame(first & 15, payload, bool(first & 128))

    async def exactly(self, count: int) -> bytes:
        """The next so many bytes, as they are."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._reader.readexactly(count)

    async def until(self, words: bytes) -> bytes:
        """What comes up to these bytes."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._reader.readuntil(words)

    async def close_code(self) -> int:
        """Read up to the server's close frame, which must be its last; returns its code."""
        while (received := await self.frame()).opcode != CLOSE:
            pass
        assert len(received.payload) >= 2, "a close frame without a code"
        return int.from_bytes(received.payload[:2])

    async def rest(self) -> bytes:
        """What comes until the server ends the connection, which it has to do cleanly."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._reader.read()


@asynccontextmanager
async def connected(port: int, host: str = "127.0.0.1") -> AsyncIterator[Raw]:
    """A TCP connection, closed at the end."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def opened(port: int, target: str, **headers: str) -> AsyncIterator[Raw]:
    """A WebSocket to `target`, from the opening handshake on."""
    async with connected(port) as raw:
        response = await raw.request(
            f"GET {target} HTTP/1.1", {"Host": f"localhost:{port}"} | HANDSHAKE | headers
        )
        assert response.status == 101, response
        yield raw
