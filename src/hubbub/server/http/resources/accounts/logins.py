"""Logging in and out, and claiming a server that has no owner."""

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.sessions import CloseSession
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.cookies import COOKIES
from hubbub.server.http.entering import (
    ENTER,
    ENTRANCE,
    OWN_ACCOUNT,
    JoinServer,
    SessionReply,
    Wanted,
    caller_of,
    entered,
    join,
    session_of,
    stranger_of,
)
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Body
from hubbub.server.http.problems import problem
from hubbub.server.http.requests import json

resource = Resource()


class LogIn(msgspec.Struct, kw_only=True):
    """Asks for a session: as a cookie, or as a token in the answer."""

    handle: str
    password: str
    wants: Wanted = "cookie"


LOG_IN, JOIN = Body(LogIn), Body(JoinServer)


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/login",
        "logIn",
        needs=ENTER,
        body=LOG_IN,
        answers=SessionReply,
        status=201,
        refuses=frozenset({"busy"}),
    )
)
async def log_in(request: web.Request) -> web.Response:
    """Log in with a password. It opens a new session; one that the request's cookie holds ends."""
    given = await LOG_IN.read(request, stranger_of(request))
    caller = caller_of(request, given.wants)
    token = await request.app[ENTRANCE].log_in(given.handle, given.password, caller)
    return entered(request, token, given.wants)


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/logout",
        "logOut",
        needs=OWN_ACCOUNT,
        takes=(KEY,),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def log_out(request: web.Request) -> web.Response:
    """Log out: end the session that the request acts with. A cookie that is no longer good is dropped, too."""
    try:
        principal, session = session_of(request)
    except RefusalError as error:
        if error.refusal.code != "unauthenticated":
            raise
        response = problem(error.refusal)
        request.app[COOKIES].drop(request, response)
        return response
    reply = await commit(request, principal, CloseSession(room=principal.id, session=session))
    response = reply if isinstance(reply, web.Response) else json(reply)
    request.app[COOKIES].drop(request, response)
    return response


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/claim",
        "claim",
        needs=ENTER,
        body=JOIN,
        answers=SessionReply,
        status=201,
        refuses=frozenset({"busy", "gone", "conflict"}),
    )
)
async def claim(request: web.Request) -> web.Response:
    """Claim a server that has no owner: make the owner's account, by the link that the server showed at its start."""
    return await join(request, JOIN)
