"""Invites: making, listing and revoking them, and making an account by one."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.invites import MAX_ROOMS, RevokeInvite, roles_to_invite, rooms_of
from hubbub.protocol.messages import RoomName
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import (
    ENTER,
    ENTRANCE,
    OWN_ACCOUNT,
    REGISTER,
    JoinServer,
    SessionReply,
    join,
    session_of,
)
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import TEXT, Body, Parameter, text, whole_number
from hubbub.server.http.requests import HUB
from hubbub.server.transports.requests import place_of

INVITES = "/api/v1/invites"
DAY = 86_400.0
INVITE = Parameter(
    "invite",
    "path",
    TEXT | {"pattern": "^[0-9a-z]{1,32}$", "example": "7m2q9x4w1z3k"},
    lambda request: request.match_info["invite"],
)
AFTER = text("after", "Only invites whose keys sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, 100)
MEMBERS_MAY_INVITE = web.AppKey("members_may_invite", bool)

resource = Resource()


class NewInvite(msgspec.Struct, kw_only=True):
    """An invite to be made: how many accounts it is good for, with which role, into which rooms, and for how many days.

    Into rooms, hosts may always invite guests.
    """

    role: Literal["guest", "member", "moderator", "admin"] = "member"
    uses: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    days: Annotated[float, msgspec.Meta(gt=0, le=365)] = 7
    rooms: Annotated[tuple[RoomName, ...], msgspec.Meta(max_length=MAX_ROOMS)] = ()


class InviteReply(msgspec.Struct):
    """An invite that was made. Its `token` is shown only once; it belongs after `/i#` in a link."""

    invite: str
    token: str


class InviteItem(msgspec.Struct, kw_only=True):
    """An invite that can still be used, perhaps into `rooms`. `until` is in seconds since 1970, `by` the account that made it."""

    invite: str
    role: str
    uses_left: int
    until: float
    by: str
    rooms: tuple[str, ...]


class InvitesReply(msgspec.Struct):
    """Invites that can still be used by their keys, and the roles for which one may make others.

    `more` tells whether there are others after the last one.
    """

    invites: list[InviteItem]
    roles: list[str]
    more: bool


MAKE, JOIN = Body(NewInvite), Body(JoinServer)


@resource.operation(
    HttpOperation(
        "POST",
        INVITES,
        "makeInvite",
        needs=OWN_ACCOUNT,
        body=MAKE,
        answers=InviteReply,
        status=201,
        refuses=frozenset({"busy", "conflict", "not_found", "archived"}),
    )
)
async def make_invite(request: web.Request) -> InviteReply:
    """Make an invite, for a role that is not above one's own, and into rooms where one may invite guests."""
    principal, _ = session_of(request)
    given = await MAKE.read(request, principal)
    names = request.app[HUB].names
    rooms = [await names.key(principal, room) for room in given.rooms]
    token = await request.app[ENTRANCE].invite(
        principal,
        given.role,
        given.uses,
        given.days * DAY,
        place_of(request).address,
        is_open=request.app[MEMBERS_MAY_INVITE],
        rooms=tuple(dict.fromkeys(rooms)),
    )
    return InviteReply(token.id, token.text)


@resource.operation(
    HttpOperation(
        "GET", INVITES, "listInvites", needs=OWN_ACCOUNT, takes=(AFTER, LIMIT), answers=InvitesReply
    )
)
async def list_invites(request: web.Request) -> InvitesReply:
    """List the invites that can still be used, in pages: one's own, or all of them for owners and admins."""
    principal, _ = session_of(request)
    after, limit = AFTER.of(request) or "", LIMIT.of(request) or 100
    own = await request.app[REGISTER].account(principal.id)
    rows = await request.app[REGISTER].invites(principal.id, after, limit + 1)
    items = [
        InviteItem(
            invite=row.invite,
            role=row.role,
            uses_left=row.uses_left,
            until=row.until,
            by=row.by,
            rooms=rooms_of(row),
        )
        for row in rows[:limit]
    ]
    is_open = request.app[MEMBERS_MAY_INVITE]
    return InvitesReply(items, roles_to_invite(own.role, is_open=is_open), len(rows) > limit)


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{INVITES}/{{invite}}",
        "revokeInvite",
        needs=OWN_ACCOUNT,
        takes=(INVITE, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def revoke_invite(request: web.Request) -> ChangeReply | web.Response:
    """Revoke an invite: one's own, or any as an owner or admin."""
    principal, _ = session_of(request)
    address = place_of(request).address
    change = RevokeInvite(invite=INVITE.of(request), address=address)
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/accept",
        "acceptInvite",
        needs=ENTER,
        body=JOIN,
        answers=SessionReply,
        status=201,
        refuses=frozenset({"busy", "gone", "conflict"}),
    )
)
async def accept_invite(request: web.Request) -> web.Response:
    """Make an account by an invite."""
    return await join(request, JOIN)
