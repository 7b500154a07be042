"""The doors for SockJS clients: native and plain."""

from aiohttp import web

from hubbub.protocol.foreign import sockjs_wires
from hubbub.protocol.messages import Follow
from hubbub.server.clients.native import NativeClient
from hubbub.server.clients.plain import PlainClient
from hubbub.server.http.operations import Resource
from hubbub.server.http.requests import LOBBY, credentials, owner_of
from hubbub.server.hub.hub import Hub
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links
from hubbub.server.transports.sockjs import SockJs, SockJsSettings

SOCK_JS = web.AppKey("sock_js", tuple[SockJs, SockJs])
PREFIX = "/sockjs"  # of the paths of both

resource = Resource()


@resource.route("*", "/sockjs")
@resource.route("*", "/sockjs/{rest:.*}")
async def sock_js(request: web.Request) -> web.StreamResponse:
    """Serve a SockJS client that sends native commands."""
    return await request.app[SOCK_JS][0].handle(request)


@resource.route("*", "/sockjs-plain")
@resource.route("*", "/sockjs-plain/{rest:.*}")
async def plain_sock_js(request: web.Request) -> web.StreamResponse:
    """Serve a SockJS client whose messages all go to everyone."""
    return await request.app[SOCK_JS][1].handle(request)


def session_place(request: web.Request) -> Place | None:
    """Return the place of the polling session that a request belongs to, if any."""
    if not request.path.startswith(PREFIX):
        return None
    for door in request.app[SOCK_JS]:
        if place := door.place(request):
            return place
    return None


def sock_js_for(hub: Hub, links: Links) -> tuple[SockJs, SockJs]:
    """Return the doors for SockJS clients: native and plain."""
    settings = SockJsSettings(max_bytes=hub.limits.message_bytes)

    def native_client(request: web.Request) -> NativeClient:
        return NativeClient.greet(hub, credentials(request))

    def plain_client(request: web.Request) -> PlainClient:
        return PlainClient(hub, credentials(request), Follow(room=LOBBY), is_told=True)

    return (
        SockJs(PREFIX, native_client, owner_of, settings, links, sockjs_wires.NATIVE),
        SockJs(f"{PREFIX}-plain", plain_client, owner_of, settings, links, sockjs_wires.PLAIN),
    )
