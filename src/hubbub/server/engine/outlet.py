"""The writing end of one connection, or of a session without one of its own: bounded, and in order."""

import asyncio
from collections import deque
from collections.abc import Iterable
from socket import SocketType
from typing import Protocol

from hubbub.protocol.foreign.deflate import deflated
from hubbub.protocol.wires import Wire

MAX_QUEUED_BYTES = 1024 * 1024


class Drain(Protocol):
    """Reports that a connection has caught up with what was written."""

    async def drain(self) -> None:
        """Return once little is queued; raises ConnectionError if the connection is gone."""


class Outlet(SocketType):
    """Writes whole frames to one connection, in order; nothing else may write to it.

    With nothing queued it writes straight to the socket: where each message is one write a client,
    an event loop's own bookkeeping is a seventh of the cost. What the socket does not take at once
    is queued in the transport. It is a socket object itself, over the transport's descriptor, so
    that the one loop over all clients touches one object each: with a thousand of them, what a
    write costs beside the system call is the memory that it has to fetch.
    """

    __slots__ = (
        "_drain",
        "_is_direct",
        "_is_sealed",
        "_may_be_direct",
        "_pending",
        "_pending_bytes",
        "_transport",
        "is_compressed",
        "turn",
        "wire",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        drain: Drain,
        wire: Wire,
        *,
        is_told: bool,
        is_compressed: bool = False,
    ) -> None:
        """`is_told`: `lost` will be called before the transport gives its descriptor away.

        `is_compressed`: the peer takes compressed WebSocket frames.
        """
        theirs = transport.get_extra_info("socket")
        super().__init__(theirs.family, theirs.type, theirs.proto, theirs.fileno())
        self.wire = wire
        self.is_compressed = is_compressed
        self.turn = asyncio.Lock()  # cursors with much to write take turns, page by page
        self._transport = transport
        self._drain = drain
        is_plain = transport.get_extra_info("sslcontext") is None
        self._may_be_direct = is_told and is_plain and not transport.is_closing()
        self._is_direct = self._may_be_direct  # nothing is queued: the socket may be written to
        self._is_sealed = False
        self._pending: list[bytes] | None = None  # answers to send with the next delivery
        self._pending_bytes = 0

    def __del__(self) -> None:
        self.detach()  # the descriptor belongs to the transport, which closes it

    def lost(self) -> None:
        """The connection is gone; another may soon reuse its descriptor."""
        self._may_be_direct = self._is_direct = False
        self.detach()

    @property
    def is_full(self) -> bool:
        """Whether so much is queued that reading from the peer should pause."""
        return self.queued_bytes > MAX_QUEUED_BYTES // 2

    @property
    def queued_bytes(self) -> int:
        """The bytes written but not yet accepted by the peer."""
        return self._transport.get_write_buffer_size() + self._pending_bytes

    def write(self, buffer: bytes) -> bool:
        """Write now, after what is queued. Returns False, and writes nothing, if that would exceed the bound."""
        return not write_to_all((self,), buffer)

    def queue(self, frame: bytes) -> None:
        """Write at the end of this turn of the loop, or with the next delivery if that is sooner."""
        if self._is_sealed:
            return
        if self.is_compressed:
            frame = deflated(frame)
        if self._pending is None:
            self._pending = []
            self._is_direct = False
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(frame)
        self._pending_bytes += len(frame)

    def flush(self) -> None:
        """Write what was queued. This may exceed the bound, as `is_full` then shows."""
        if self._pending is not None and not self._is_sealed:
            self._write(self._take_pending())

    async def drained(self) -> None:
        """Wait until the peer has accepted most of what is queued. Raises ConnectionError if it is gone."""
        self.flush()
        # All waiters share one future of aiohttp's: cancelling one must not cancel the others.
        await asyncio.shield(asyncio.create_task(self._until_drained()))
        if self._is_sealed or self._transport.is_closing():
            raise ConnectionResetError("the connection is closing")

    def seal(self) -> None:
        """Write what is queued, and ignore all later writes."""
        self.flush()
        self._is_sealed = True
        self._is_direct = False

    def close(self) -> None:
        """Close the connection once everything is written."""
        self._may_be_direct = self._is_direct = False
        self._transport.close()

    def finish(self) -> None:
        """Half-close the connection once everything is written, and let the peer close it."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._may_be_direct = self._is_direct = False
        self._transport.abort()

    async def _until_drained(self) -> None:
        try:
            await self._drain.drain()
        except ConnectionError:
            pass  # `drained` checks this itself

    def _has_room_for(self, size: int) -> bool:
        if self._is_sealed or self._transport.is_closing():
            return True  # nobody is listening; the connection is about to be taken down
        queued = self._transport.get_write_buffer_size()
        return not queued or queued + size <= MAX_QUEUED_BYTES

    def _write(self, buffer: bytes) -> None:
        """Write after what is queued, and find out whether the socket can be written to again."""
        transport = self._transport
        if not (self._is_sealed or transport.is_closing()):
            transport.write(self._take_pending() + buffer if self._pending else buffer)
            self._is_direct = self._may_be_direct and not transport.get_write_buffer_size()

    def _write_rest(self, buffer: bytes, sent: int) -> None:
        self._is_direct = False
        self._transport.write(memoryview(buffer)[sent:])

    def _take_pending(self) -> bytes:
        pending = b"".join(self._pending or ())
        self._pending, self._pending_bytes = None, 0
        return pending


class Mailbox:
    """The writing end of a session whose client fetches its data, such as by polling.

    What is written waits here, up to the bound. A full session reads on from the log once it is
    emptied, as a slow connection does.
    """

    is_compressed = False
    _is_direct = False

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
        if not self._has_room_for(len(buffer)):
            return False
        self._write(buffer)
        return True

    def queue(self, frame: bytes) -> None:
        """Append a buffer. This may exceed the bound, as `is_full` then shows."""
        if frame:
            self._write(frame)

    def flush(self) -> None:
        """Do nothing: nothing is held back here."""

    async def drained(self) -> None:
        """Wait until most of it was fetched. Raises ConnectionError if the session has ended."""
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
            self._wake("_emptied")
        return self._separator.join(taken)

    def seal(self) -> None:
        """Accept nothing more; what is waiting can still be fetched."""
        self._is_sealed = True
        self._wake("_filled")
        self._wake("_emptied")

    def _has_room_for(self, size: int) -> bool:
        return self._is_sealed or not self._buffers or self.queued_bytes + size <= MAX_QUEUED_BYTES

    def _write(self, buffer: bytes) -> None:
        if not self._is_sealed:
            self._buffers.append(buffer)
            self.queued_bytes += len(buffer)
            self._wake("_filled")

    def _wake(self, name: str) -> None:
        waiter: asyncio.Future[None] | None = getattr(self, name)
        if waiter is not None:
            setattr(self, name, None)
            waiter.set_result(None)


AnyOutlet = Outlet | Mailbox


def write_to_all(outlets: Iterable[AnyOutlet], buffer: bytes) -> list[AnyOutlet]:
    """Write one buffer to many outlets. Returns those that had no room for it and got nothing.

    This is the inner loop of everything.
    """
    size = len(buffer)
    refused: list[AnyOutlet] = []
    for outlet in outlets:
        if outlet._is_direct:
            try:
                sent = outlet.send(buffer)  # type: ignore[union-attr]
            except BlockingIOError:
                sent = 0
            except OSError:
                outlet.abort()  # type: ignore[union-attr]
                continue
            if sent != size:
                outlet._write_rest(buffer, sent)  # type: ignore[union-attr]
        elif outlet._has_room_for(size):
            outlet._write(buffer)
        else:
            refused.append(outlet)
    return refused
