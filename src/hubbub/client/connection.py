"""The connection: stays connected until it is closed or a retry can't help, and passes on what comes."""

import asyncio
import logging
import weakref
from typing import NamedTuple, NoReturn

from hubbub.client.account.keeping import Keeper
from hubbub.client.account.sight import Sight
from hubbub.client.errors import Closed, Refused, Unreachable
from hubbub.client.rooms.newest import Newest
from hubbub.client.rooms.rooms import Rooms
from hubbub.client.wire.exchange import Exchange
from hubbub.client.wire.frames import read
from hubbub.client.wire.link import ClientLink, LinkLost, Outside
from hubbub.client.wire.reconnect import Reconnector, Welcome
from hubbub.client.wire.states import ConnectionState, Status, step
from hubbub.events import Events
from hubbub.protocol.messages import (
    Closing,
    Hello,
    Moved,
    Presence,
    Receipt,
    Reply,
    ThreadsMoved,
    Typing,
    Unfollowed,
    Value,
)
from hubbub.protocol.presence import PresenceChanged

log = logging.getLogger("hubbub.client")


class Hearers(NamedTuple):
    """Whom what comes concerns."""

    exchange: Exchange
    rooms: Rooms
    keeper: Keeper
    sight: Sight


class Connection:
    """One identity's connection, across reconnects.

    Attributes:
        status: its state, and the cause.
        welcome: the last greeting of the server. None before the first connection.
    """

    def __init__(
        self,
        url: str,
        hello: Hello,
        outside: Outside,
        hearers: Hearers,
        events: Events,
        open_timeout: float | None,
    ) -> None:
        """`events` are the kinds that are known."""
        self.status = Status(ConnectionState.DISCONNECTED)
        self.welcome: Welcome | None = None
        self._exchange, self._rooms, self._keeper, self._sight = hearers
        self._events = events
        self._open_timeout = open_timeout
        self._reconnector = Reconnector(url, hello, outside, self._serve, self._report)
        self._running: asyncio.Task[None] | None = None
        self._listeners: weakref.WeakSet[Newest[Status]] = weakref.WeakSet()
        self._first = asyncio.Event()  # set once connected or given up
        self._failure: Exception | None = None
        self._obstacle = ""  # why the last attempt failed

    def statuses(self) -> Newest[Status]:
        """See the client."""
        listener: Newest[Status] = Newest(16)
        listener.put(object(), self.status)
        if self.status.state is ConnectionState.CLOSED:
            listener.end()
        self._listeners.add(listener)
        return listener

    async def open(self, url: str) -> None:
        """See the client, which was given this address."""
        if self._running is not None:
            raise RuntimeError("This client was opened before; make a new one with connect()")
        self._exchange.open()
        self._running = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(self._open_timeout):
                await self._first.wait()
        except TimeoutError:
            await self.close()
            raise Unreachable(f"Can't reach {url}: {self._obstacle or 'no answer'}") from None
        except BaseException:
            await self.close()
            raise
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """See the client."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        self._finish(Closed(None, ""), is_fault=False)

    async def _run(self) -> None:
        """Stay connected until a retry can't help. However it ends, no caller is left waiting."""
        try:
            await self._reconnector.run()
        except LinkLost as lost:
            self._finish(Closed(lost.code, lost.reason))
        except Refused as refusal:
            self._failure = refusal
            self._finish(Closed(None, str(refusal)))
        except Exception as error:  # a bug of ours
            log.exception("Internal error in the client")
            self._finish(Closed(None, f"Internal error in the client: {error!r}"))

    async def _serve(self, link: ClientLink, welcome: Welcome) -> NoReturn:
        """Use a connection until it is lost."""
        self.welcome = welcome
        self._exchange.limit(welcome.limits.message_bytes)
        self._rooms.resume(welcome.epoch)
        self._sight.resume()
        self._first.set()
        writing = asyncio.create_task(self._write(link))
        try:
            await self._read(link)
        finally:
            writing.cancel()
            self._exchange.link_lost()
            self._rooms.link_lost()

    async def _write(self, link: ClientLink) -> None:
        try:
            await self._exchange.write(link)
        except LinkLost:
            await link.close()  # ends reading too

    async def _read(self, link: ClientLink) -> NoReturn:
        """Dispatch incoming frames."""
        come_back_after = 0.0
        while True:
            try:
                frame = read(await link.receive(), self._events)
            except LinkLost as lost:
                raise lost.until(come_back_after) from None
            match frame:
                case Reply():
                    self._exchange.settle(frame)
                case Presence() | Typing() | Value() | Receipt() | ThreadsMoved():
                    self._rooms.hear(frame)
                case Closing():
                    come_back_after = frame.reconnect_after
                case Unfollowed():
                    self._rooms.cut_off(frame)
                case Moved():
                    self._rooms.moved(frame)
                case PresenceChanged():
                    self._sight.hear(frame)
                case None:
                    pass
                case _:
                    await self._rooms.deliver(frame)

    def _report(self, status: Status) -> None:
        """Change the status. All changes go through here."""
        before, self.status = self.status, step(self.status, status)
        self._obstacle = status.reason or self._obstacle
        log.info("= %s -> %s %s", before.state.value, status.state.value, status.reason)
        for listener in self._listeners:
            listener.put(object(), status)

    def _finish(self, closed: Closed, *, is_fault: bool = True) -> None:
        """Close for good. `is_fault` is false if the user closed the client."""
        if self.status.state is ConnectionState.CLOSED:
            return
        self._report(Status(ConnectionState.CLOSED, closed.code, closed.reason))
        self._failure = self._failure or closed
        self._first.set()
        self._exchange.end(closed)
        self._rooms.end(closed if is_fault else None)
        self._keeper.end(closed if is_fault else None)
        self._sight.end()
        for listener in self._listeners:
            listener.end()
