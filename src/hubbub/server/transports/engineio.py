"""The door of Engine.IO 4: polling requests and WebSockets, which carry the traffic of sessions for any client."""

import json
from collections.abc import Callable

from aiohttp import web

from hubbub.protocol.errors import RefusalError
from hubbub.protocol.foreign import engineio
from hubbub.protocol.foreign.engineio import BadPacket, EngineIoSettings
from hubbub.protocol.wires import Wire
from hubbub.server.clients.base import ServedClient
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links
from hubbub.server.transports.engineio_sessions import EngineIoSession
from hubbub.server.transports.handshake import is_handshake, require_handshake
from hubbub.server.transports.requests import Owner, SessionKey, place_of
from hubbub.server.transports.websocket import Socket

POLLING, WEBSOCKET = "polling", "websocket"
# The numbers are those of the reference implementation; clients show the message.
UNKNOWN_TRANSPORT = {"code": 0, "message": "Transport unknown"}
UNKNOWN_SESSION = {"code": 1, "message": "Session ID unknown"}
BAD_METHOD = {"code": 2, "message": "Bad handshake method"}
BAD_REQUEST = {"code": 3, "message": "Bad request"}
BAD_VERSION = {
    "code": 5,
    "message": "Unsupported protocol version: this server speaks Engine.IO 4, as socket.io-client 3 and 4 do",
}


class EngineIo:
    """All sessions of one door. `make` gives each its client; `polling` and `websocket` are the wire forms of
    what the client is written, polled or not.

    `owner_of` identifies the owner by the request's credential: for others, a session doesn't exist.
    """

    def __init__(
        self,
        make: Callable[[web.Request], ServedClient],
        owner_of: Callable[[web.Request], Owner],
        settings: EngineIoSettings,
        links: Links,
        polling: Wire,
        websocket: Wire,
    ) -> None:
        self.sessions: dict[SessionKey, EngineIoSession] = {}
        self._make = make
        self._owner_of = owner_of
        self._settings = settings
        self._polling = polling
        self._links = links
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
        return None if sid is None else self.sessions.get((sid, self._owner_of(request)))

    def let_polls_go(self) -> None:
        """End polling sessions; WebSockets are links and are closed as such."""
        for session in [s for s in self.sessions.values() if s.is_polling]:
            session.close()

    def _open(self, request: web.Request) -> web.Response:
        session = self._new(request)
        try:
            self._links.admit(session.mailbox)
            client = self._make(request)
        except RefusalError:
            session.close()
            raise
        session.place.keep()
        session.begin(client, can_upgrade=True)
        return _payload(session.mailbox.take())

    def _new(self, request: web.Request) -> EngineIoSession:
        owner, place = self._owner_of(request), place_of(request)
        session = EngineIoSession(
            self._settings, owner, place, self._links, self._polling, self._forget
        )
        self.sessions[session.key] = session
        return session

    def _forget(self, session: EngineIoSession) -> None:
        self.sessions.pop(session.key, None)

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
        if (request.content_length or 0) > self._settings.max_payload:
            raise web.HTTPRequestEntityTooLarge(self._settings.max_payload)
        return (await request.read()).decode()

    async def _serve_websocket(
        self, request: web.Request, session: EngineIoSession | None
    ) -> web.StreamResponse:
        if not is_handshake(request):
            return _refusal(BAD_REQUEST)
        require_handshake(request)
        socket = Socket(self._links, self._settings.max_payload, None)
        response = await socket.open(request, self._websocket)
        try:
            if session is None:
                session = self._new(request)
                session.attach(socket.outlet, socket.hang_up_normally)
                session.begin(self._make(request), can_upgrade=False)
            elif not await session.upgrade(socket):
                return response
            await _listen(socket, session)
        except (ConnectionError, TimeoutError, RefusalError):
            pass
        finally:
            if session is not None and session.outlet is socket.outlet:
                session.close()
            await socket.end()
        return response


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
