"""The client: who one is and the rooms one follows, over one link after another."""

import asyncio
import logging
import secrets
import weakref
from types import TracebackType
from typing import NoReturn, Self

from hubbub.client import verbs
from hubbub.client.address import DEFAULT_URL, websocket_url
from hubbub.client.errors import Closed, Refused, Unreachable
from hubbub.client.exchange import Exchange
from hubbub.client.frames import read
from hubbub.client.link import ClientLink, LinkLost, Outside
from hubbub.client.newest import Newest
from hubbub.client.reconnect import Reconnector, Welcome
from hubbub.client.room import Room
from hubbub.client.rooms import Rooms
from hubbub.client.states import ConnectionState, Status, step
from hubbub.client.verbs import Acknowledgement
from hubbub.protocol.messages import Closing, Hello, Page, Presence, Reply, Typing, Value

MAX_QUEUED = 1000

log = logging.getLogger("hubbub.client")


class Client:
    """One person's link to a server; made by `connect`.

    Attributes:
        url: the address as it was given.
        status: the connection state, and how it came to be.
        welcome: what the server last said of itself and of us; None before the first connection.
    """

    def __init__(  # noqa: PLR0913 - what can be set
        self,
        url: str = DEFAULT_URL,
        *,
        name: str | None = None,
        token: str | None = None,
        key: str | None = None,
        open_timeout: float | None = 10.0,
        patience: float = 30.0,
        max_queued: int = MAX_QUEUED,
        outside: Outside | None = None,
    ) -> None:
        outside = outside or Outside()
        hello = Hello(name=name, key=key or secrets.token_urlsafe(24), token=token)
        self.status = Status(ConnectionState.DISCONNECTED)
        self.welcome: Welcome | None = None
        self.url = url
        self._open_timeout = open_timeout
        self._exchange = Exchange(outside, patience)
        self._rooms = Rooms(outside, self._exchange, max_queued)
        self._reconnector = Reconnector(
            websocket_url(url), hello, outside, self._serve, self._report
        )
        self._running: asyncio.Task[None] | None = None
        self._listeners: weakref.WeakSet[Newest[Status]] = weakref.WeakSet()
        self._first = asyncio.Event()  # connected, or given up
        self._failure: Exception | None = None

    @property
    def user(self) -> str:
        """The name that the server knows us by; empty before the first connection."""
        return self.welcome.user if self.welcome else ""

    def statuses(self) -> Newest[Status]:
        """The status now and each that follows, for `async for`; a slow reader gets the newest 16."""
        listener: Newest[Status] = Newest(16)
        listener.put(object(), self.status)
        if self.status.state is ConnectionState.CLOSED:
            listener.end()
        self._listeners.add(listener)
        return listener

    async def open(self) -> Self:
        """Connect; `async with` does it for you.

        Raises:
            Unreachable: no connection within `open_timeout`.
            Refused: the server does not take us under that name.
            Closed: the server, or what answers there, does not take us at all.
        """
        if self._running is not None:
            raise RuntimeError("a client is opened once; make another")
        self._exchange.open()
        self._running = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(self._open_timeout):
                await self._first.wait()
        except TimeoutError:
            reason = self.status.reason or "no answer"
            await self.close()
            raise Unreachable(f"{self.url} can't be reached: {reason}") from None
        except BaseException:
            await self.close()
            raise
        if self._failure is not None:
            raise self._failure
        return self

    async def close(self) -> None:
        """Say goodbye (close code 1000) and end; safe to call again."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        self._finish(Closed(None, ""), is_fault=False)

    async def join(
        self,
        room: str,
        *,
        since: int | None = None,
        epoch: str | None = None,
        max_missed: int | None = None,
    ) -> Room:
        """Follow a room: from a snapshot of it as it is now, or from a position.

            room = await me.join("lobby")                             # now
            room = await me.join("lobby", since=seq, epoch=epoch)     # where you were

        Args:
            room: 1 to 64 letters, digits or `_ - . : @ + ~`.
            since: go on after this seq; 0 plays the room from its beginning.
            epoch: the log that `since` is of; if that log is gone, there is a `Reset`.
            max_missed: rather have a snapshot (and a `Reset`) than more missed events than this.

        Raises:
            ValueError: the room is joined already.
            Refused: `bad_position`, or not allowed.
            Unknown, Closed: the client is closed.
        """
        reading = await self._rooms.join(room, since, epoch, max_missed)
        return Room(room, reading, self._exchange, self._rooms.leave)

    async def post(
        self,
        room: str,
        message: str | bytes,
        *,
        reply_to: int | None = None,
        client_message_id: str | None = None,
    ) -> Acknowledgement:
        """As `Room.post`, in a room that need not be joined."""
        return await verbs.post(self._exchange, room, message, reply_to, client_message_id)

    async def history(
        self, room: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """As `Room.history`, of a room that need not be joined."""
        return await verbs.history(self._exchange, room, before, after, limit)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self) -> None:
        """Stay connected until there is no more hope; however it ends, nobody is left waiting."""
        try:
            await self._reconnector.run()
        except LinkLost as lost:
            self._finish(Closed(lost.code, lost.reason))
        except Refused as refusal:
            self._failure = refusal
            self._finish(Closed(None, str(refusal)))
        except Exception as error:  # a fault of ours
            log.exception("the client failed")
            self._finish(Closed(None, f"a fault in the client: {error!r}"))

    async def _serve(self, link: ClientLink, welcome: Welcome) -> NoReturn:
        """Use a link until it is lost."""
        self.welcome = welcome
        self._exchange.limit(welcome.limits.message_bytes)
        self._rooms.resume()
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
            await link.close()  # so that reading ends too

    async def _read(self, link: ClientLink) -> NoReturn:
        """Hand on what comes."""
        come_back_after = 0.0
        while True:
            try:
                frame = read(await link.receive())
            except LinkLost as lost:
                lost.retry_after = come_back_after
                raise
            match frame:
                case Reply():
                    self._exchange.settle(frame)
                case Presence() | Typing() | Value():
                    self._rooms.hear(frame)
                case Closing():
                    come_back_after = frame.reconnect_after
                case None:
                    pass
                case _:
                    await self._rooms.deliver(frame)

    def _report(self, status: Status) -> None:
        """The one place where the state changes."""
        before, self.status = self.status, step(self.status, status)
        log.info("= %s -> %s %s", before.state.value, status.state.value, status.reason)
        for listener in self._listeners:
            listener.put(object(), status)

    def _finish(self, closed: Closed, *, is_fault: bool = True) -> None:
        """Closed for good, with a reason unless it was the user's wish."""
        if self.status.state is ConnectionState.CLOSED:
            return
        self._report(Status(ConnectionState.CLOSED, closed.code, closed.reason))
        self._failure = self._failure or closed
        self._first.set()
        self._exchange.end(closed)
        self._rooms.end(closed if is_fault else None)
        for listener in self._listeners:
            listener.end()


