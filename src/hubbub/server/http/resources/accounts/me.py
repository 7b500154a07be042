"""One's own account: what it is called, its password, its sessions, and its rooms."""

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.accounts import ChangePerson
from hubbub.domain.aspects.people.sessions import CloseSession, CloseSessions
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.handles import handle_from
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import (
    ENTRANCE,
    OWN_ACCOUNT,
    READ_OWN,
    REGISTER,
    PersonReply,
    account_of,
    session_of,
)
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import TEXT, Body, Parameter, text, whole_number
from hubbub.server.http.requests import HUB
from hubbub.server.people.sessions import LIFETIME
from hubbub.server.transports.requests import place_of

ME = "/api/v1/me"
SESSIONS = f"{ME}/sessions"
SESSION = Parameter(
    "session",
    "path",
    TEXT | {"pattern": "^[0-9a-z]{1,32}$", "example": "7m2q9x4w1z3k"},
    lambda request: request.match_info["session"],
)
AFTER = text("after", "Only rooms whose keys sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, 100)

resource = Resource()


class ChangeMe(msgspec.Struct, kw_only=True):
    """What is to be new about one's own account. An empty text removes what there was; `avatar` takes no other."""

    handle: str | None = None
    name: str | None = None
    status_text: str | None = None
    time_zone: str | None = None
    avatar: str | None = None


class NewPassword(msgspec.Struct, kw_only=True):
    """A new password; `was` is the one so far, if there is one."""

    password: str
    was: str | None = None


class SessionItem(msgspec.Struct, kw_only=True):
    """A session. `opened_at` is RFC 3339, `seen_at` (to a day) and `until` are in seconds since 1970."""

    session: str
    device: str
    opened_at: str
    seen_at: float
    until: float
    is_this: bool


class SessionsReply(msgspec.Struct):
    """The sessions of an account, the last opened first."""

    sessions: list[SessionItem]


class MyRoomItem(msgspec.Struct):
    """A room of which one is a member: its last number, and one's role in it. `alias` and `avatar` are empty if it has none."""

    room: str
    kind: str
    title: str
    alias: str
    avatar: str
    role: str
    head: int


class MyRoomsReply(msgspec.Struct):
    """Rooms by their keys. `more` tells whether there are others after the last one."""

    rooms: list[MyRoomItem]
    more: bool


CHANGE, PASSWORD = Body(ChangeMe), Body(NewPassword)


@resource.operation(HttpOperation("GET", ME, "getMe", needs=OWN_ACCOUNT, answers=PersonReply))
async def get_me(request: web.Request) -> PersonReply:
    """Get one's own account."""
    principal = account_of(request)
    return PersonReply.of(await request.app[REGISTER].account(principal.id))


@resource.operation(
    HttpOperation(
        "PATCH",
        ME,
        "changeMe",
        needs=OWN_ACCOUNT,
        takes=(KEY,),
        body=CHANGE,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def change_me(request: web.Request) -> ChangeReply | web.Response:
    """Change what one's own account is called and how it is shown."""
    principal, _ = session_of(request)
    given = msgspec.structs.asdict(await CHANGE.read(request, principal))
    if given["handle"] is not None:
        given["handle"] = handle_from(given["handle"])
    if given["avatar"]:
        why = "Invalid `avatar`: set a picture with PUT /api/v1/people/{account}/avatar"
        raise RefusalError("bad_request", why)
    if given["name"] is not None:
        await request.app[REGISTER].require_own_look(given["name"], principal.id)
    return await commit(request, principal, ChangePerson(account=principal.id, **given))


@resource.operation(
    HttpOperation(
        "POST",
        f"{ME}/password",
        "changePassword",
        needs=OWN_ACCOUNT,
        takes=(KEY,),
        body=PASSWORD,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def change_password(request: web.Request) -> ChangeReply | web.Response:
    """Change one's own password. All other sessions end."""
    principal, session = session_of(request)
    given = await PASSWORD.read(request, principal)
    change = await request.app[ENTRANCE].new_password(
        principal.id, session, given.was, given.password, place_of(request).address
    )
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation("GET", SESSIONS, "listSessions", needs=OWN_ACCOUNT, answers=SessionsReply)
)
async def list_sessions(request: web.Request) -> SessionsReply:
    """List one's own sessions."""
    principal, session = session_of(request)
    rows = await request.app[REGISTER].sessions(principal.id)
    items = [
        SessionItem(
            session=row.session,
            device=row.name,
            opened_at=row.opened_at,
            seen_at=(row.until or 0) - LIFETIME,
            until=row.until or 0,
            is_this=row.session == session,
        )
        for row in rows
    ]
    return SessionsReply(items)


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{SESSIONS}/{{session}}",
        "endSession",
        needs=OWN_ACCOUNT,
        takes=(SESSION, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def end_session(request: web.Request) -> ChangeReply | web.Response:
    """End one of one's own sessions."""
    principal, _ = session_of(request)
    change = CloseSession(room=principal.id, session=SESSION.of(request))
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "DELETE",
        SESSIONS,
        "endOtherSessions",
        needs=OWN_ACCOUNT,
        takes=(KEY,),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def end_other_sessions(request: web.Request) -> ChangeReply | web.Response:
    """End all of one's own sessions but the one that the request acts with."""
    principal, session = session_of(request)
    return await commit(request, principal, CloseSessions(room=principal.id, keeps=session))


@resource.operation(
    HttpOperation(
        "GET",
        f"{ME}/rooms",
        "listMyRooms",
        needs=READ_OWN,
        takes=(AFTER, LIMIT),
        answers=MyRoomsReply,
    )
)
async def list_my_rooms(request: web.Request) -> MyRoomsReply:
    """List the rooms of which one is a member by their keys, in pages. A direct that one left is listed once there is a newer message."""
    principal, limit = account_of(request, READ_OWN), LIMIT.of(request) or 100
    rows = await request.app[HUB].roster.mine(principal, AFTER.of(request) or "", limit + 1)
    items = [
        MyRoomItem(row.room, row.kind, row.title, row.alias, row.avatar, row.role, row.head)
        for row in rows[:limit]
    ]
    return MyRoomsReply(items, len(rows) > limit)
