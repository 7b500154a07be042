"""The writing end of one connection, or of a session without one of its own: bounded, and in order.

The contract of outlets, the loop that writes to many, and the outlet of sessions. That of sockets is a transport's.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from hubbub.protocol.wires import Wire

MAX_QUEUED_BYTES = 1024 * 1024


class Outlet(Protocol):
    """Writes whole frames to one client, in order; nothing else may write to it.

    What the client does not take at once is queued, up to `MAX_QUEUED_BYTES`. Outlets are compared by identity.
    """

    @property
    def wire(self) -> Wire:
        """The form of what is written."""

    @property
    def is_compressed(self) -> bool:
        """Whether the client takes compressed WebSocket frames."""

    @property
    def turn(self) -> asyncio.Lock:
        """Cursors with much to write take turns, page by page."""

    @property
    def is_full(self) -> bool:
        """Whether so much is queued that reading from the client should pause: half the bound."""

    @property
    def queued_bytes(self) -> int:
        """The bytes written but not yet accepted by the client."""

    def write(self, buffer: bytes) -> bool:
        """Write now, after what is queued. Returns False, and writes nothing, if that would exceed the bound."""

    def queue(self, frame: bytes) -> None:
        """Write soon, after what was written before: at the latest at the end of this turn of the loop.

        This may exceed the bound, as `is_full` then shows.
        """

    async def drained(self) -> None:
        """Wait until the client has accepted most of it. Raises ConnectionError if the client is gone."""

    def seal(self) -> None:
        """Ignore all later writes. What is queued is still sent."""

    # What follows is for `write_to_all` alone.

    @property
    def is_direct(self) -> bool:
        """Whether nothing is queued, and `send` may be called: see DirectOutlet."""

    def has_room_for(self, size: int) -> bool:
        """Whether so many bytes are within the bound. True as well if the client is gone, since they are ignored then."""

    def append(self, buffer: bytes) -> None:
        """Write after what is queued, within the bound or not."""


class DirectOutlet(Outlet, Protocol):
    """An outlet that can be direct: a socket whose `send` does not wait."""

    def send(self, buffer: bytes, /) -> int:
        """Send some of it and return how much. Raises BlockingIOError if it takes nothing now, or OSError."""

    def append_rest(self, buffer: bytes, sent: int) -> None:
        """Queue all but the first `sent` bytes: it is no longer direct."""

    def abort(self) -> None:
        """Cut the connection."""


class Mailbox:
    """The writing end of a session whose client fetches its data, such as by polling.

    What is written waits here, up to the bound. A full session reads on from the log once it is
    emptied, as a slow connection does.
    """

    is_compressed = False
    is_direct = False

    def __init__(self, wire: Wire, separator: bytes = b"") -> None:
        """`separator` goes between buffers that are fetched together."""
        self.wire = wire
        self.turn = asyncio.Lock()
        self._separator = separator
        self._buffers: deque[bytes] = deque()
        self._is_sealed = False
        self._filled: asyncio.Future[None] | None = None
        self._emptied: asyncio.Future[None] | None = None
        self.queued_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether so much is waiting that reading from the client should pause."""
        return self.queued_bytes > MAX_QUEUED_BYTES // 2

    def write(self, buffer: bytes) -> bool:
        """Append a buffer. Returns False, and does nothing, if that would exceed the bound."""
        if not self.has_room_for(len(buffer)):
            return False
        self.append(buffer)
        return True

    def queue(self, frame: bytes) -> None:
        """Append a buffer. This may exceed the bound, as `is_full` then shows."""
        if frame:
            self.append(frame)

    async def drained(self) -> None:
        """Wait until the client has fetched most of it. Raises ConnectionError if the session has ended."""
        while self.is_full and not self._is_sealed:
            if self._emptied is None:
                self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._emptied)
        if self._is_sealed:
            raise ConnectionResetError("the session has ended")

    async def filled(self) -> None:
        """Wait until there is something to fetch, or the session has ended."""
        while not (self._buffers or self._is_sealed):
            if self._filled is None:
                self._filled = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._filled)

    def take(self, limit: int = MAX_QUEUED_BYTES) -> bytes:
        """Fetch what is waiting, oldest first: up to `limit` bytes, but at least one buffer."""
        taken: list[bytes] = []
        size = 0
        while self._buffers and (not taken or size + len(self._buffers[0]) <= limit):
            taken.append(self._buffers.popleft())
            size += len(taken[-1])
        self.queued_bytes -= size
        if not self.is_full:
            _wake(self._emptied)
            self._emptied = None
        return self._separator.join(taken)

    def seal(self) -> None:
        """Accept nothing more; what is waiting can still be fetched."""
        self._is_sealed = True
        _wake(self._filled)
        self._filled = None
        _wake(self._emptied)
        self._emptied = None

    def has_room_for(self, size: int) -> bool:
        """Whether so many bytes are within the bound."""
        return self._is_sealed or not self._buffers or self.queued_bytes + size <= MAX_QUEUED_BYTES

    def append(self, buffer: bytes) -> None:
        """Keep a buffer after what is waiting."""
        if not self._is_sealed:
            self._buffers.append(buffer)
            self.queued_bytes += len(buffer)
            _wake(self._filled)
            self._filled = None


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None:
        waiter.set_result(None)


def write_to_all(outlets: Iterable[Outlet], buffer: bytes) -> list[Outlet]:
    """Write one buffer to many outlets. Returns those that had no room for it and got nothing.

    This is the inner loop of everything.
    """
    size = len(buffer)
    refused: list[Outlet] = []
    direct: Iterable[DirectOutlet] = outlets  # type: ignore[assignment]  # those that say so
    for outlet in direct:
        if outlet.is_direct:
            try:
                sent = outlet.send(buffer)
            except BlockingIOError:
                sent = 0
            except OSError:
                outlet.abort()
                continue
            if sent != size:
                outlet.append_rest(buffer, sent)
        elif outlet.has_room_for(size):
            outlet.append(buffer)
        else:
            refused.append(outlet)
    return refused
