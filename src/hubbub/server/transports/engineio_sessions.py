"""A session of Engine.IO 4: the transport of a client that polls, and may move to a WebSocket. Doesn't know the doors."""

import asyncio
import secrets
from collections.abc import Callable

from hubbub.protocol.errors import RefusalError
from hubbub.protocol.foreign import engineio
from hubbub.protocol.foreign.engineio import BadPacket, EngineIoPacket, EngineIoSettings
from hubbub.protocol.wires import BINARY, Wire, frame
from hubbub.server.clients.base import Hangup, ServedClient
from hubbub.server.engine.outlet import Mailbox, Outlet
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links
from hubbub.server.transports.carrying import Carried
from hubbub.server.transports.requests import Owner
from hubbub.server.transports.steps import in_steps
from hubbub.server.transports.websocket import Socket

UPGRADE_TIMEOUT = 10.0  # seconds
SEPARATOR = engineio.SEPARATOR.encode()


class EngineIoSession:
    """The transport of one client, which polls first or uses a WebSocket at once.

    Output goes to `outlet` as packets, made by `send` or by the outlet's wire form.
    """

    def __init__(
        self,
        settings: EngineIoSettings,
        owner: Owner,
        place: Place,
        links: Links,
        polling: Wire,
        forget: Callable[["EngineIoSession"], None],
    ) -> None:
        """`polling` is the wire form in which it is polled. `forget` is called when it is over."""
        self.sid = secrets.token_urlsafe(15)
        self.key = self.sid, owner
        self.mailbox = Mailbox(polling, SEPARATOR)
        self.outlet: Outlet = self.mailbox
        self.is_polling = True
        self.is_over = False
        self.place = place
        self._settings = settings
        self._links = links
        self._forget = forget
        self._client: Carried | None = None  # from `begin` on
        self._poll: asyncio.Task[object] | None = None
        self._stamps: dict[str, str | None] = {}  # of the last request of each method
        self._is_upgrading = False
        self._timer: asyncio.TimerHandle | None = None
        self._hang_up: Callable[[], object] = lambda: None

    def send(self, *messages: str | bytes) -> None:
        """Queue messages, after what was written before."""
        for message in messages:
            self.outlet.queue(self.encoded(EngineIoPacket(engineio.MESSAGE, message)))

    def encoded(self, packet: EngineIoPacket) -> bytes:
        """Encode a packet for the outlet."""
        if self.is_polling:
            return engineio.encode_record(packet).encode()
        return _framed(packet)

    def begin(self, client: ServedClient, *, can_upgrade: bool) -> None:
        """Open the session: tell the client, and start the heartbeat."""
        opening = engineio.handshake(self.sid, self._settings, can_upgrade=can_upgrade)
        self.outlet.queue(self.encoded(opening))
        self._client = Carried(client, self)
        if self.is_over:  # it hung up at once
            self._client.end()
        self._in(self._settings.ping_interval, self._ping)

    def hang_up(self, code: int, reason: str = "") -> None:
        """End the session. Engine.IO has no codes."""
        self.close()

    def attach(self, outlet: Outlet, hang_up: Callable[[], object]) -> None:
        """Write to a WebSocket from now on."""
        self.outlet, self.is_polling, self._hang_up = outlet, False, hang_up

    async def hear(self, packet: EngineIoPacket) -> None:
        """Handle a packet. Raises BadPacket."""
        match packet.kind:
            case engineio.MESSAGE:
                try:
                    await self._carried.hear(packet.data)
                except Hangup as hangup:
                    self.hang_up(hangup.code)
                except (RefusalError, ConnectionError):
                    pass  # nothing can be told here, or the session has ended
            case engineio.PONG:
                self._in(self._settings.ping_interval, self._ping)
            case engineio.CLOSE:
                self.close(engineio.NOOP)
            case _:
                raise BadPacket("Unexpected packet type")

    def close(self, last: str = engineio.CLOSE) -> None:
        """End the session; a waiting poll gets a `last` packet."""
        if self.is_over:
            return
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._forget(self)
        if self._client is not None:
            self._client.end()
        self.place.leave()
        if self.is_polling:
            self.outlet.queue(self.encoded(EngineIoPacket(last)))
            self._seal()
        self._hang_up()

    def require_new(self, method: str, stamp: str | None) -> None:
        """End the session if a request is repeated, as browsers do after a lost answer.

        The content of the answer is gone, so the client must reconnect. Raises BadPacket.
        """
        if stamp is not None and self._stamps.get(method) == stamp:
            self.close()
            raise BadPacket("Repeated request: it was answered before")
        self._stamps[method] = stamp

    async def poll(self) -> bytes:
        """Return what is waiting for the client, or wait for something. A second simultaneous poll ends the session."""
        if self._poll is not None:
            self.close()
            raise BadPacket("Another poll is in progress")
        if self._is_upgrading:
            return engineio.NOOP.encode()
        self._poll = asyncio.current_task()
        try:
            await self.mailbox.filled()
        except asyncio.CancelledError:
            self.close()  # the client disconnected, and may or may not have received the answer
            raise
        finally:
            self._poll = None
        return self.mailbox.take(self._settings.max_payload)

    async def receive(self, payload: str) -> None:
        """Handle the body of a POST. On an error, ends the session and raises BadPacket."""
        try:
            async with self._carried.turn:
                async for record in in_steps(payload.split(engineio.SEPARATOR)):
                    await self.hear(engineio.decode_record(record))
        except BadPacket:
            self.close()
            raise

    async def upgrade(self, socket: Socket) -> bool:
        """Move from polling to a WebSocket, if the client completes the upgrade.

        Of several WebSockets only one takes over the session; the caller closes the others.
        """
        if not self._may_upgrade:
            return False
        async with asyncio.timeout(UPGRADE_TIMEOUT):
            if await socket.receive() != engineio.PING + engineio.PROBE or not self._may_upgrade:
                return False
            socket.outlet.queue(frame((engineio.PONG + engineio.PROBE).encode()))
            return await self._switch(socket)

    @property
    def _may_upgrade(self) -> bool:
        return self.is_polling and not self._is_upgrading

    async def _switch(self, socket: Socket) -> bool:
        """Release a waiting poll, wait for the client to confirm the upgrade, and move."""
        self._is_upgrading = True  # polls return at once from now on
        try:
            if self._poll is not None:
                self.outlet.queue(engineio.NOOP.encode())
                await asyncio.wait({self._poll})
            if await socket.receive() != engineio.UPGRADE or self.is_over:
                return False
            await self._move_to(socket)
            return not self.is_over
        finally:
            self._is_upgrading = False

    async def _move_to(self, socket: Socket) -> None:
        """Pass on what is waiting, and what comes meanwhile; then write to the WebSocket."""
        try:
            while waiting := self.mailbox.take():
                async for record in in_steps(waiting.decode().split(engineio.SEPARATOR)):
                    packet = engineio.decode_record(record)
                    if packet.kind != engineio.NOOP:
                        socket.outlet.queue(_framed(packet))
                if socket.outlet.is_full:
                    await socket.outlet.drained()
        except BaseException:
            self.close()  # some of it is lost
            raise
        if not self.is_over:
            self._seal()
            self.attach(socket.outlet, socket.hang_up_normally)
            self._carried.move()
            async with self._carried.turn:
                pass  # a request that it sent before is heard first

    def _seal(self) -> None:
        self.mailbox.seal()
        self._links.polled.discard(self.mailbox)

    @property
    def _carried(self) -> Carried:
        assert self._client is not None
        return self._client

    def _ping(self) -> None:
        self.outlet.queue(self.encoded(EngineIoPacket(engineio.PING)))
        self._in(self._settings.ping_timeout, self._time_out)

    def _time_out(self) -> None:
        """No pong came in time, unless it waits behind a message that is being carried out."""
        if self._carried.is_hearing:
            self._in(self._settings.ping_timeout, self._time_out)
        else:
            self.close()

    def _in(self, milliseconds: int, act: Callable[[], object]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.is_over:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(milliseconds / 1000, act)


def _framed(packet: EngineIoPacket) -> bytes:
    """A packet as a WebSocket frame."""
    whole = engineio.encode_frame(packet)
    return frame(whole, BINARY) if isinstance(whole, bytes) else frame(whole.encode())
