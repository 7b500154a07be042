"""Messages: posting, reading, editing and deleting them."""

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.commands.conversation import (
    PAGE,
    EditsPage,
    GetEdits,
    GetMessage,
    GetSource,
    MessageSource,
    OneMessage,
)
from hubbub.protocol.messages import Delete, Edit, History, Page, Post
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, SEQ, Body, room_key, whole_number
from hubbub.server.http.requests import HUB, principal_of

MESSAGES = "/api/v1/rooms/{room}/messages"
MESSAGE = MESSAGES + "/{seq}"

BEFORE = whole_number("before", "Only messages before this seq")
AFTER = whole_number("after", "Only messages after this seq")
LIMIT = whole_number("limit", "Maximum number of items", 1, 200)
AROUND = whole_number("around", "How many messages before it and after it", 0, PAGE)
AFTER_EVENT = whole_number("after", "Only texts from events after this seq")
LIMIT_OF_EDITS = whole_number("limit", "Maximum number of items", 1, PAGE)
POST = Body(Post, one_of=("text", "bytes"))
EDIT = Body(Edit)

resource = Resource()


@resource.operation(
    HttpOperation(
        "POST",
        MESSAGES,
        "postMessage",
        needs=Operation.POST,
        takes=(ROOM, KEY),
        body=POST,
        answers=ChangeReply,
        status=201,
        refuses=frozenset({"busy", "gone", "untitled"}),
    )
)
async def post_message(request: web.Request) -> ChangeReply | web.Response:
    """Post a message. Repeating a key returns the first answer again."""
    principal = principal_of(request)
    post = await POST.read(request, principal, room=ROOM.of(request))
    return await commit(request, principal, post)


@resource.operation(
    HttpOperation(
        "GET",
        MESSAGES,
        "getMessages",
        needs=Operation.READ,
        takes=(ROOM, BEFORE, AFTER, LIMIT),
        answers=Page,
        refuses=frozenset({"bad_position"}),
    )
)
async def get_messages(request: web.Request) -> Page:
    """Get a page of messages."""
    principal = principal_of(request)
    history = History(
        room=await room_key(request, principal),
        before=BEFORE.of(request),
        after=AFTER.of(request),
        limit=LIMIT.of(request) or 50,
    )
    return await request.app[HUB].reading.history(principal, history)


@resource.operation(
    HttpOperation(
        "GET",
        MESSAGE,
        "getMessage",
        needs=Operation.READ,
        takes=(ROOM, SEQ, AROUND),
        answers=OneMessage,
        refuses=frozenset({"gone"}),
    )
)
async def get_message(request: web.Request) -> OneMessage:
    """Get a message, and some around it if that is asked for."""
    principal = principal_of(request)
    room, around = await room_key(request, principal), AROUND.of(request) or 0
    asked = GetMessage(room=room, seq=SEQ.of(request), around=around)
    return await request.app[HUB].questions.message(principal, asked)


@resource.operation(
    HttpOperation(
        "GET",
        f"{MESSAGE}/source",
        "getSource",
        needs=Operation.READ,
        takes=(ROOM, SEQ),
        answers=MessageSource,
        refuses=frozenset({"gone"}),
    )
)
async def get_source(request: web.Request) -> MessageSource:
    """Get the message that a message forwards, if one may read it."""
    principal = principal_of(request)
    asked = GetSource(room=await room_key(request, principal), seq=SEQ.of(request))
    return await request.app[HUB].questions.source(principal, asked)


@resource.operation(
    HttpOperation(
        "GET",
        f"{MESSAGE}/history",
        "getEdits",
        needs=Operation.READ,
        takes=(ROOM, SEQ, AFTER_EVENT, LIMIT_OF_EDITS),
        answers=EditsPage,
        refuses=frozenset({"gone"}),
    )
)
async def get_edits(request: web.Request) -> EditsPage:
    """Get the texts that a message has had, oldest first, in pages."""
    principal = principal_of(request)
    asked = GetEdits(
        room=await room_key(request, principal),
        seq=SEQ.of(request),
        after=AFTER_EVENT.of(request) or 0,
        limit=LIMIT_OF_EDITS.of(request) or PAGE,
    )
    return await request.app[HUB].questions.edits(principal, asked)


@resource.operation(
    HttpOperation(
        "PATCH",
        MESSAGE,
        "editMessage",
        needs=Operation.EDIT_OWN,
        takes=(ROOM, SEQ, KEY),
        body=EDIT,
        answers=ChangeReply,
        refuses=frozenset({"busy", "gone"}),
    )
)
async def edit_message(request: web.Request) -> ChangeReply | web.Response:
    """Edit a message."""
    principal, known = principal_of(request), {"room": ROOM.of(request), "seq": SEQ.of(request)}
    return await commit(request, principal, await EDIT.read(request, principal, **known))


@resource.operation(
    HttpOperation(
        "DELETE",
        MESSAGE,
        "deleteMessage",
        needs=Operation.DELETE_OWN,
        takes=(ROOM, SEQ, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def delete_message(request: web.Request) -> ChangeReply | web.Response:
    """Delete a message."""
    delete = Delete(room=ROOM.of(request), seq=SEQ.of(request))
    return await commit(request, principal_of(request), delete)