def connect(
    url: str = DEFAULT_URL,
    *,
    name: str | None = None,
    token: str | None = None,
    key: str | None = None,
    open_timeout: float | None = 10.0,
    patience: float = 30.0,
    max_queued: int = MAX_QUEUED,
) -> Client:
    """Connect to a server, and stay connected: for `async with`, or `await connect(…).open()`.

        import asyncio
        import hubbub

        async def main() -> None:
            async with hubbub.connect("http://localhost:8181", name="ada") as me:
                room = await me.join("lobby")
                await room.post("hello, everyone")
                async for event in room:
                    print(event)

        asyncio.run(main())

    Args:
        url: the server, as `http(s)://…`, `ws(s)://…` or `host:port`.
        name: how to be called; without one, the server makes one up.
        token: what the server's owner gave out, or a JWT that it takes; then the name comes from there.
        key: a secret that makes the name yours while you are connected, 16 to 128 characters; made up
            at random if not given, and used for all reconnects of this client.
        open_timeout: seconds to wait for the first connection; None waits for ever. Later ones
            are waited for without end.
        patience: seconds for which a command that is refused for now (`rate_limited`, `busy`,
            `unavailable`) is tried again before `Refused` is raised.
        max_queued: events kept in memory for each room while you don't take them. Beyond that the
            client stops reading, and gets them from the server's log when you are ready.

    Raises:
        ValueError: `url` is no address.
    """
    return Client(
        url,
        name=name,
        token=token,
        key=key,
        open_timeout=open_timeout,
        patience=patience,
        max_queued=max_queued,
    )
