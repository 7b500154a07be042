"""People on this server: who there is, and what owners and admins do about an account."""

import secrets
from typing import Literal

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.accounts import ChangeRole, ResumePerson, SuspendPerson
from hubbub.domain.aspects.people.invites import AddPerson
from hubbub.protocol.handles import handle_from
from hubbub.protocol.keys import RANDOM_BYTES, account_key
from hubbub.server.http.changes import KEY, ChangeReply, MadeReply, commit, make
from hubbub.server.http.entering import (
    ACCOUNT,
    ENTER,
    ENTRANCE,
    OWN_ACCOUNT,
    READ_OWN,
    REGISTER,
    PersonReply,
    SessionReply,
    Wanted,
    account_of,
    caller_of,
    entered,
    session_of,
    stranger_of,
)
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Body, text, whole_number
from hubbub.server.transports.requests import place_of

PEOPLE = "/api/v1/people"
AFTER = text("after", "Only accounts whose keys sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, 1000)

resource = Resource()


class WantedPerson(msgspec.Struct, kw_only=True):
    """An account to be made: of a person, who gets a password by a reset link, or of a bot, which its maker owns."""

    handle: str
    name: str
    kind: Literal["person", "bot"] = "person"
    role: Literal["guest", "member", "moderator", "admin", "owner"] = "member"


class PeopleReply(msgspec.Struct):
    """Accounts by their keys. `more` tells whether there are others after the last one."""

    people: list[PersonReply]
    more: bool


class NewRole(msgspec.Struct):
    """The role that an account gets."""

    role: Literal["guest", "member", "moderator", "admin", "owner"]


class ResetReply(msgspec.Struct):
    """A link with which an account gets another password. Its `token` is shown only once."""

    token: str
    until: float


class ResetPassword(msgspec.Struct, kw_only=True):
    """A new password, by the token of a reset link."""

    token: str
    password: str
    wants: Wanted = "cookie"


ADD, ROLE, RESET = Body(WantedPerson), Body(NewRole), Body(ResetPassword)


@resource.operation(
    HttpOperation(
        "GET", PEOPLE, "listPeople", needs=READ_OWN, takes=(AFTER, LIMIT), answers=PeopleReply
    )
)
async def list_people(request: web.Request) -> PeopleReply:
    """List all accounts by their keys, in pages. Guests may not."""
    principal, limit = account_of(request, READ_OWN), LIMIT.of(request) or 100
    rows = await request.app[REGISTER].people(principal.id, AFTER.of(request) or "", limit + 1)
    return PeopleReply([PersonReply.of(row) for row in rows[:limit]], len(rows) > limit)


@resource.operation(
    HttpOperation(
        "POST",
        PEOPLE,
        "addPerson",
        needs=OWN_ACCOUNT,
        takes=(KEY,),
        body=ADD,
        answers=MadeReply,
        status=201,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def add_person(request: web.Request) -> MadeReply | web.Response:
    """Make an account for somebody, or a bot. Owners give all roles, admins those up to moderator."""
    principal, _ = session_of(request)
    given = await ADD.read(request, principal)
    account = account_key(secrets.token_bytes(RANDOM_BYTES))
    await request.app[REGISTER].require_own_look(given.name, account)
    change = AddPerson(
        account=account,
        handle=handle_from(given.handle),
        name=given.name,
        kind=given.kind,
        role=given.role,
        address=place_of(request).address,
    )
    return await make(request, principal, change)


@resource.operation(
    HttpOperation(
        "PUT",
        f"{PEOPLE}/{{account}}/role",
        "changeRole",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT, KEY),
        body=ROLE,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def change_role(request: web.Request) -> ChangeReply | web.Response:
    """Give an account another role. Owners give all, admins those up to moderator."""
    principal, _ = session_of(request)
    account = ACCOUNT.of(request)
    given = await ROLE.read(request, principal)
    address = place_of(request).address
    change = ChangeRole(account=account, role=given.role, address=address)
    return await commit(request, principal, change)


def _of_account(verb: str, name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "POST",
        f"{PEOPLE}/{{account}}/{verb}",
        name,
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(_of_account("suspend", "suspend"))
async def suspend(request: web.Request) -> ChangeReply | web.Response:
    """Keep an account from doing anything. Its sessions end."""
    return await _set_status(request, SuspendPerson)


@resource.operation(_of_account("resume", "resume"))
async def resume(request: web.Request) -> ChangeReply | web.Response:
    """Let a suspended account act again."""
    return await _set_status(request, ResumePerson)


async def _set_status(
    request: web.Request, kind: type[SuspendPerson] | type[ResumePerson]
) -> ChangeReply | web.Response:
    principal, _ = session_of(request)
    change = kind(account=ACCOUNT.of(request), address=place_of(request).address)
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "POST",
        f"{PEOPLE}/{{account}}/reset",
        "makeReset",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT,),
        answers=ResetReply,
        status=201,
        refuses=frozenset({"busy"}),
    )
)
async def make_reset(request: web.Request) -> ResetReply:
    """Make a link with which someone who forgot their password chooses another."""
    principal, _ = session_of(request)
    account, address = ACCOUNT.of(request), place_of(request).address
    token, until = await request.app[ENTRANCE].reset_link(principal, account, address)
    return ResetReply(token.text, until)


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/reset",
        "resetPassword",
        needs=ENTER,
        body=RESET,
        answers=SessionReply,
        status=201,
        refuses=frozenset({"busy", "gone"}),
    )
)
async def reset_password(request: web.Request) -> web.Response:
    """Choose another password by a reset link. All sessions end, and a new one is opened."""
    given = await RESET.read(request, stranger_of(request))
    caller = caller_of(request, given.wants)
    token = await request.app[ENTRANCE].reset(given.token, given.password, caller)
    return entered(request, token, given.wants)
