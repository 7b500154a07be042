from aiohttp import web

from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, SEQ, Body
from hubbub.server.http.requests import principal_of
from tests.support.wave.aspect import MAY_WAVE
from tests.support.wave.command import Wave

WAVE = Body(Wave)

resource = Resource()


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/rooms/{room}/messages/{seq}/waves",
        "wave",
        needs=MAY_WAVE,
        takes=(ROOM, SEQ, KEY),
        body=WAVE,
        answers=ChangeReply,
        status=201,
        refuses=frozenset({"busy", "gone"}),
    )
)
async def wave(request: web.Request) -> ChangeReply | web.Response:
    """Wave at a message."""
    principal, known = principal_of(request), {"room": ROOM.of(request), "seq": SEQ.of(request)}
    return await commit(request, principal, await WAVE.read(request, principal, **known))
