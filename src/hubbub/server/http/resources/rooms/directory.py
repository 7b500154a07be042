"""The directory as a list: the open rooms that members of this server may find."""

import msgspec
from aiohttp import web

from hubbub.server.http.entering import READ_OWN, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import text, whole_number
from hubbub.server.http.requests import HUB

AFTER = text("after", "Only rooms whose keys sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, 100)

resource = Resource()


class ListedRoomItem(msgspec.Struct):
    """An open room. `alias` is empty if it has none, and so is `avatar`, the key of its picture; `members` is their number."""

    room: str
    title: str
    topic: str
    alias: str
    avatar: str
    members: int


class DirectoryReply(msgspec.Struct):
    """Open rooms by their keys. `more` tells whether there are others after the last one."""

    rooms: list[ListedRoomItem]
    more: bool


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/directory",
        "listDirectory",
        needs=READ_OWN,
        takes=(AFTER, LIMIT),
        answers=DirectoryReply,
    )
)
async def list_directory(request: web.Request) -> DirectoryReply:
    """List the open rooms of this server by their keys, in pages. Guests may not."""
    principal, limit = account_of(request, READ_OWN), LIMIT.of(request) or 100
    rows = await request.app[HUB].roster.listed(principal, AFTER.of(request) or "", limit + 1)
    items = [
        ListedRoomItem(room.room, room.title, room.topic, room.alias, room.avatar, members)
        for room, members in rows[:limit]
    ]
    return DirectoryReply(items, len(rows) > limit)
