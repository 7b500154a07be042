"""Members of a made room: who they are, and how one becomes one and stops being one."""

from typing import Literal

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.screening import require
from hubbub.protocol.commands.rooms import Appoint, InvitePeople, Remove
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, WHO, Body, room_key, text, whole_number
from hubbub.server.http.requests import HUB, principal_of

IN_ROOM = "/api/v1/rooms/{room}"
MEMBERS = f"{IN_ROOM}/members"
AFTER = text("after", "Only members whose keys sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, 1000)

resource = Resource()


class MemberItem(msgspec.Struct):
    """A member of a room: an account, its role in the room, and the seq of the event that made it a member."""

    account: str
    handle: str
    name: str
    role: str
    since: int


class MembersReply(msgspec.Struct):
    """Members by their keys. `more` tells whether there are others after the last one."""

    room: str
    members: list[MemberItem]
    more: bool


INVITE, APPOINT = Body(InvitePeople), Body(Appoint)


def _of_oneself(verb: Literal["join", "leave"], needs: Operation) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "POST",
        f"{IN_ROOM}/{verb}",
        f"{verb}Room",
        needs=needs,
        takes=(ROOM, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(_of_oneself("join", Operation.JOIN))
async def join_room(request: web.Request) -> ChangeReply | web.Response:
    """Become a member of a room."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    require(principal, Operation.JOIN, room)
    return await commit(request, principal, JoinRoom(room=room))


@resource.operation(_of_oneself("leave", Operation.LEAVE))
async def leave_room(request: web.Request) -> ChangeReply | web.Response:
    """Stop being a member of a room. A direct of two is hidden until the next message."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    require(principal, Operation.LEAVE, room)
    return await commit(request, principal, LeaveRoom(room=room))


@resource.operation(
    HttpOperation(
        "GET",
        MEMBERS,
        "listMembers",
        needs=Operation.KNOW,
        takes=(ROOM, AFTER, LIMIT),
        answers=MembersReply,
    )
)
async def list_members(request: web.Request) -> MembersReply:
    """List the members of a room by their keys, in pages."""
    principal, limit = principal_of(request), LIMIT.of(request) or 100
    after, room = AFTER.of(request) or "", await room_key(request, principal)
    rows = await request.app[HUB].roster.members(principal, room, after, limit + 1)
    items = [
        MemberItem(who.account, who.handle, who.name, member.role, member.since)
        for member, who in rows[:limit]
    ]
    return MembersReply(room, items, len(rows) > limit)


@resource.operation(
    HttpOperation(
        "POST",
        MEMBERS,
        "inviteMembers",
        needs=Operation.INVITE,
        takes=(ROOM, KEY),
        body=INVITE,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def invite_members(request: web.Request) -> ChangeReply | web.Response:
    """Make other accounts members, at once."""
    principal = principal_of(request)
    invite = await INVITE.read(request, principal, room=ROOM.of(request))
    return await commit(request, principal, invite)


@resource.operation(
    HttpOperation(
        "PUT",
        f"{MEMBERS}/{{who}}",
        "appointMember",
        needs=Operation.MANAGE,
        takes=(ROOM, WHO, KEY),
        body=APPOINT,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def appoint_member(request: web.Request) -> ChangeReply | web.Response:
    """Give a member another role in the room."""
    principal, known = principal_of(request), {"room": ROOM.of(request), "who": WHO.of(request)}
    return await commit(request, principal, await APPOINT.read(request, principal, **known))


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{MEMBERS}/{{who}}",
        "removeMember",
        needs=Operation.MODERATE,
        takes=(ROOM, WHO, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def remove_member(request: web.Request) -> ChangeReply | web.Response:
    """End someone's membership. In an open room they may join again."""
    remove = Remove(room=ROOM.of(request), who=WHO.of(request))
    return await commit(request, principal_of(request), remove)
