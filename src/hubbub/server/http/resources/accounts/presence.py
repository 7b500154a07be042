"""Whether somebody is there."""

from aiohttp import web

from hubbub.protocol.presence import PersonPresence
from hubbub.server.http.entering import ACCOUNT, READ_OWN, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.requests import HUB

resource = Resource()


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/people/{account}/presence",
        "getPresence",
        needs=READ_OWN,
        takes=(ACCOUNT,),
        answers=PersonPresence,
    )
)
async def get_presence(request: web.Request) -> PersonPresence:
    """Get whether an account is online, away or offline. To learn of changes, watch it over a WebSocket."""
    return await request.app[HUB].watching.presence(
        account_of(request, READ_OWN), ACCOUNT.of(request)
    )
