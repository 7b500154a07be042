"""The doors of SockJS 0.3.x: polling, streams and WebSockets, which carry the traffic of sessions."""

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close
from hubbub.protocol.foreign import sockjs
from hubbub.protocol.foreign.sockjs import BadPayload, HalfPair
from hubbub.protocol.foreign.sockjs_wires import Wires
from hubbub.protocol.messages import Error, Reply
from hubbub.protocol.wires import frame
from hubbub.server.clients.base import ServedClient
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links
from hubbub.server.transports.handshake import is_upgrade_by, require_handshake
from hubbub.server.transports.requests import Owner, SessionKey, begin_stream, place_of
from hubbub.server.transports.sockjs_responses import (
    CACHED,
    FORMS,
    NOT_CACHED,
    YEAR,
    ResponseForm,
    not_allowed,
    shared,
)
from hubbub.server.transports.sockjs_sessions import PolledSession, SockJsSession
from hubbub.server.transports.steps import in_steps
from hubbub.server.transports.websocket import Socket

BURST = 16  # messages of the largest size in one body: clients send everything that waited
VERSIONS = frozenset({"7", "8", "13"})  # of WebSocket; their frames are the same
_SESSION = re.compile(r"/([^/.]+)/([^/.]+)/([a-z_]+)")
METHODS = {"xhr": "POST", "xhr_send": "POST", "xhr_streaming": "POST", "eventsource": "GET"}


class SockJsSettings(NamedTuple):
    """Settings of a service. Times are in seconds, sizes in bytes."""

    response_limit: int = 131_072  # bytes of a stream, after which the client opens the next one
    heartbeat: float = 25.0
    has_websocket: bool = True
    needs_cookie: bool = False
    max_bytes: int = 65_536


