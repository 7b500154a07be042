"""A session of SockJS 0.3.x: the transport of a client, by a connection or by polls. Doesn't know the doors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.foreign import sockjs
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.foreign.sockjs_wires import SEPARATOR, SockJsWire
from hubbub.server.clients.base import Hangup, ServedClient
from hubbub.server.engine.outlet import Mailbox, Outlet
from hubbub.server.people.places import Place
from hubbub.server.transports.carrying import Carried
from hubbub.server.transports.steps import in_steps

DISCONNECT_DELAY = 5.0  # seconds that a session may be without a request


class SockJsSession:
    """The transport of one client. Output goes to `outlet`, through `send` or in the service's wire form."""

    def __init__(self, outlet: Outlet, wire: SockJsWire, tell: Callable[[int, str], None]) -> None:
        """`tell` is called once, when our side hangs up, with the code and the reason."""
        self.outlet = outlet
        self.closed_with: tuple[int, str] | None = None
        self._wire = wire
        self._tell = tell
        self._client: Carried | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a client, which may hear messages."""
        return self._client is not None

    def begin(self, make: Callable[[], ServedClient]) -> None:
        """Make its client and open it, or close with the reason why it is refused."""
        try:
            client = make()
        except RefusalError as error:
            self.hang_up(error.refusal.close, error.refusal.detail)
            return
        self._client = Carried(client, self)
        if self.closed_with is not None:  # it hung up at once
            self.gone()

    def send(self, *messages: str | bytes) -> None:
        """Queue messages, after what was written before. SockJS carries no bytes, so those are left out."""
        self.outlet.queue(self._wire.messages([m for m in messages if isinstance(m, str)]))

    async def hear(self, messages: Sequence[str]) -> Refusal | None:
        """Let the client hear messages in turn. Returns the first refusal that it could not express, if any."""
        if (client := self._client) is None:
            return None
        refusal = None
        async with client.turn:
            async for message in in_steps(messages):
                try:
                    await client.hear(message)
                except RefusalError as error:
                    refusal = refusal or error.refusal
                except Hangup as hangup:
                    self.hang_up(hangup.code)
                except BadPacket:
                    self.hang_up(Close.PROTOCOL_ERROR)
                except ConnectionError:
                    pass  # the session has ended
        return refusal

    def hang_up(self, code: int, reason: str = "") -> None:
        """End the session and tell the client why, by default in the words of the code."""
        if self.closed_with is None:
            self.closed_with = code, reason or _words(code)
            self.gone()
            self._tell(*self.closed_with)

    def gone(self) -> None:
        """The client is gone, or will soon be."""
        client, self._client = self._client, None
        if client is not None:
            client.end()


class PolledSession(SockJsSession):
    """A session without a connection: requests fetch what is waiting."""

    def __init__(self, wire: SockJsWire, place: Place, forget: Callable[[], None]) -> None:
        self.place = place
        self.mailbox = mailbox = Mailbox(wire, SEPARATOR)
        super().__init__(mailbox, wire, lambda *_: mailbox.seal())
        self.is_taken = False  # a request is waiting for output
        self.is_told = False  # the client was told that the session is open
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
        self.hang_up(Close.PROTOCOL_ERROR, "Connection interrupted")


def _words(code: int) -> str:
    if code == Close.NORMAL:
        return "Normal closure"
    return Close(code).name.lower().replace("_", " ") if code in set(Close) else ""
