"""Engine.IO 4 over polling requests and WebSockets: sessions for any application that takes messages."""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from hubbub.protocol.foreign import engineio
from hubbub.protocol.foreign.engineio import BadPacket, EngineIoPacket, EngineIoSettings
from hubbub.protocol.wires import BINARY, Wire, frame
from hubbub.server.engine.outlet import Mailbox, Outlet
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links, Owner, place_of
from hubbub.server.transports.handshake import is_handshake, require_handshake
from hubbub.server.transports.steps import in_steps
from hubbub.server.transports.websocket import Socket

POLLING, WEBSOCKET = "polling", "websocket"
UPGRADE_TIMEOUT = 10.0  # seconds
SEPARATOR = engineio.SEPARATOR.encode()
# The numbers are those of the reference implementation; clients show the message.
UNKNOWN_TRANSPORT = {"code": 0, "message": "Transport unknown"}
UNKNOWN_SESSION = {"code": 1, "message": "Session ID unknown"}
BAD_METHOD = {"code": 2, "message": "Bad handshake method"}
BAD_REQUEST = {"code": 3, "message": "Bad request"}
BAD_VERSION = {
    "code": 5,
    "message": "Unsupported protocol version: this server speaks Engine.IO 4, as socket.io-client 3 and 4 do",
}


class EngineIoApplication(Protocol):
    """The application behind a session."""

    async def hear(self, message: str | bytes) -> None:
        """A message came. Raises BadPacket if the application can't take it."""

    def move(self, outlet: Outlet) -> None:
        """Write to another outlet from now on."""

    def end(self) -> None:
        """The session has ended."""


