"""The doors of SockJS 0.3.x: polling, streams and WebSockets, which carry the traffic of sessions."""

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.fields import elements
from hubbub.protocol.foreign import sockjs
from hubbub.protocol.foreign.sockjs import BadPayload, HalfPair
from hubbub.protocol.foreign.sockjs_wires import Wires
from hubbub.protocol.messages import Error, Reply
from hubbub.protocol.wires import frame
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links, Owner, begin_stream, place_of
from hubbub.server.transports.handshake import is_upgrade_by, require_handshake
from hubbub.server.transports.sockjs_sessions import PolledSession, SockJsApplication, SockJsSession
from hubbub.server.transports.steps import in_steps
from hubbub.server.transports.websocket import Socket

BURST = 16  # messages of the largest size in one body: clients send everything that waited
YEAR = 31_536_000  # seconds
VERSIONS = frozenset({"7", "8", "13"})  # of WebSocket; their frames are the same
NOT_CACHED = {
    "Cache-Control": "no-store, no-cache, no-transform, must-revalidate, max-age=0",
}
CACHED = {
    "Cache-Control": f"public, max-age={YEAR}",
    "Expires": "Fri, 01 Jan 2100 00:00:00 GMT",
}
_SESSION = re.compile(r"/([^/.]+)/([^/.]+)/([a-z_]+)")
METHODS = {"xhr": "POST", "xhr_send": "POST", "xhr_streaming": "POST", "eventsource": "GET"}


class SockJsSettings(NamedTuple):
    """Settings of a service. Times are in seconds, sizes in bytes."""

    response_limit: int = 131_072  # bytes of a stream, after which the client opens the next one
    heartbeat: float = 25.0
    has_websocket: bool = True
    needs_cookie: bool = False
    max_bytes: int = 65_536


SessionKey = tuple[str, Owner]  # of a session: its name, which the client chose, and its owner


