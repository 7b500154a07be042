"""The WebSocket doors: find out which kind of client a handshake is for."""

import logging
from collections.abc import Awaitable

from aiohttp import web

from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.messages import Join
from hubbub.server.http.operations import Resource
from hubbub.server.http.requests import HUB, LINKS, LOBBY, credentials, number
from hubbub.server.http.resources import page
from hubbub.server.transports.aiohttp_internals import Response
from hubbub.server.transports.base import place_of
from hubbub.server.transports.echo import serve_echo
from hubbub.server.transports.handshake import (
    is_handshake,
    offered_subprotocols,
    require_handshake,
)
from hubbub.server.transports.native import SUBPROTOCOL, serve_native
from hubbub.server.transports.plain import serve_plain

ECHO_MAX_BYTES = web.AppKey("echo_max_bytes", int)  # 0: /echo is off

PEACEFUL = {0, Close.NORMAL, Close.GOING_AWAY, Close.RESTARTING}

log = logging.getLogger(__name__)
resource = Resource()


@resource.route("GET", "/")
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
        join = await hub.following.check(visit.principal, join)
        serving = serve_plain(request, hub, request.app[LINKS], visit, protocol, join)
        return await _told(request, "plain", serving)


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
    serving = serve_native(
        request, request.app[HUB], request.app[LINKS], credentials(request), protocol
    )
    return await _told(request, "native", serving)


@resource.route("GET", "/echo", allow_head=False)
async def echo(request: web.Request) -> web.StreamResponse:
    """Send every message back."""
    max_bytes = request.app[ECHO_MAX_BYTES]
    if not max_bytes:
        raise RefusalError("not_found", "/echo is off", hint="Start the server with --echo")
    require_handshake(request)
    protocol = next(iter(offered_subprotocols(request)), None)
    serving = serve_echo(request, request.app[LINKS], max_bytes, protocol)
    return await _told(request, "echo", serving)


async def _told(request: web.Request, door: str, serving: Awaitable[Response]) -> Response:
    """Serve a connection, and log its beginning and end, at `info` if it ends with an error."""
    facts = {"door": door, "remote": place_of(request).address}
    log.debug("connection opened", extra=facts)
    code = 0
    try:
        response = await serving
        code = response.sent_code
        return response
    finally:
        level = logging.DEBUG if code in PEACEFUL else logging.INFO
        log.log(level, "connection closed", extra=facts | {"code": code})
