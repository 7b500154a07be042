"""The door for Socket.IO clients."""

from functools import partial

from aiohttp import web

from hubbub.domain.identity import at_address
from hubbub.protocol.foreign.engineio import EngineIoSettings
from hubbub.protocol.foreign.socketio import Decoder
from hubbub.protocol.foreign.socketio_wires import SOCKETIO, SOCKETIO_POLLING
from hubbub.server.clients.socketio import SocketIo
from hubbub.server.clients.socketio_rooms import SocketIoClient, parse
from hubbub.server.http.operations import Resource
from hubbub.server.http.requests import LOBBY, credentials, owner_of
from hubbub.server.hub.hub import Hub
from hubbub.server.people.places import Place
from hubbub.server.transports.base import Links
from hubbub.server.transports.engineio import EngineIo

SOCKET_IO = web.AppKey("socket_io", EngineIo)
PATH = "/socket.io/"

resource = Resource()


@resource.route("*", PATH)
async def socket_io(request: web.Request) -> web.StreamResponse:
    """Serve a Socket.IO client: its polling requests and its WebSocket."""
    return await request.app[SOCKET_IO].handle(request)


def session_place(request: web.Request) -> Place | None:
    """Return the place of the polling session that a request belongs to, if any."""
    return request.app[SOCKET_IO].place(request) if request.path == PATH else None


def socket_io_for(hub: Hub, links: Links) -> EngineIo:
    """Return the door for Socket.IO clients."""
    size = hub.limits.message_bytes

    def make(request: web.Request) -> SocketIo:
        given = credentials(request)
        inflow = hub.throttle.inflow(at_address(given.address))
        main = partial(
            SocketIoClient,
            hub=hub,
            credentials=given,
            room=request.query.get("room") or LOBBY,
            inflow=inflow,
        )
        return SocketIo({"/": main}, decoder=Decoder(size, parse), take=inflow.take)

    settings = EngineIoSettings(max_payload=size)
    return EngineIo(make, owner_of, settings, links, SOCKETIO_POLLING, SOCKETIO)
