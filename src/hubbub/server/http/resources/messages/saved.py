"""Saved messages: a list of one's own."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from hubbub.domain.aspects.conversation.own import KEEP
from hubbub.events import Reference
from hubbub.protocol.commands.conversation import MAX_NOTE, PAGE, ListSaved, Save, SavedPage, Unsave
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import READ_OWN, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import SEQ, WHERE, Body, whole_number
from hubbub.server.http.requests import HUB

SAVED = "/api/v1/me/saved"
ONE = f"{SAVED}/{{where}}/{{seq}}"
BEFORE = whole_number("before", "Only what was saved before the event with this seq")
LIMIT = whole_number("limit", "Maximum number of items", 1, PAGE)

resource = Resource()


class NewNote(msgspec.Struct, kw_only=True):
    """What one notes about a message that one saves."""

    note: Annotated[str, Meta(max_length=MAX_NOTE)] = ""


NOTE = Body(NewNote)


@resource.operation(
    HttpOperation(
        "GET",
        SAVED,
        "listSaved",
        needs=READ_OWN,
        takes=(BEFORE, LIMIT),
        answers=SavedPage,
    )
)
async def list_saved(request: web.Request) -> SavedPage:
    """List one's saved messages, the last saved first, in pages. Those that one may not read any more are not shown."""
    asked = ListSaved(before=BEFORE.of(request), limit=LIMIT.of(request) or PAGE)
    return await request.app[HUB].questions.saved(account_of(request, READ_OWN), asked)


@resource.operation(
    HttpOperation(
        "PUT",
        ONE,
        "save",
        needs=KEEP,
        takes=(WHERE, SEQ, KEY),
        body=NOTE,
        answers=ChangeReply,
        refuses=frozenset({"busy", "gone"}),
    )
)
async def save(request: web.Request) -> ChangeReply | web.Response:
    """Save a message, or change what one notes about it."""
    principal = account_of(request)
    given = await NOTE.read(request, principal)
    of = Reference(WHERE.of(request), SEQ.of(request))
    return await commit(request, principal, Save(room=principal.id, of=of, note=given.note))


@resource.operation(
    HttpOperation(
        "DELETE",
        ONE,
        "unsave",
        needs=KEEP,
        takes=(WHERE, SEQ, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def unsave(request: web.Request) -> ChangeReply | web.Response:
    """Save a message no longer."""
    principal = account_of(request)
    of = Reference(WHERE.of(request), SEQ.of(request))
    return await commit(request, principal, Unsave(room=principal.id, of=of))
