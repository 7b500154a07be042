"""The ways in that the settings leave open, so that the page shows those and no others."""

import msgspec
from aiohttp import web

from hubbub.server.http.entering import ENTER, ENTRANCE
from hubbub.server.http.operations import HttpOperation, Resource

resource = Resource()


class Ways(msgspec.Struct):
    """The ways that the settings leave open: as in `WaysReply`."""

    sign_up: bool
    guests: bool
    provider: str | None


class WaysReply(msgspec.Struct):
    """How people come in, besides by a password or an invite.

    `sign_up`: anyone may make an account. `guests`: people may come in without one. `provider` is the host at which
    they can sign in, if there is one. `claimed`: the server has an owner; until then, its terminal shows a claim link.
    """

    sign_up: bool
    guests: bool
    provider: str | None
    claimed: bool


WAYS = web.AppKey("ways", Ways)


@resource.operation(
    HttpOperation("GET", "/api/v1/ways", "listWays", needs=ENTER, answers=WaysReply)
)
async def list_ways(request: web.Request) -> WaysReply:
    """Tell how people come in."""
    ways = request.app[WAYS]
    claimed = await request.app[ENTRANCE].is_claimed()
    return WaysReply(ways.sign_up, ways.guests, ways.provider, claimed)
