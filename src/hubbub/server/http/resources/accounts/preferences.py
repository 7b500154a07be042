"""What an account decides for itself alone: whom it blocks, and its settings."""

from typing import Any, Literal

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.preferences import CHANGE_OWN
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import ACCOUNT, READ_OWN, REGISTER, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import TEXT, Body, Parameter

BLOCKS = "/api/v1/me/blocks"
PREFERENCES = "/api/v1/me/preferences"
NAME = Parameter(
    "name",
    "path",
    TEXT | {"minLength": 1, "maxLength": 64, "example": "theme"},
    lambda request: request.match_info["name"],
)

resource = Resource()


class BlocksReply(msgspec.Struct):
    """The keys of the accounts that one blocks."""

    blocked: list[str]


class PreferencesReply(msgspec.Struct):
    """One's own settings by name; each is any JSON value."""

    preferences: dict[str, Any]


class NewPreference(msgspec.Struct, kw_only=True):
    """The value of a setting; null removes it."""

    value: Any


PREFERENCE = Body(NewPreference)


@resource.operation(HttpOperation("GET", BLOCKS, "listBlocks", needs=READ_OWN, answers=BlocksReply))
async def list_blocks(request: web.Request) -> BlocksReply:
    """List the accounts that one blocks."""
    return BlocksReply(await request.app[REGISTER].blocks(account_of(request, READ_OWN).id))


def _on_block(method: Literal["PUT", "DELETE"], name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        method,
        f"{BLOCKS}/{{account}}",
        name,
        needs=CHANGE_OWN,
        takes=(ACCOUNT, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy", "too_large"}),
    )


@resource.operation(_on_block("PUT", "block"))
async def block(request: web.Request) -> ChangeReply | web.Response:
    """Block an account: it can begin no direct with one, and can only read in the one that there is."""
    principal = account_of(request, CHANGE_OWN)
    change = BlockPerson(room=principal.id, who=ACCOUNT.of(request))
    return await commit(request, principal, change)


@resource.operation(_on_block("DELETE", "unblock"))
async def unblock(request: web.Request) -> ChangeReply | web.Response:
    """Block an account no longer."""
    principal = account_of(request, CHANGE_OWN)
    change = UnblockPerson(room=principal.id, who=ACCOUNT.of(request))
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation("GET", PREFERENCES, "listPreferences", needs=READ_OWN, answers=PreferencesReply)
)
async def list_preferences(request: web.Request) -> PreferencesReply:
    """List one's own settings."""
    return PreferencesReply(
        await request.app[REGISTER].preferences(account_of(request, READ_OWN).id)
    )


@resource.operation(
    HttpOperation(
        "PUT",
        f"{PREFERENCES}/{{name}}",
        "prefer",
        needs=CHANGE_OWN,
        takes=(NAME, KEY),
        body=PREFERENCE,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def prefer(request: web.Request) -> ChangeReply | web.Response:
    """Choose a value for a setting of one's own."""
    principal = account_of(request, CHANGE_OWN)
    given = await PREFERENCE.read(request, principal)
    change = Prefer(room=principal.id, name=NAME.of(request), value=given.value)
    return await commit(request, principal, change)
