"""The WebSocket doors: find out which kind of client a handshake is for."""

import logging
from collections.abc import Awaitable
from functools import partial

from aiohttp import web

from hubbub.protocol import sockjs_wires
from hubbub.protocol.engineio import EngineIoSettings
from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.messages import Join
from hubbub.protocol.socketio import Decoder
from hubbub.protocol.socketio_wires import SOCKETIO, SOCKETIO_POLLING
from hubbub.rooms.identity import at_address
from hubbub.server.http import page
from hubbub.server.http.api import LINKS
from hubbub.server.http.proxies import PROXIES
from hubbub.server.http.requests import HUB, credentials, number, owner_of
from hubbub.server.hub import Hub
from hubbub.server.places import Place
from hubbub.server.transports.base import Links
from hubbub.server.transports.echo import serve_echo
from hubbub.server.transports.engineio import EngineIo, EngineIoSession
from hubbub.server.transports.handshake import (
    is_handshake,
    offered_subprotocols,
    require_handshake,
)
from hubbub.server.transports.native import SUBPROTOCOL, serve_native
from hubbub.server.transports.plain import serve_plain
from hubbub.server.transports.socketio import SocketIo
from hubbub.server.transports.socketio_client import SocketIoClient, parse
from hubbub.server.transports.sockjs import SockJs, SockJsSettings
from hubbub.server.transports.sockjs_client import NativeClient, PlainClient
from hubbub.server.transports.sockjs_sessions import SockJsSession
from hubbub.server.transports.websocket import Response

LOBBY = "lobby"
ECHO_MAX_BYTES = web.AppKey("echo_max_bytes", int)  # 0: /echo is off
SOCKET_IO = web.AppKey("socket_io", EngineIo)
SOCK_JS = web.AppKey("sock_js", tuple[SockJs, SockJs])

PEACEFUL = {0, Close.NORMAL, Close.GOING_AWAY, Close.RESTARTING}

log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.get("/")
async def root(request: web.Request) -> web.StreamResponse:
    """Serve the page, a plain client, or a native client that asks for its subprotocol."""
    if not is_handshake(request):
        return await page.index()
    require_handshake(request)
    offered = offered_subprotocols(request)
    if SUBPROTOCOL in offered:
        return await native(request)
    join = Join(
        room=request.query.get("room") or LOBBY,
        since=number(request, "since"),
        epoch=request.query.get("epoch") or None,
    )
    hub = request.app[HUB]
    with hub.door.admitted(credentials(request)) as visit:
        # Any subprotocol will do: what the frames mean is up to the clients.
        protocol = next(iter(offered), None)
        join = await hub.check_join(visit.principal, join)
        serving = serve_plain(request, hub, request.app[LINKS], visit, protocol, join)
        return await _told(request, "plain", serving)


@routes.get("/ws", allow_head=False)
async def native(request: web.Request) -> web.StreamResponse:
    """Serve a native client."""
    require_handshake(request)
    offered = offered_subprotocols(request)
    if offered and SUBPROTOCOL not in offered:
        raise RefusalError(
            "bad_request",
            f"Unsupported subprotocols: {SUBPROTOCOL} is not among them",
            hint=f"Offer {SUBPROTOCOL}, or no subprotocol",
        )
    protocol = SUBPROTOCOL if offered else None
    serving = serve_native(
        request, request.app[HUB], request.app[LINKS], credentials(request), protocol
    )
    return await _told(request, "native", serving)


@routes.get("/echo", allow_head=False)
async def echo(request: web.Request) -> web.StreamResponse:
    """Send every message back."""
    max_bytes = request.app[ECHO_MAX_BYTES]
    if not max_bytes:
        raise RefusalError("not_found", "/echo is off", hint="Start the server with --echo")
    require_handshake(request)
    protocol = next(iter(offered_subprotocols(request)), None)
    serving = serve_echo(request, request.app[LINKS], max_bytes, protocol)
    return await _told(request, "echo", serving)


@routes.route("*", "/socket.io/")
async def socket_io(request: web.Request) -> web.StreamResponse:
    """Serve a Socket.IO client: its polling requests and its WebSocket."""
    return await request.app[SOCKET_IO].handle(request)


@routes.get("/web/{name}")
async def asset(request: web.Request) -> web.StreamResponse:
    """Serve a file of the page."""
    return await page.asset(request)


async def _told(request: web.Request, door: str, serving: Awaitable[Response]) -> Response:
    """Serve a connection, and log its beginning and end, at `info` if it ends with an error."""
    facts = {"door": door, "remote": request.app[PROXIES].address_of(request)}
    log.debug("connection opened", extra=facts)
    code = 0
    try:
        response = await serving
        code = response.sent_code
        return response
    finally:
        level = logging.DEBUG if code in PEACEFUL else logging.INFO
        log.log(level, "connection closed", extra=facts | {"code": code})


@routes.route("*", "/sockjs")
@routes.route("*", "/sockjs/{rest:.*}")
async def sock_js(request: web.Request) -> web.StreamResponse:
    """Serve a SockJS client that sends native commands."""
    return await request.app[SOCK_JS][0].handle(request)


@routes.route("*", "/sockjs-plain")
@routes.route("*", "/sockjs-plain/{rest:.*}")
async def plain_sock_js(request: web.Request) -> web.StreamResponse:
    """Serve a SockJS client whose messages all go to everyone."""
    return await request.app[SOCK_JS][1].handle(request)


def session_place(request: web.Request) -> Place | None:
    """Return the place of the polling session that a request belongs to, if any."""
    if request.path == "/socket.io/":
        return request.app[SOCKET_IO].place(request)
    places = (door.place(request) for door in request.app[SOCK_JS])
    return next(filter(None, places), None)


def sock_js_for(hub: Hub, links: Links) -> tuple[SockJs, SockJs]:
    """Return the doors for SockJS clients: native and plain."""
    settings = SockJsSettings(max_bytes=hub.limits.message_bytes)

    def native_client(session: SockJsSession, request: web.Request) -> NativeClient:
        return NativeClient(session, hub, credentials(request))

    def plain_client(session: SockJsSession, request: web.Request) -> PlainClient:
        return PlainClient(session, hub, credentials(request), LOBBY)

    return (
        SockJs("/sockjs", native_client, owner_of, settings, links, sockjs_wires.NATIVE),
        SockJs("/sockjs-plain", plain_client, owner_of, settings, links, sockjs_wires.PLAIN),
    )


def socket_io_for(hub: Hub, links: Links) -> EngineIo:
    """Return the door for Socket.IO clients."""
    size = hub.limits.message_bytes

    def make(session: EngineIoSession, request: web.Request) -> SocketIo:
        given = credentials(request)
        inflow = hub.inflow(at_address(given.address))
        main = partial(
            SocketIoClient,
            hub=hub,
            credentials=given,
            room=request.query.get("room") or LOBBY,
            inflow=inflow,
        )
        return SocketIo(session, {"/": main}, decoder=Decoder(size, parse), take=inflow.take)

    settings = EngineIoSettings(max_payload=size)
    return EngineIo(make, owner_of, settings, links, SOCKETIO_POLLING, SOCKETIO)
