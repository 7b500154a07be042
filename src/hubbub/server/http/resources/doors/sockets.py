"""The WebSocket doors: find out which kind of client a handshake is for."""

import logging

from aiohttp import web

from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.messages import Follow
from hubbub.protocol.wires import NATIVE, PLAIN, Wire
from hubbub.server.clients.base import ServedClient
from hubbub.server.clients.echo import EchoClient
from hubbub.server.clients.native import NativeClient
from hubbub.server.clients.plain import PlainClient
from hubbub.server.http.operations import Resource
from hubbub.server.http.requests import HUB, LINKS, LOBBY, credentials, number
from hubbub.server.http.resources.server import page
from hubbub.server.transports.handshake import (
    is_handshake,
    offered_subprotocols,
    require_handshake,
)
from hubbub.server.transports.requests import place_of
from hubbub.server.transports.websocket import Socket, serve_websocket

ECHO_MAX_BYTES = web.AppKey("echo_max_bytes", int)  # 0: /echo is off

PEACEFUL = {0, Close.NORMAL, Close.GOING_AWAY, Close.RESTARTING}

SUBPROTOCOL = "hubbub.v1"

log = logging.getLogger(__name__)
resource = Resource()


@resource.route("GET", "/")
async def root(request: web.Request) -> web.StreamResponse:
    """Serve the page, a plain client, or a native client that asks for its subprotocol."""
    if not is_handshake(request):
        return await page.index(request)
    require_handshake(request)
    offered = offered_subprotocols(request)
    if SUBPROTOCOL in offered:
        return await native(request)
    join = Follow(
        room=request.query.get("room") or LOBBY,
        since=number(request, "since"),
        epoch=request.query.get("epoch") or None,
    )
    client = PlainClient(request.app[HUB], credentials(request), join)
    try:
        await client.check()
    except BaseException:
        client.end()
        raise
    # Any subprotocol will do: what the frames mean is up to the clients.
    return await _serve(request, "plain", client, PLAIN, next(iter(offered), None))


@resource.route("GET", "/ws", allow_head=False)
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
    client = NativeClient.greet(request.app[HUB], credentials(request))
    return await _serve(request, "native", client, NATIVE, protocol)


@resource.route("GET", "/echo", allow_head=False)
async def echo(request: web.Request) -> web.StreamResponse:
    """Send every message back."""
    max_bytes = request.app[ECHO_MAX_BYTES]
    if not max_bytes:
        raise RefusalError("not_found", "/echo is off", hint="Start the server with --echo")
    require_handshake(request)
    protocol = next(iter(offered_subprotocols(request)), None)
    return await _serve(request, "echo", EchoClient(), NATIVE, protocol, max_bytes)


async def _serve(
    request: web.Request,
    door: str,
    client: ServedClient,
    wire: Wire,
    protocol: str | None,
    max_bytes: int | None = None,
) -> web.StreamResponse:
    """Carry a client, and log its beginning and end, at `info` if it ends with an error."""
    app = request.app
    most = app[HUB].limits.message_bytes if max_bytes is None else max_bytes
    socket = Socket(app[LINKS], most, protocol)
    facts = {"door": door, "remote": place_of(request).address}
    log.debug("connection opened", extra=facts)
    code = 0
    try:
        response = await serve_websocket(request, socket, wire, client)
        code = response.sent_code
        return response
    finally:
        level = logging.DEBUG if code in PEACEFUL else logging.INFO
        log.log(level, "connection closed", extra=facts | {"code": code})
