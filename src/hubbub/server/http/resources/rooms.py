"""Rooms: the list of them, and a snapshot of one."""

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.messages import Snapshot
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, room_key, text, whole_number
from hubbub.server.http.requests import HUB, principal_of

AFTER = text("after", "Only rooms whose names sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, 1000)

resource = Resource()


class RoomItem(msgspec.Struct):
    """A room in the list of rooms. `nth` is how many messages were ever posted."""

    room: str
    head: int
    nth: int
    members: int


class RoomsReply(msgspec.Struct):
    """Rooms by name. `more` tells whether there are others after the last one."""

    rooms: list[RoomItem]
    more: bool


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/rooms",
        "listRooms",
        needs=Operation.READ,
        takes=(AFTER, LIMIT),
        answers=RoomsReply,
    )
)
async def list_rooms(request: web.Request) -> RoomsReply:
    """List rooms by name, in pages."""
    limit = LIMIT.of(request) or 100
    principal, after = principal_of(request), AFTER.of(request) or ""
    rows = await request.app[HUB].reading.rooms(principal, after, limit + 1)
    rooms = [RoomItem(row.room, row.head, row.nth, members) for row, members in rows[:limit]]
    return RoomsReply(rooms, more=len(rows) > limit)


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/rooms/{room}",
        "getRoom",
        needs=Operation.READ,
        takes=(ROOM,),
        answers=Snapshot,
    )
)
async def get_room(request: web.Request) -> Snapshot:
    """Get a snapshot of a room."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    return await request.app[HUB].reading.snapshot(principal, room)
