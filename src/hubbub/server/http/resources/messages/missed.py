"""What one has missed while one was away."""

from aiohttp import web

from hubbub.protocol.commands.missed import MOST_ROOMS, ListMissed, MissedPage
from hubbub.server.http.entering import OWN_ACCOUNT, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import text, whole_number
from hubbub.server.http.requests import HUB

AFTER = text("after", "Only rooms after this one, by their keys")
LIMIT = whole_number("limit", "Maximum number of rooms", 1, MOST_ROOMS)

resource = Resource()


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/me/missed",
        "listMissed",
        needs=OWN_ACCOUNT,
        takes=(AFTER, LIMIT),
        answers=MissedPage,
    )
)
async def list_missed(request: web.Request) -> MissedPage:
    """List the rooms with something unread, in pages: how much, the first message, who mentioned one, and what has most reactions. And, at first, threads that one follows."""
    asked = ListMissed(after=AFTER.of(request) or "", limit=LIMIT.of(request) or MOST_ROOMS)
    return await request.app[HUB].missed.missed(account_of(request), asked)
