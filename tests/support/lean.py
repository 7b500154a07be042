"""A transport with one object for a client: transport, outlet and link, without a task of its own, and without aiohttp.

It is a sketch of what a lean connection may be, and shows that the contract has room for it. Its peer is in the same
process: it calls `arrive` and takes what was written from `written`.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.messages import Closing
from hubbub.protocol.wires import BINARY, Wire, frame
from hubbub.server.clients.base import Hangup, Later, ServedClient

BOUND = 1024 * 1024


class Lean:
    """One client's connection. `forget` is called when it is gone."""

    __slots__ = (
        "_client",
        "_coming",
        "_drained",
        "_forget",
        "_is_over",
        "_is_sealed",
        "_task",
        "code",
        "is_direct",
        "queued_bytes",
        "turn",
        "was_heard",
        "wire",
        "written",
    )
    is_compressed = False
    hears = True

    def __init__(
        self, client: ServedClient, wire: Wire, forget: Callable[["Lean"], None] = lambda _: None
    ) -> None:
        self.wire = wire
        self.turn = asyncio.Lock()
        self.was_heard = True
        self.is_direct = False  # this one has no socket to send to
        self.written = asyncio.Queue[bytes]()
        self.queued_bytes = 0
        self.code: int | None = None  # that it was hung up with
        self._client = client
        self._coming = deque[str | bytes]()
        self._drained: asyncio.Future[None] | None = None
        self._forget = forget
        self._is_over = self._is_sealed = False
        self._task: asyncio.Task[None] | None = None  # while something must be awaited
        self._do(client.open, self)

    # --- the peer

    def arrive(self, *messages: str | bytes) -> None:
        """Messages came in one read."""
        self.was_heard = True
        self._coming += messages
        self._go_on()

    def take(self, buffer: bytes) -> None:
        """The peer has taken a buffer out of `written`."""
        self.queued_bytes -= len(buffer)
        if not self.is_full and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def gone(self) -> None:
        """The peer is gone, or was told to go."""
        self._is_sealed = True
        if self._task is not None:
            self._task.cancel()  # it ends when that is over
        else:
            self._end()

    # --- the transport

    @property
    def outlet(self) -> "Lean":
        """It is its own."""
        return self

    def send(self, *messages: str | bytes) -> None:
        """Queue messages, each in a frame."""
        for each in messages:
            self.queue(frame(each.encode()) if isinstance(each, str) else frame(each, BINARY))

    def hang_up(self, code: int, reason: str = "") -> None:
        """Begin to close."""
        if not self._is_sealed:
            self._is_sealed, self.code = True, code
            self.written.put_nowait(b"")
            asyncio.get_running_loop().call_soon(self.gone)

    # --- the link

    def ping(self) -> None:
        """Say that it is there: this peer is in the same process."""
        self.was_heard = True

    def stop(self, notice: Closing) -> None:
        """Tell the client that the server stops, and begin to close."""
        self.queue(self.wire.closing(encode(notice)))
        self.hang_up(Close.RESTARTING)

    # --- the outlet

    @property
    def is_full(self) -> bool:
        """Whether half of the bound is queued."""
        return self.queued_bytes > BOUND // 2

    def has_room_for(self, size: int) -> bool:
        """Whether so many bytes are within the bound."""
        return self._is_sealed or not self.queued_bytes or self.queued_bytes + size <= BOUND

    def write(self, buffer: bytes) -> bool:
        """Write now, within the bound."""
        if not self.has_room_for(len(buffer)):
            return False
        self.append(buffer)
        return True

    def queue(self, frame: bytes) -> None:
        """Write soon."""
        if frame:
            self.append(frame)

    def append(self, buffer: bytes) -> None:
        """Write, within the bound or not."""
        if not self._is_sealed:
            self.queued_bytes += len(buffer)
            self.written.put_nowait(buffer)

    async def drained(self) -> None:
        """Wait until most of it was taken."""
        while self.is_full and not self._is_sealed:
            if self._drained is None or self._drained.done():
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        if self._is_sealed:
            raise ConnectionResetError("the peer is gone")

    def seal(self) -> None:
        """Ignore all later writes."""
        self._is_sealed = True

    # --- how its client is called

    def _go_on(self) -> None:
        while self._coming and not (self._task or self._is_sealed):
            self._do(self._client.hear, self._coming.popleft())
            if self.is_full and not self._task:
                self._start(self.drained())

    def _do(self, act: Callable[[Any], Later | None], given: object) -> None:
        try:
            if (later := act(given)) is not None:
                self._start(later)
        except Hangup as hangup:
            self.hang_up(hangup.code)
        except RefusalError:
            pass  # nothing can be told here
        except BadPacket:
            self.hang_up(Close.PROTOCOL_ERROR)

    def _start(self, later: Later) -> None:
        self._task = asyncio.create_task(later)
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        try:
            task.result()
        except Hangup as hangup:
            self.hang_up(hangup.code)
        except BadPacket:
            self.hang_up(Close.PROTOCOL_ERROR)
        except (RefusalError, ConnectionError, asyncio.CancelledError):
            pass
        if self._is_sealed:
            self._end()
        else:
            self._go_on()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._client.end()
            self._forget(self)
