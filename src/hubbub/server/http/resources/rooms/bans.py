"""Bans and mutes in a made room: what holds someone back there, member or not."""

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.commands.rooms import Ban, Mute, Unban, Unmute
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, WHO, Body, room_key
from hubbub.server.http.requests import HUB, principal_of

BANS = "/api/v1/rooms/{room}/bans"
MUTES = "/api/v1/rooms/{room}/mutes"

resource = Resource()


class RestraintItem(msgspec.Struct):
    """Someone who is banned from a room, or muted there, until a time in seconds since 1970 or for ever."""

    account: str
    handle: str
    name: str
    until: float | None


class BansReply(msgspec.Struct):
    """All who are banned from a room now, by their keys."""

    room: str
    bans: list[RestraintItem]


class MutesReply(msgspec.Struct):
    """All who are muted in a room now, by their keys."""

    room: str
    mutes: list[RestraintItem]


BAN, MUTE = Body(Ban), Body(Mute)


def _put(path: str, name: str, body: Body[Ban] | Body[Mute]) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "PUT",
        path + "/{who}",
        name,
        needs=Operation.MODERATE,
        takes=(ROOM, WHO, KEY),
        body=body,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


def _delete(path: str, name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "DELETE",
        path + "/{who}",
        name,
        needs=Operation.MODERATE,
        takes=(ROOM, WHO, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(
    HttpOperation(
        "GET", BANS, "listBans", needs=Operation.MODERATE, takes=(ROOM,), answers=BansReply
    )
)
async def list_bans(request: web.Request) -> BansReply:
    """List who is banned from a room. For those who may ban."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    rows = await request.app[HUB].roster.banned(principal, room)
    bans = [RestraintItem(who.account, who.handle, who.name, row.banned_until) for row, who in rows]
    return BansReply(room, bans)


@resource.operation(
    HttpOperation(
        "GET", MUTES, "listMutes", needs=Operation.MODERATE, takes=(ROOM,), answers=MutesReply
    )
)
async def list_mutes(request: web.Request) -> MutesReply:
    """List who is muted in a room. For those who may mute."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    rows = await request.app[HUB].roster.muted(principal, room)
    mutes = [RestraintItem(who.account, who.handle, who.name, row.muted_until) for row, who in rows]
    return MutesReply(room, mutes)


@resource.operation(_put(BANS, "ban", BAN))
async def ban(request: web.Request) -> ChangeReply | web.Response:
    """Keep someone out of a room, for some seconds or for ever. Members are removed."""
    principal, known = principal_of(request), {"room": ROOM.of(request), "who": WHO.of(request)}
    return await commit(request, principal, await BAN.read(request, principal, **known))


@resource.operation(_put(MUTES, "mute", MUTE))
async def mute(request: web.Request) -> ChangeReply | web.Response:
    """Let someone only read, for some seconds or until unmuted."""
    principal, known = principal_of(request), {"room": ROOM.of(request), "who": WHO.of(request)}
    return await commit(request, principal, await MUTE.read(request, principal, **known))


@resource.operation(_delete(BANS, "unban"))
async def unban(request: web.Request) -> ChangeReply | web.Response:
    """End a ban."""
    change = Unban(room=ROOM.of(request), who=WHO.of(request))
    return await commit(request, principal_of(request), change)


@resource.operation(_delete(MUTES, "unmute"))
async def unmute(request: web.Request) -> ChangeReply | web.Response:
    """Let someone speak again."""
    change = Unmute(room=ROOM.of(request), who=WHO.of(request))
    return await commit(request, principal_of(request), change)