class EngineIoSession:
    """One client, which polls first or uses a WebSocket at once.

    Output goes to `outlet` as packets, made by `send` or by one of the two wire forms.
    """

    def __init__(self, server: "EngineIo", owner: Owner) -> None:
        self.sid = secrets.token_urlsafe(15)
        self.key = self.sid, owner
        self.outlet: Outlet = Mailbox(server.polling, SEPARATOR)
        self.is_polling = True
        self.is_over = False
        self.application: EngineIoApplication
        self.place: Place
        self._server = server
        self._poll: asyncio.Task[object] | None = None
        self._stamps: dict[str, str | None] = {}  # of the last request of each method
        self._is_upgrading = False
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._hang_up: Callable[[], object] = lambda: None

    def send(self, *messages: str | bytes) -> None:
        """Send messages, after what was written before."""
        for message in messages:
            self.outlet.queue(self.encoded(EngineIoPacket(engineio.MESSAGE, message)))

    def encoded(self, packet: EngineIoPacket) -> bytes:
        """Encode a packet for the outlet."""
        if self.is_polling:
            return engineio.encode_record(packet).encode()
        return _framed(packet)

    def begin(self, request: web.Request, *, can_upgrade: bool) -> None:
        """Open the session for a request: tell the client, and start the heartbeat."""
        settings = self._server.settings
        opening = engineio.handshake(self.sid, settings, can_upgrade=can_upgrade)
        self.outlet.queue(self.encoded(opening))
        self.place = place_of(request)
        self.application = self._server.make(self, request)
        self._in(settings.ping_interval, self._ping)

    def attach(self, outlet: Outlet, hang_up: Callable[[], object]) -> None:
        """Write to a WebSocket from now on."""
        self.outlet, self.is_polling, self._hang_up = outlet, False, hang_up

    async def hear(self, packet: EngineIoPacket) -> None:
        """Handle a packet. Raises BadPacket."""
        match packet.kind:
            case engineio.MESSAGE:
                await self.application.hear(packet.data)
            case engineio.PONG:
                self._in(self._server.settings.ping_interval, self._ping)
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
        self._server.sessions.pop(self.key, None)
        self.application.end()
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
        assert isinstance(self.outlet, Mailbox)
        mailbox = self.outlet
        self._poll = asyncio.current_task()
        try:
            await mailbox.filled()
        except asyncio.CancelledError:
            self.close()  # the client disconnected, and may or may not have received the answer
            raise
        finally:
            self._poll = None
        return mailbox.take(self._server.settings.max_payload)

    async def receive(self, payload: str) -> None:
        """Handle the body of a POST. On an error, ends the session and raises BadPacket."""
        try:
            async with self._turn:
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
        assert isinstance(self.outlet, Mailbox)
        try:
            while waiting := self.outlet.take():
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
            self.application.move(self.outlet)

    def _seal(self) -> None:
        assert isinstance(self.outlet, Mailbox)
        self.outlet.seal()
        self._server.links.polled.discard(self.outlet)

    def _ping(self) -> None:
        self.outlet.queue(self.encoded(EngineIoPacket(engineio.PING)))
        self._in(self._server.settings.ping_timeout, self.close)

    def _in(self, milliseconds: int, act: Callable[[], object]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.is_over:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(milliseconds / 1000, act)


class EngineIo:
    """All sessions of one door. `make` gives each its application; `polling` and `websocket` are the
    wire forms that the application's own buffers have on each transport.

    `owner_of` identifies the owner by the request's credential: for others, a session doesn't exist.
    """

    def __init__(
        self,
        make: Callable[[EngineIoSession, web.Request], EngineIoApplication],
        owner_of: Callable[[web.Request], Owner],
        settings: EngineIoSettings,
        links: Links,
        polling: Wire,
        websocket: Wire,
    ) -> None:
        self.make = make
        self.owner_of = owner_of
        self.settings = settings
        self.polling = polling
        self.sessions: dict[tuple[str, Owner], EngineIoSession] = {}
        self.links = links
        self._websocket = websocket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request to the door."""
        query = request.query
        transport, sid = query.get("transport"), query.get("sid")
        if query.get("EIO") != engineio.VERSION:
            return _refusal(BAD_VERSION)
        if transport not in (POLLING, WEBSOCKET) or "j" in query:
            return _refusal(UNKNOWN_TRANSPORT)
        session = self._session_of(request)
        if sid is not None and session is None:
            return _refusal(UNKNOWN_SESSION)
        if transport == WEBSOCKET:
            return await self._serve_websocket(request, session)
        if session is None:
            return self._open(request) if request.method == "GET" else _refusal(BAD_METHOD)
        if not session.is_polling:
            return _refusal(BAD_REQUEST)
        return await self._serve_polling(request, session)

    def place(self, request: web.Request) -> Place | None:
        """Return the place of the session that a request belongs to."""
        session = self._session_of(request)
        return None if session is None else session.place

    def _session_of(self, request: web.Request) -> EngineIoSession | None:
        sid = request.query.get("sid")
        return None if sid is None else self.sessions.get((sid, self.owner_of(request)))

    def let_polls_go(self) -> None:
        """End polling sessions; WebSockets are links and are closed as such."""
        for session in [s for s in self.sessions.values() if s.is_polling]:
            session.close()

    def _open(self, request: web.Request) -> web.Response:
        session = EngineIoSession(self, self.owner_of(request))
        assert isinstance(session.outlet, Mailbox)
        self.links.admit(session.outlet)
        place_of(request).keep()
        self.sessions[session.key] = session
        session.begin(request, can_upgrade=True)
        return _payload(session.outlet.take())

    async def _serve_polling(self, request: web.Request, session: EngineIoSession) -> web.Response:
        try:
            session.require_new(request.method, request.query.get("t"))
            if request.method == "GET":
                return _payload(await session.poll())
            if request.method == "POST":
                await session.receive(await self._body(request))
                return web.Response(text="ok", content_type="text/html")
        except (BadPacket, UnicodeError):
            pass
        return _refusal(BAD_REQUEST)

    async def _body(self, request: web.Request) -> str:
        if (request.content_length or 0) > self.settings.max_payload:
            raise web.HTTPRequestEntityTooLarge(self.settings.max_payload)
        return (await request.read()).decode()

    async def _serve_websocket(
        self, request: web.Request, session: EngineIoSession | None
    ) -> web.StreamResponse:
        if not is_handshake(request):
            return _refusal(BAD_REQUEST)
        require_handshake(request)
        socket = Socket(self.links, self.settings.max_payload, None)
        response = await socket.open(request, self._websocket)
        try:
            if session is None:
                session = EngineIoSession(self, self.owner_of(request))
                self.sessions[session.key] = session
                session.attach(socket.outlet, socket.hang_up_normally)
                session.begin(request, can_upgrade=False)
            elif not await session.upgrade(socket):
                return response
            await _listen(socket, session)
        except (ConnectionError, TimeoutError):
            pass
        finally:
            if session is not None and session.outlet is socket.outlet:
                session.close()
            await socket.end()
        return response


def _framed(packet: EngineIoPacket) -> bytes:
    """A packet as a WebSocket frame."""
    whole = engineio.encode_frame(packet)
    return frame(whole, BINARY) if isinstance(whole, bytes) else frame(whole.encode())


async def _listen(socket: Socket, session: EngineIoSession) -> None:
    while (received := await socket.receive()) is not None:
        try:
            await session.hear(engineio.decode_frame(received))
        except BadPacket:
            return


def _payload(payload: bytes) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=payload, content_type="text/plain", charset="utf-8", headers=headers)


def _refusal(why: dict[str, object]) -> web.Response:
    return web.Response(status=400, text=json.dumps(why), content_type="application/json")
