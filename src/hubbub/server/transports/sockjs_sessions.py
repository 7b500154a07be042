"""A session of SockJS 0.3.x: its output goes to its connection, or waits for its polls. Doesn't know the doors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from hubbub.protocol.errors import Close
from hubbub.protocol.foreign import sockjs
from hubbub.protocol.foreign.sockjs_wires import SEPARATOR, SockJsWire
from hubbub.server.engine.outlet import Mailbox, Outlet
from hubbub.server.people.places import Place

DISCONNECT_DELAY = 5.0  # seconds that a session may be without a request


class SockJsApplication(Protocol):
    """The application behind a session."""

    async def hear(self, message: str) -> None:
        """A message came. Raises RefusalError if it was refused and the application can't tell the client."""

    def end(self) -> None:
        """The session has ended."""


class SockJsSession:
    """One client. Output goes to `outlet`, through `send` or in the service's wire form."""

    def __init__(self, outlet: Outlet, wire: SockJsWire) -> None:
        self.outlet = outlet
        self.wire = wire
        self.closed_with: tuple[int, str] | None = None
        self.hang_up: Callable[[], object] = lambda: None
        self.application: SockJsApplication | None = None

    def send(self, *messages: str) -> None:
        """Send messages, after what was written before."""
        self.outlet.queue(self.wire.messages(messages))

    def close(self, code: int = Close.NORMAL, reason: str = "Normal closure") -> None:
        """End the session and tell the client why."""
        if self.closed_with is not None:
            return
        self.closed_with = code, reason
        if self.application is not None:
            self.application.end()
        if isinstance(self.outlet, Mailbox):
            self.outlet.seal()
        self.hang_up()


class PolledSession(SockJsSession):
    """A session without a connection: requests fetch what is waiting."""

    def __init__(self, wire: SockJsWire, place: Place, forget: Callable[[], None]) -> None:
        self.place = place
        self.mailbox = Mailbox(wire, SEPARATOR)
        super().__init__(self.mailbox, wire)
        self.is_taken = False  # a request is waiting for output
        self.is_told = False  # the client was told that the session is open
        self.turn = asyncio.Lock()
        self._forget = forget
        self._timer: asyncio.TimerHandle | None = None

    async def frames(self, heartbeat: float, room: int) -> AsyncIterator[str]:
        """Yield frames as they come, until the session ends; each array has at most about `room` bytes."""
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
        """A request has come to fetch what is waiting."""
        self.is_taken = True
        if self._timer is not None:
            self._timer.cancel()

    def let_go(self, *, was_cut: bool) -> None:
        """The request has ended: wait some seconds for the next or, if it was cut off, expire, since data may be lost."""
        self.is_taken = False
        if was_cut:
            self._expire()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(DISCONNECT_DELAY, self._expire)

    def _expire(self) -> None:
        self._forget()
        self.close(1002, "Connection interrupted")
