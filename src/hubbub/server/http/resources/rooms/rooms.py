"""Rooms: the list of them, a snapshot of one, and those that people make: making, changing and archiving one."""

from typing import Any, Literal, Self

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.domain.aspects.rooms.settings import CREATE
from hubbub.domain.tables.rooms import MadeRoom
from hubbub.protocol.commands.rooms import Archive, ChangeRoom, Create, Restore
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import ME
from hubbub.protocol.messages import Snapshot
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, Body, room_key, text, whole_number
from hubbub.server.http.requests import HUB, principal_of
from hubbub.server.hub.roster import RoomAsItIs

ROOMS = "/api/v1/rooms"
ONE_ROOM = f"{ROOMS}/{{room}}"
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


class MayItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Whether one may do something; else why not, with the seconds or the time until which that holds, if it ends."""

    allowed: bool
    code: str | msgspec.UnsetType = msgspec.UNSET
    detail: str | msgspec.UnsetType = msgspec.UNSET
    retry_after: float | msgspec.UnsetType = msgspec.UNSET
    until: float | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, refusal: Refusal | None) -> Self:
        """Return what is shown of a refusal, or of none."""
        if refusal is None:
            return cls(allowed=True)
        found = {"retry_after": refusal.retry_after, "until": refusal.facts.get("until")}
        given = {name: value for name, value in found.items() if value is not None}
        return cls(allowed=False, code=refusal.code, detail=refusal.detail, **given)


class MayReply(msgspec.Struct):
    """What one may do in a room, by operation."""

    room: str
    may: dict[str, MayItem]


class SettingsReply(msgspec.Struct):
    """What a room is like: its settings as `createRoom` takes them, what it is, and how much is in it.

    `avatar` is the key of its picture, `members` their number, `nth` how many messages were ever posted.
    """

    room: str
    kind: str
    title: str
    topic: str
    alias: str
    avatar: str
    public: str
    posters: str
    slow: int
    keep_days: int
    receipts: bool
    titles: bool
    members_may_invite: bool
    members_may_edit: bool
    members_may_name_all: bool
    archived_at: str | None
    made_at: str
    made_by: str
    members: int
    nth: int

    @classmethod
    def of(cls, found: RoomAsItIs) -> Self:
        """Return what is shown of a room."""
        return cls(**_shown_of(found.room), members=found.members, nth=found.nth)


def _shown_of(row: MadeRoom) -> dict[str, Any]:
    return {name: value for name, value in row._asdict().items() if name != "people"}


CREATING, CHANGE = Body(Create, without=("room", "key")), Body(ChangeRoom)


@resource.operation(
    HttpOperation(
        "GET",
        ROOMS,
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
        ONE_ROOM,
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


@resource.operation(
    HttpOperation(
        "POST",
        ROOMS,
        "createRoom",
        needs=CREATE,
        takes=(KEY,),
        body=CREATING,
        answers=ChangeReply,
        status=201,
        refuses=frozenset({"busy", "conflict", "not_found"}),
    )
)
async def create_room(request: web.Request) -> ChangeReply | web.Response:
    """Make a room, of which one is the host; or a direct, of which there is one of the same people."""
    principal = account_of(request)
    create = await CREATING.read(request, principal, room=ME)
    return await commit(request, principal, create)


@resource.operation(
    HttpOperation(
        "GET",
        f"{ONE_ROOM}/settings",
        "getSettings",
        needs=Operation.KNOW,
        takes=(ROOM,),
        answers=SettingsReply,
    )
)
async def get_settings(request: web.Request) -> SettingsReply:
    """Get a room's settings."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    return SettingsReply.of(await request.app[HUB].roster.settings(principal, room))


@resource.operation(
    HttpOperation(
        "PATCH",
        ONE_ROOM,
        "changeRoom",
        needs=Operation.TITLE,
        takes=(ROOM, KEY),
        body=CHANGE,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def change_room(request: web.Request) -> ChangeReply | web.Response:
    """Change what a room is like."""
    principal = principal_of(request)
    return await commit(
        request, principal, await CHANGE.read(request, principal, room=ROOM.of(request))
    )


def _archiving(verb: Literal["archive", "restore"], needs: Operation) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "POST",
        f"{ONE_ROOM}/{verb}",
        f"{verb}Room",
        needs=needs,
        takes=(ROOM, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(_archiving("archive", Operation.MANAGE))
async def archive_room(request: web.Request) -> ChangeReply | web.Response:
    """Let nothing change in a room any more."""
    return await commit(request, principal_of(request), Archive(room=ROOM.of(request)))


@resource.operation(_archiving("restore", Operation.RESTORE))
async def restore_room(request: web.Request) -> ChangeReply | web.Response:
    """Take an archived room into use again."""
    return await commit(request, principal_of(request), Restore(room=ROOM.of(request)))


@resource.operation(
    HttpOperation(
        "GET",
        f"{ONE_ROOM}/may",
        "mayInRoom",
        needs=Operation.KNOW,
        takes=(ROOM,),
        answers=MayReply,
    )
)
async def may_in_room(request: web.Request) -> MayReply:
    """Tell what one may do in a room, and why not the rest."""
    principal = principal_of(request)
    room = await room_key(request, principal)
    found = await request.app[HUB].roster.may(principal, room)
    return MayReply(room, {each.name.lower(): MayItem.of(found[each]) for each in Operation})
