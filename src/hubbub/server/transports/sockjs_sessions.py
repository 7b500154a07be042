"""A session of SockJS 0.3.x: what is sent to it waits for its connection, or for its polls; of which door, it doesn't know."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from hubbub.protocol import sockjs
from hubbub.protocol.errors import Close
from hubbub.protocol.sockjs_wires import SEPARATOR, SockJsWire
from hubbub.server.outlet import AnyOutlet, Mailbox
from hubbub.server.places import Place

DISCONNECT_DELAY = 5.0  # seconds without a request that takes what waits


class SockJsApplication(Protocol):
    """What is behind a session."""

    async def hear(self, message: str) -> None:
        """A message came. Raises RefusalError if it was refused, and the application has no words for that."""

    def end(self) -> None:
        """The session is over."""


class SockJsSession:
    """One client. What it is sent goes to `outlet`, by `send` or in the service's wire form."""

    def __init__(self, outlet: AnyOutlet, wire: SockJsWire) -> None:
        self.outlet = outlet
        self.wire = wire
        self.closed_with: tuple[int, str] | None = None
        self.hang_up: Callable[[], object] = lambda: None
        self.application: SockJsApplication | None = None

    def send(self, *messages: str) -> None:
        """Send messages, after what was written before."""
        self.outlet.queue(self.wire.messages(messages))

    def close(self, code: int = Close.NORMAL, reason: str = "Normal closure") -> None:
        """End it; the client is told why."""
        if self.closed_with is not None:
            return
        self.closed_with = code, reason
        if self.application is not None:
            self.application.end()
        if isinstance(self.outlet, Mailbox):
            self.outlet.seal()
        self.hang_up()


class PolledSession(SockJsSession):
    """A session without a connection of its own: requests come and take what waits."""

    def __init__(self, wire: SockJsWire, place: Place, forget: Callable[[], None]) -> None:
        self.place = place
        self.mailbox = Mailbox(wire, SEPARATOR)
        super().__init__(self.mailbox, wire)
        self.is_taken = False  # a request waits
        self.is_told = False  # that it is open
        self.turn = asyncio.Lock()
        self._forget = forget
        self._timer: asyncio.TimerHandle | None = None

    async def frames(self, heartbeat: float, room: int) -> AsyncIterator[str]:
        """Frames, as they come, until the session is over; each array of about `room` bytes at most."""
        if not self.is_told:
            self.is_told = True
            yield sockjs.OPEN
        while True:
            waiting = self.mailbox.take(room)
            if waiting:
                yield sockjs.array(waiting.decode())
                continue
            if self.closed_with is not None:
                yield sockjs.closing(*self.closed_with)
                return
            try:
                async with asyncio.timeout(heartbeat):
                    await self.mailbox.filled()
            except TimeoutError:
                yield sockjs.HEARTBEAT

    def take(self) -> None:
        """A request comes for what waits."""
        self.is_taken = True
        if self._timer is not None:
            self._timer.cancel()

    def let_go(self, *, was_cut: bool) -> None:
        """It is gone: the next has some seconds, or, if it was cut off, nobody knows what arrived."""
        self.is_taken = False
        if was_cut:
            self._expire()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(DISCONNECT_DELAY, self._expire)

    def _expire(self) -> None:
        self._forget()
        self.close(1002, "Connection interrupted")
