"""Removing accounts: one's own, and those of others."""

import msgspec
from aiohttp import web

from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import ACCOUNT, ENTRANCE, OWN_ACCOUNT, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Body
from hubbub.server.http.resources.accounts.me import ME
from hubbub.server.http.resources.accounts.people import PEOPLE
from hubbub.server.transports.requests import place_of

resource = Resource()


class HowToRemove(msgspec.Struct, kw_only=True):
    """How an account is removed: with `messages`, all that it wrote is erased as well."""

    messages: bool = False


class HowToRemoveMe(msgspec.Struct, kw_only=True):
    """How one's own account is removed; `password` is needed if the account has one, else the session must be new."""

    password: str | None = None
    messages: bool = False


REMOVE, REMOVE_ME = Body(HowToRemove), Body(HowToRemoveMe)


@resource.operation(
    HttpOperation(
        "POST",
        f"{PEOPLE}/{{account}}/remove",
        "removePerson",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT, KEY),
        body=REMOVE,
        answers=ChangeReply,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def remove_person(request: web.Request) -> ChangeReply | web.Response:
    """Remove an account for good. Owners may remove all but the last owner, admins those up to moderator, anyone their own bots."""
    principal, _ = session_of(request)
    account = ACCOUNT.of(request)
    given = await REMOVE.read(request, principal)
    change = await request.app[ENTRANCE].removal(
        account, place_of(request).address, erases=given.messages
    )
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "POST",
        f"{ME}/remove",
        "removeMe",
        needs=OWN_ACCOUNT,
        takes=(KEY,),
        body=REMOVE_ME,
        answers=ChangeReply,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def remove_me(request: web.Request) -> ChangeReply | web.Response:
    """Remove one's own account for good. The last owner can't."""
    principal, session = session_of(request)
    given = await REMOVE_ME.read(request, principal)
    address = place_of(request).address
    change = await request.app[ENTRANCE].own_removal(
        principal.id, session, given.password, address, erases=given.messages
    )
    return await commit(request, principal, change)
