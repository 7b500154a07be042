"""Open sign-up: making an account without an invite, if the settings allow it."""

import msgspec
from aiohttp import web

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.entering import (
    ENTER,
    ENTRANCE,
    SessionReply,
    Wanted,
    caller_of,
    entered,
    stranger_of,
)
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Body
from hubbub.server.people.entrance import Newcomer

IS_OPEN = web.AppKey("sign_up_is_open", bool)

resource = Resource()


class SignUp(msgspec.Struct, kw_only=True):
    """Asks for an account and a session of it."""

    handle: str
    name: str
    password: str
    wants: Wanted = "cookie"


SIGN_UP = Body(SignUp)


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/signup",
        "signUp",
        needs=ENTER,
        body=SIGN_UP,
        answers=SessionReply,
        status=201,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def sign_up(request: web.Request) -> web.Response:
    """Make an account without an invite, as a member, if this server lets anyone do that."""
    if not request.app[IS_OPEN]:
        raise RefusalError(
            "forbidden",
            "Nobody can sign up here without an invite",
            hint="Ask for an invite, or start the server with --sign-up open",
        )
    given = await SIGN_UP.read(request, stranger_of(request))
    caller = caller_of(request, given.wants)
    newcomer = Newcomer(given.handle, given.name, given.password)
    token = await request.app[ENTRANCE].sign_up(newcomer, caller)
    return entered(request, token, given.wants)
