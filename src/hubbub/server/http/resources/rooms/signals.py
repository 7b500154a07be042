"""Signals, which are not stored."""

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.messages import Signal
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, Body, room_key
from hubbub.server.http.requests import HUB, principal_of

SIGNAL = Body(Signal)

resource = Resource()


class SignalReply(msgspec.Struct):
    """The answer to a signal: it was passed on."""

    room: str


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/rooms/{room}/signals",
        "signal",
        needs=Operation.SIGNAL,
        takes=(ROOM,),
        body=SIGNAL,
        answers=SignalReply,
        status=202,
    )
)
async def post_signal(request: web.Request) -> SignalReply:
    """Send a signal, which is not stored."""
    principal = principal_of(request)
    signal = await SIGNAL.read(request, principal, room=await room_key(request, principal))
    await request.app[HUB].writing.signal(principal, signal)
    return SignalReply(signal.room)
