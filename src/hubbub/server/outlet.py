"""The writing end of one connection: bounded, and as close to the socket as is safe."""

import asyncio
import os
from typing import Protocol

from hubbub.protocol.wires import Wire

MAX_QUEUED_BYTES = 1024 * 1024


class Drain(Protocol):
    """Whatever can tell that a connection has caught up with what was written."""

    async def drain(self) -> None:
        """Return once little is queued; raises ConnectionError if the connection is gone."""


class Outlet:
    """Writes whole frames to one socket, in order.

    With nothing queued it writes straight to the socket: at one write a message and client, the
    event loop's own bookkeeping is a seventh of a delivery (6.0 against 5.2 microseconds,
    1,000 clients, 2026-11-23). What the socket does not take at once is queued in the transport.
    """

    __slots__ = ("_drain", "_fd", "_is_sealed", "_pending", "_pending_bytes", "_transport", "wire")

    def __init__(self, transport: asyncio.Transport, drain: Drain, wire: Wire) -> None:
        self.wire = wire
        self._transport = transport
        self._drain = drain
        self._is_sealed = False
        self._pending: list[bytes] | None = None  # answers, to go with the next delivery
        self._pending_bytes = 0
        is_plain_tcp = transport.get_extra_info("sslcontext") is None
        self._fd = transport.get_extra_info("socket").fileno() if is_plain_tcp else -1

    @property
    def is_full(self) -> bool:
        """Whether so much is queued that the peer should not be listened to for now."""
        queued = self._transport.get_write_buffer_size() + self._pending_bytes
        return queued > MAX_QUEUED_BYTES // 2

    def write(self, buffer: bytes) -> bool:
        """Write now, after what is queued. False, and nothing written, if that would be too much."""
        transport = self._transport
        if self._is_sealed or transport.is_closing():
            return True  # nobody is listening; the connection is about to be taken down
        queued = transport.get_write_buffer_size()
        if queued and queued + len(buffer) > MAX_QUEUED_BYTES:
            return False
        if self._pending is not None:
            buffer = self._take_pending() + buffer
        if queued or self._fd < 0:
            transport.write(buffer)
            return True
        # The transport can't have closed the descriptor: it does so only after is_closing is true.
        try:
            sent = os.write(self._fd, buffer)
        except BlockingIOError:
            sent = 0
        except OSError:
            transport.abort()
            return True
        if sent < len(buffer):
            transport.write(memoryview(buffer)[sent:])
        return True

    def queue(self, frame: bytes) -> None:
        """Write at the end of this turn of the loop, or with the next delivery if that is sooner."""
        if self._is_sealed:
            return
        if self._pending is None:
            self._pending = []
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(frame)
        self._pending_bytes += len(frame)

    def flush(self) -> None:
        """Write what was queued; it may go over the bound, which `is_full` then shows."""
        if self._pending is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size():
            self._transport.write(self._take_pending())
        else:
            self.write(b"")

    async def drained(self) -> None:
        """Wait until the peer has taken most of what is queued. Raises ConnectionError if it's gone."""
        self.flush()
        await self._drain.drain()
        if self._is_sealed or self._transport.is_closing():
            raise ConnectionResetError("the connection is closing")

    def seal(self) -> None:
        """Write what is queued, and then nothing more, whoever asks."""
        self.flush()
        self._is_sealed = True

    def close(self) -> None:
        """Close the connection when all is written."""
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def _take_pending(self) -> bytes:
        pending = b"".join(self._pending or ())
        self._pending, self._pending_bytes = None, 0
        return pending