class SockJs:
    """A service below `prefix`. `make` gives each session its application.

    `owner_of` identifies the owner by the request's credential: for others, a session doesn't exist. `wires`
    are the forms of what its application writes.
    """

    def __init__(
        self,
        prefix: str,
        make: Callable[[SockJsSession, web.Request], SockJsApplication],
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
            session.close(1012, "restarting")

    async def _serve(self, request: web.Request, name: str, transport: str) -> web.StreamResponse:
        if transport == "websocket" and self._settings.has_websocket:
            return await self._serve_websocket(request, is_raw=False)
        method = METHODS.get(transport)
        if method is None:
            return web.Response(status=404)
        if request.method == "OPTIONS":
            return self._options(request, f"OPTIONS, {method}")
        if request.method != method:
            return _not_allowed(f"OPTIONS, {method}")
        key = name, self._owner_of(request)
        if transport == "xhr_send":
            return await self._take_in(request, key)
        return await self._give_out(request, key, transport)

    async def _take_in(self, request: web.Request, key: SessionKey) -> web.Response:
        session = self.sessions.get(key)
        if session is None or session.application is None:
            return web.Response(status=404)
        headers = self._headers(request) | {"Content-Type": "text/plain; charset=UTF-8"}
        try:
            messages = await _decoded((await self._body(request)).decode())
        except (BadPayload, UnicodeError) as error:
            text = str(error) if isinstance(error, BadPayload) else sockjs.BROKEN
            return web.Response(status=500, text=text)
        async with session.turn:
            refusal = await _heard(session, messages)
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
        form: "ResponseForm",
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
        form: "ResponseForm",
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
        self._start(session, request)
        return session

    def _start(self, session: SockJsSession, request: web.Request) -> None:
        try:
            session.application = self._make(session, request)
        except RefusalError as error:
            is_stranger = error.refusal.code == "unauthenticated"
            session.close(Close.UNAUTHENTICATED if is_stranger else 1008, error.refusal.detail)
            return
        if session.closed_with is not None:
            session.application.end()

    def _forget(self, key: SessionKey) -> None:
        if (session := self.sessions.pop(key, None)) is not None:
            self._links.polled.discard(session.mailbox)
            session.place.leave()

    async def _serve_websocket(self, request: web.Request, *, is_raw: bool) -> web.StreamResponse:
        if request.method != "GET":
            return _not_allowed("GET")
        if not is_upgrade_by(request, "Upgrade"):
            return web.Response(status=400, text='Can "Upgrade" only to "WebSocket".')
        if not is_upgrade_by(request, "Connection"):
            return web.Response(status=400, text='"Connection" must be "Upgrade".')
        require_handshake(request, VERSIONS)
        socket = Socket(self._links, self._settings.max_bytes, None)
        wire = self._wires.raw if is_raw else self._wires.framed
        response = await socket.open(request, wire)
        session = SockJsSession(socket.outlet, wire)
        if not is_raw:
            socket.outlet.queue(frame(sockjs.OPEN.encode()))
        session.hang_up = lambda: _end_websocket(socket, session, is_raw=is_raw)
        try:
            self._start(session, request)
            await _listen(socket, session, is_raw=is_raw)
        except ConnectionError:
            pass
        finally:
            session.hang_up = lambda: None  # nobody is left to tell
            session.close()
            await socket.end()
        return response

    def _info(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return self._options(request, "OPTIONS, GET")
        if request.method != "GET":
            return _not_allowed("OPTIONS, GET")
        told = {
            "websocket": self._settings.has_websocket,
            "cookie_needed": self._settings.needs_cookie,
            "origins": ["*:*"],
            "entropy": secrets.randbits(32),
        }
        headers = _shared(request) | NOT_CACHED
        headers["Content-Type"] = "application/json; charset=UTF-8"
        return web.Response(text=json.dumps(told), headers=headers)

    def _options(self, request: web.Request, methods: str) -> web.Response:
        headers = _shared(request) | CACHED | self._cookie(request)
        headers |= {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": str(YEAR)}
        return web.Response(status=204, headers=headers)

    def _headers(self, request: web.Request) -> dict[str, str]:
        return _shared(request) | NOT_CACHED | self._cookie(request)

    def _cookie(self, request: web.Request) -> dict[str, str]:
        """Return the cookie that some load balancers use for sticky sessions."""
        if not self._settings.needs_cookie:
            return {}
        given = request.cookies.get("JSESSIONID", "dummy")
        value = given if re.fullmatch(r"[\w.-]{1,128}", given, re.ASCII) else "dummy"
        return {"Set-Cookie": f"JSESSIONID={value}; path=/"}


class ResponseForm(NamedTuple):
    """How frames are written into a response."""

    content_type: str
    framed: Callable[[str], bytes]
    prelude: bytes = b""
    is_stream: bool = True


def _line(found: str) -> bytes:
    return found.encode() + b"\n"


def _event(found: str) -> bytes:
    """An event, whose data SockJS's client unescapes with `decodeURI`."""
    return b"data: %b\r\n\r\n" % found.replace("%", "%25").encode()


SCRIPT = "application/javascript; charset=UTF-8"
FORMS = {
    "xhr": ResponseForm(SCRIPT, _line, is_stream=False),
    "xhr_streaming": ResponseForm(SCRIPT, _line, sockjs.PRELUDE.encode()),
    "eventsource": ResponseForm("text/event-stream", _event, b"\r\n"),
}


async def _listen(socket: Socket, session: SockJsSession, *, is_raw: bool) -> None:
    while (received := await socket.receive()) is not None:
        if session.application is None or session.closed_with is not None:
            continue
        if not isinstance(received, str):
            socket.hang_up(Close.UNSUPPORTED)
            return
        if is_raw:
            await _heard(session, [received])
        elif received:  # empty messages mean nothing
            try:
                messages = await _decoded(received)
            except BadPayload:
                return
            await _heard(session, messages)


async def _decoded(payload: str) -> Sequence[str]:
    """Decode the messages of a payload. Raises BadPayload."""
    try:
        return sockjs.decode(payload)
    except HalfPair:
        await asyncio.sleep(0)
        return [message async for message in in_steps(sockjs.scan(payload))]


async def _heard(session: SockJsSession, messages: Sequence[str]) -> Refusal | None:
    """Pass messages to the application. Returns the first refusal that it could not express, if any."""
    refusal = None
    async for message in in_steps(messages):
        if session.application is not None and session.closed_with is None:
            try:
                await session.application.hear(message)
            except RefusalError as error:
                refusal = refusal or error.refusal
    return refusal


def _end_websocket(socket: Socket, session: SockJsSession, *, is_raw: bool) -> None:
    assert session.closed_with is not None
    if is_raw:
        socket.hang_up(*session.closed_with)
    else:
        socket.outlet.queue(frame(sockjs.closing(*session.closed_with).encode()))
        socket.hang_up_normally()


def _shared(request: web.Request) -> dict[str, str]:
    """Return the headers for pages of other origins; forbidden ones were refused before."""
    headers = {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}
    if origin := request.headers.get("Origin"):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    if asked := elements(request.headers, "Access-Control-Request-Headers"):
        headers["Access-Control-Allow-Headers"] = ", ".join(asked)
    return headers


def _not_allowed(methods: str) -> web.Response:
    return web.Response(status=405, headers={"Allow": methods})
