"""Pinned messages of a room."""

from typing import Literal

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.commands.conversation import PAGE, ListPins, Pin, PinsPage, Unpin
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, SEQ, room_key, whole_number
from hubbub.server.http.requests import HUB, principal_of

PINS = "/api/v1/rooms/{room}/pins"
BEFORE = whole_number("before", "Only what was pinned before the event with this seq")
LIMIT = whole_number("limit", "Maximum number of items", 1, PAGE)

resource = Resource()


@resource.operation(
    HttpOperation(
        "GET",
        PINS,
        "listPins",
        needs=Operation.READ,
        takes=(ROOM, BEFORE, LIMIT),
        answers=PinsPage,
    )
)
async def list_pins(request: web.Request) -> PinsPage:
    """List the pinned messages of a room, the last pinned first, in pages."""
    principal = principal_of(request)
    asked = ListPins(
        room=await room_key(request, principal),
        before=BEFORE.of(request),
        limit=LIMIT.of(request) or PAGE,
    )
    return await request.app[HUB].questions.pins(principal, asked)


def _on_pin(method: Literal["PUT", "DELETE"], name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        method,
        f"{PINS}/{{seq}}",
        name,
        needs=Operation.PIN,
        takes=(ROOM, SEQ, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy", "gone", "too_large"}),
    )


@resource.operation(_on_pin("PUT", "pin"))
async def pin(request: web.Request) -> ChangeReply | web.Response:
    """Pin a message in its room."""
    change = Pin(room=ROOM.of(request), seq=SEQ.of(request))
    return await commit(request, principal_of(request), change)


@resource.operation(_on_pin("DELETE", "unpin"))
async def unpin(request: web.Request) -> ChangeReply | web.Response:
    """Pin a message no longer."""
    change = Unpin(room=ROOM.of(request), seq=SEQ.of(request))
    return await commit(request, principal_of(request), change)
