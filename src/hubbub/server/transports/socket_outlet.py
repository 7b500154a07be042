"""The outlet of a connection that an event loop keeps: writes straight to its socket where it can."""

import asyncio
from socket import AF_INET, SOCK_STREAM, SocketType
from typing import Protocol

from hubbub.protocol.foreign.deflate import deflated
from hubbub.protocol.wires import Wire
from hubbub.server.engine.outlet import MAX_QUEUED_BYTES, write_to_all
from hubbub.server.transports.aiohttp_internals import descriptor_of


class Drain(Protocol):
    """Reports that a connection has caught up with what was written."""

    async def drain(self) -> None:
        """Return once little is queued; raises ConnectionError if the connection is gone."""


class SocketOutlet(SocketType):
    """Writes whole frames to one connection, in order; nothing else may write to it.

    With nothing queued it writes straight to the socket: where each message is one write a client,
    an event loop's own bookkeeping is a seventh of the cost. What the socket does not take at once
    is queued in the transport. It is a socket object itself, over the transport's descriptor, so
    that the one loop over all clients touches one object each: with a thousand of them, what a
    write costs beside the system call is the memory that it has to fetch.
    """

    __slots__ = (
        "_drain",
        "_is_sealed",
        "_may_be_direct",
        "_pending",
        "_pending_bytes",
        "_transport",
        "_turn",
        "is_compressed",
        "is_direct",
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
        # It is only written to, which is the same for every family of addresses.
        super().__init__(AF_INET, SOCK_STREAM, 0, descriptor_of(transport))
        self.wire = wire
        self.is_compressed = is_compressed
        self._turn: asyncio.Lock | None = None
        self._transport = transport
        self._drain = drain
        is_plain = transport.get_extra_info("sslcontext") is None
        self._may_be_direct = is_told and is_plain and not transport.is_closing()
        self.is_direct = self._may_be_direct  # nothing is queued: the socket may be written to
        self._is_sealed = False
        self._pending: list[bytes] | None = None  # answers to send with the next delivery
        self._pending_bytes = 0

    def __del__(self) -> None:
        self.detach()  # the descriptor belongs to the transport, which closes it

    @property
    def turn(self) -> asyncio.Lock:
        """What cursors with much to write take, page by page. Most connections have none."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    def lost(self) -> None:
        """The connection is gone; another may soon reuse its descriptor."""
        self._may_be_direct = self.is_direct = False
        self.detach()

    @property
    def is_full(self) -> bool:
        """Whether so much is queued that reading from the peer should pause."""
        queued = self._transport.get_write_buffer_size() + self._pending_bytes
        return queued > MAX_QUEUED_BYTES // 2

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
            self.is_direct = False
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(frame)
        self._pending_bytes += len(frame)

    def flush(self) -> None:
        """Write what was queued. This may exceed the bound, as `is_full` then shows."""
        if self._pending is not None and not self._is_sealed:
            self.append(self._take_pending())

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
        self.is_direct = False

    def close(self) -> None:
        """Close the connection once everything is written."""
        self._may_be_direct = self.is_direct = False
        self._transport.close()

    def finish(self) -> None:
        """Half-close the connection once everything is written, and let the peer close it."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._may_be_direct = self.is_direct = False
        self._transport.abort()

    def has_room_for(self, size: int) -> bool:
        """Whether so many bytes are within the bound."""
        if self._is_sealed or self._transport.is_closing():
            return True  # nobody is listening; the connection is about to be taken down
        queued = self._transport.get_write_buffer_size()
        return not queued or queued + size <= MAX_QUEUED_BYTES

    def append(self, buffer: bytes) -> None:
        """Write after what is queued, and find out whether the socket can be written to again."""
        transport = self._transport
        if not (self._is_sealed or transport.is_closing()):
            transport.write(self._take_pending() + buffer if self._pending else buffer)
            self.is_direct = self._may_be_direct and not transport.get_write_buffer_size()

    def append_rest(self, buffer: bytes, sent: int) -> None:
        """Queue what the socket did not take."""
        self.is_direct = False
        self._transport.write(memoryview(buffer)[sent:])

    async def _until_drained(self) -> None:
        try:
            await self._drain.drain()
        except ConnectionError:
            pass  # `drained` checks this itself

    def _take_pending(self) -> bytes:
        pending = b"".join(self._pending or ())
        self._pending, self._pending_bytes = None, 0
        return pending
