"""What an account has read in a room, and what it wants to be told of it."""

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.commands.reading import MarkRead, MarkUnread, SetRoom
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, Body
from hubbub.server.http.requests import principal_of

READ, SET = Body(MarkRead), Body(SetRoom)

resource = Resource()


@resource.operation(
    HttpOperation(
        "PUT",
        "/api/v1/rooms/{room}/read",
        "markRead",
        needs=Operation.MARK,
        takes=(ROOM, KEY),
        body=READ,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def mark_read(request: web.Request) -> ChangeReply | web.Response:
    """Say up to which event one has read a room. What was read before stays read. `seq` is that of the own log."""
    principal = principal_of(request)
    return await commit(
        request, principal, await READ.read(request, principal, room=ROOM.of(request))
    )


@resource.operation(
    HttpOperation(
        "PUT",
        "/api/v1/rooms/{room}/unread",
        "markUnread",
        needs=Operation.MARK,
        takes=(ROOM, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def mark_unread(request: web.Request) -> ChangeReply | web.Response:
    """Let a room look unread until one reads on there. `seq` is that of the own log."""
    return await commit(request, principal_of(request), MarkUnread(room=ROOM.of(request)))


@resource.operation(
    HttpOperation(
        "PATCH",
        "/api/v1/me/rooms/{room}",
        "setMyRoom",
        needs=Operation.MARK,
        takes=(ROOM, KEY),
        body=SET,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def set_my_room(request: web.Request) -> ChangeReply | web.Response:
    """Choose what one is told of a room, and whether it is a favourite. `seq` is that of the own log."""
    principal = principal_of(request)
    return await commit(
        request, principal, await SET.read(request, principal, room=ROOM.of(request))
    )