class SockJs:
    """A service below `prefix`. `make` gives each session its client.

    `owner_of` identifies the owner by the request's credential: for others, a session doesn't exist. `wires`
    are the forms of what the client is written.
    """

    def __init__(
        self,
        prefix: str,
        make: Callable[[web.Request], ServedClient],
        owner_of: Callable[[web.Request], Owner],
        settings: SockJsSettings,
        links: Links,
        wires: Wires,
    ) -> None:
        self.prefix = prefix
        self.sessions: dict[SessionKey, PolledSession] = {}
        self._make = make
        self._owner_of = owner_of
        self._settings = settings
        self._links = links
        self._wires = wires

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request below the prefix."""
        path = request.path.removeprefix(self.prefix)
        if path in ("", "/") and request.method == "GET":
            return web.Response(
                text="Welcome to SockJS!\n", content_type="text/plain", charset="UTF-8"
            )
        if path == "/info":
            return self._info(request)
        if path == "/websocket" and self._settings.has_websocket:
            return await self._serve_websocket(request, is_raw=True)
        found = _SESSION.fullmatch(path)
        if found is None:
            return web.Response(status=404)
        return await self._serve(request, found[2], found[3])

    def place(self, request: web.Request) -> Place | None:
        """Return the place of the session that a request belongs to."""
        if not request.path.startswith(self.prefix):
            return None
        found = _SESSION.fullmatch(request.path.removeprefix(self.prefix))
        session = self.sessions.get((found[2], self._owner_of(request))) if found else None
        return None if session is None else session.place

    def let_polls_go(self) -> None:
        """End polling sessions; WebSockets are links and are closed as such."""
        for session in list(self.sessions.values()):
            session.hang_up(Close.RESTARTING)

    async def _serve(self, request: web.Request, name: str, transport: str) -> web.StreamResponse:
        if transport == "websocket" and self._settings.has_websocket:
            return await self._serve_websocket(request, is_raw=False)
        method = METHODS.get(transport)
        if method is None:
            return web.Response(status=404)
        if request.method == "OPTIONS":
            return self._options(request, f"OPTIONS, {method}")
        if request.method != method:
            return not_allowed(f"OPTIONS, {method}")
        key = name, self._owner_of(request)
        if transport == "xhr_send":
            return await self._take_in(request, key)
        return await self._give_out(request, key, transport)

    async def _take_in(self, request: web.Request, key: SessionKey) -> web.Response:
        session = self.sessions.get(key)
        if session is None or not session.is_open:
            return web.Response(status=404)
        headers = self._headers(request) | {"Content-Type": "text/plain; charset=UTF-8"}
        try:
            messages = await _decoded((await self._body(request)).decode())
        except (BadPayload, UnicodeError) as error:
            text = str(error) if isinstance(error, BadPayload) else sockjs.BROKEN
            return web.Response(status=500, text=text)
        refusal = await session.hear(messages)
        if refusal is None:
            return web.Response(status=204, headers=headers)
        # SockJS's client ends the session unless the status is 200 or 204.
        headers["Content-Type"] = "application/json"
        return web.Response(body=encode(Reply(error=Error.of(refusal))), headers=headers)

    async def _body(self, request: web.Request) -> bytes:
        most = BURST * self._settings.max_bytes
        if (request.content_length or 0) > most:
            raise web.HTTPRequestEntityTooLarge(most)
        return await request.clone(client_max_size=most).read()

    async def _give_out(
        self, request: web.Request, key: SessionKey, transport: str
    ) -> web.StreamResponse:
        session = self.sessions.get(key) or self._begin(request, key)
        form = FORMS[transport]
        response = web.StreamResponse(
            headers=self._headers(request)
            | {"Content-Type": form.content_type, "X-Accel-Buffering": "no"}
        )
        if form.is_stream:
            begin_stream(request, response)
        if session.is_taken:
            busy = form.framed(sockjs.closing(2010, "Another connection still open"))
            return await self._say(request, response, form, busy)
        session.take()
        was_cut = True
        try:
            await self._stream(request, response, form, session)
            was_cut = False
        except ConnectionError:
            pass
        finally:
            session.let_go(was_cut=was_cut)
        return response

    async def _stream(
        self,
        request: web.Request,
        response: web.StreamResponse,
        form: ResponseForm,
        session: PolledSession,
    ) -> None:
        limit = self._settings.response_limit
        sent = 0
        async for found in session.frames(self._settings.heartbeat, limit):
            framed = form.framed(found)
            if not form.is_stream:
                response.content_length = len(framed)
            if sent == 0:
                await response.prepare(request)
                if form.prelude:
                    await response.write(form.prelude)
            await response.write(framed)
            sent += len(framed)
            if not form.is_stream or sent >= limit:
                break
        await response.write_eof()

    async def _say(
        self,
        request: web.Request,
        response: web.StreamResponse,
        form: ResponseForm,
        framed: bytes,
    ) -> web.StreamResponse:
        await response.prepare(request)
        if form.prelude:
            await response.write(form.prelude)
        await response.write(framed)
        await response.write_eof()
        return response

    def _begin(self, request: web.Request, key: SessionKey) -> PolledSession:
        place = place_of(request)
        session = PolledSession(self._wires.polled, place, lambda: self._forget(key))
        self._links.admit(session.mailbox)
        place.keep()
        self.sessions[key] = session
        session.begin(lambda: self._make(request))
        return session

    def _forget(self, key: SessionKey) -> None:
        if (session := self.sessions.pop(key, None)) is not None:
            self._links.polled.discard(session.mailbox)
            session.place.leave()

    async def _serve_websocket(self, request: web.Request, *, is_raw: bool) -> web.StreamResponse:
        if request.method != "GET":
            return not_allowed("GET")
        if not is_upgrade_by(request, "Upgrade"):
            return web.Response(status=400, text='Can "Upgrade" only to "WebSocket".')
        if not is_upgrade_by(request, "Connection"):
            return web.Response(status=400, text='"Connection" must be "Upgrade".')
        require_handshake(request, VERSIONS)
        socket = Socket(self._links, self._settings.max_bytes, None)
        wire = self._wires.raw if is_raw else self._wires.framed
        response = await socket.open(request, wire)
        tell = partial(_close_raw if is_raw else _close_framed, socket)
        session = SockJsSession(socket.outlet, wire, tell)
        try:
            if not is_raw:
                socket.outlet.queue(frame(sockjs.OPEN.encode()))
            session.begin(lambda: self._make(request))
            await (_listen_raw if is_raw else _listen_framed)(socket, session)
        except ConnectionError:
            pass
        finally:
            session.gone()
            await socket.end()
        return response

    def _info(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return self._options(request, "OPTIONS, GET")
        if request.method != "GET":
            return not_allowed("OPTIONS, GET")
        told = {
            "websocket": self._settings.has_websocket,
            "cookie_needed": self._settings.needs_cookie,
            "origins": ["*:*"],
            "entropy": secrets.randbits(32),
        }
        headers = shared(request) | NOT_CACHED
        headers["Content-Type"] = "application/json; charset=UTF-8"
        return web.Response(text=json.dumps(told), headers=headers)

    def _options(self, request: web.Request, methods: str) -> web.Response:
        headers = shared(request) | CACHED | self._cookie(request)
        headers |= {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": str(YEAR)}
        return web.Response(status=204, headers=headers)

    def _headers(self, request: web.Request) -> dict[str, str]:
        return shared(request) | NOT_CACHED | self._cookie(request)

    def _cookie(self, request: web.Request) -> dict[str, str]:
        """Return the cookie that some load balancers use for sticky sessions."""
        if not self._settings.needs_cookie:
            return {}
        given = request.cookies.get("JSESSIONID", "dummy")
        value = given if re.fullmatch(r"[\w.-]{1,128}", given, re.ASCII) else "dummy"
        return {"Set-Cookie": f"JSESSIONID={value}; path=/"}


async def _listen_raw(socket: Socket, session: SockJsSession) -> None:
    """Each frame is a message."""
    while (received := await socket.receive()) is not None:
        if session.is_open:
            if not isinstance(received, str):
                return socket.hang_up(Close.UNSUPPORTED)
            await session.hear([received])


async def _listen_framed(socket: Socket, session: SockJsSession) -> None:
    """Each frame has some messages; empty ones mean nothing."""
    while (received := await socket.receive()) is not None:
        if session.is_open:
            if not isinstance(received, str):
                return socket.hang_up(Close.UNSUPPORTED)
            try:
                await session.hear(await _decoded(received) if received else ())
            except BadPayload:
                return None


def _close_raw(socket: Socket, code: int, reason: str) -> None:
    socket.hang_up(code, reason)


def _close_framed(socket: Socket, code: int, reason: str) -> None:
    socket.outlet.queue(frame(sockjs.closing(code, reason).encode()))
    socket.hang_up_normally()


async def _decoded(payload: str) -> Sequence[str]:
    """Decode the messages of a payload. Raises BadPayload."""
    try:
        return sockjs.decode(payload)
    except HalfPair:
        await asyncio.sleep(0)
        return [message async for message in in_steps(sockjs.scan(payload))]
