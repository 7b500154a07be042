"""What a device of an account begins with."""

from aiohttp import web

from hubbub.protocol.commands.starting import Started
from hubbub.protocol.messages import Start
from hubbub.server.http.entering import READ_OWN, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import text, whole_number
from hubbub.server.http.requests import HUB

DIRECTORY = whole_number(
    "directory", "The position of `@directory` up to which the device has the people", 0
)
EPOCH = text("epoch", "The epoch of the log that `directory` refers to")

ROOMS = text("rooms", "Only these rooms, by their keys with commas between them, and no people")
EMOJI = text("emoji", "The version of the list of emoji that the device has")

resource = Resource()


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/start",
        "start",
        needs=READ_OWN,
        takes=(DIRECTORY, EPOCH, ROOMS, EMOJI),
        answers=Started,
    )
)
async def get_start(request: web.Request) -> Started:
    """Get the rooms of one's account, the people, and the positions from which to follow both."""
    rooms = ROOMS.of(request)
    start = Start(
        directory=DIRECTORY.of(request),
        epoch=EPOCH.of(request),
        rooms=None if rooms is None else rooms.split(","),
        emoji=EMOJI.of(request),
    )
    return await request.app[HUB].starting.start(account_of(request, READ_OWN), start)
