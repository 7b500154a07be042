"""Drafts: what one is about to write, on all one's devices."""

import msgspec
from aiohttp import web

from hubbub.domain.aspects.conversation.own import KEEP
from hubbub.protocol.commands.conversation import PAGE, DraftsPage, KeepDraft, ListDrafts
from hubbub.protocol.messages import Seq
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import READ_OWN, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import WHERE, Body, text, whole_number
from hubbub.server.http.requests import HUB

DRAFTS = "/api/v1/me/drafts"
ONE = f"{DRAFTS}/{{where}}"
AFTER = text("after", "Only drafts for rooms that sort after this one")
LIMIT = whole_number("limit", "Maximum number of items", 1, PAGE)

resource = Resource()


class NewDraft(msgspec.Struct, kw_only=True):
    """What one is about to write in a room."""

    text: str
    reply_to: Seq | None = None


DRAFT = Body(NewDraft)


@resource.operation(
    HttpOperation(
        "GET",
        DRAFTS,
        "listDrafts",
        needs=READ_OWN,
        takes=(AFTER, LIMIT),
        answers=DraftsPage,
    )
)
async def list_drafts(request: web.Request) -> DraftsPage:
    """List one's drafts by their rooms, in pages."""
    asked = ListDrafts(after=AFTER.of(request) or "", limit=LIMIT.of(request) or PAGE)
    return await request.app[HUB].questions.drafts(account_of(request, READ_OWN), asked)


@resource.operation(
    HttpOperation(
        "PUT",
        ONE,
        "draft",
        needs=KEEP,
        takes=(WHERE, KEY),
        body=DRAFT,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def draft(request: web.Request) -> ChangeReply | web.Response:
    """Keep what one is about to write in a room, in place of what was kept before."""
    principal = account_of(request)
    given = await DRAFT.read(request, principal)
    change = KeepDraft(
        room=principal.id, where=WHERE.of(request), text=given.text, reply_to=given.reply_to
    )
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "DELETE",
        ONE,
        "dropDraft",
        needs=KEEP,
        takes=(WHERE, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def drop_draft(request: web.Request) -> ChangeReply | web.Response:
    """Drop the draft for a room."""
    principal = account_of(request)
    return await commit(request, principal, KeepDraft(room=principal.id, where=WHERE.of(request)))
