"""The ways in that the settings leave open, so that the page shows those and no others."""

import msgspec
from aiohttp import web

from hubbub.server.http.entering import ENTER
from hubbub.server.http.operations import HttpOperation, Resource

resource = Resource()


class WaysReply(msgspec.Struct):
    """How people come in, besides by a password or an invite.

    `sign_up`: anyone may make an account. `guests`: people may come in without one. `provider` is the host at which
    they can sign in, if there is one.
    """

    sign_up: bool
    guests: bool
    provider: str | None


WAYS = web.AppKey("ways", WaysReply)


@resource.operation(
    HttpOperation("GET", "/api/v1/ways", "listWays", needs=ENTER, answers=WaysReply)
)
async def list_ways(request: web.Request) -> WaysReply:
    """Tell how people come in."""
    return request.app[WAYS]
