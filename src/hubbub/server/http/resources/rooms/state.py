"""The state document of a room."""

import re
from typing import Any

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol import fields
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Patch
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import MERGE_PATCH, ROOM, Body, header, room_key, whole_number
from hubbub.server.http.requests import HUB, json, principal_of

STATE = "/api/v1/rooms/{room}/state"
IF_SEQ = whole_number(
    "if_seq", "Apply the patch only if the document has not changed after this seq"
)
IF_MATCH = header(
    "If-Match",
    "The ETag of the state you read, a list of ETags, or * for any version",
    {"type": "string", "pattern": r'^(\*|((W/)?"[0-9]{1,18}"( *, *)?)+)$'},
)
PATCH = Body(Patch, MERGE_PATCH)
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')

resource = Resource()


class StateReply(msgspec.Struct):
    """The state document, and the seq of its last patch (0 if there is none yet)."""

    room: str
    epoch: str
    seq: int
    state: Any


@resource.operation(
    HttpOperation("GET", STATE, "getState", needs=Operation.READ, takes=(ROOM,), answers=StateReply)
)
async def get_state(request: web.Request) -> web.Response:
    """Get the state document. Its ETag is the seq of its last patch."""
    reading, principal = request.app[HUB].reading, principal_of(request)
    room = await room_key(request, principal)
    document = await reading.document(principal, room)
    reply = StateReply(room, reading.epoch, document.seq, document.value)
    return json(reply, headers={"ETag": f'"{document.seq}"'})


@resource.operation(
    HttpOperation(
        "PATCH",
        STATE,
        "patchState",
        needs=Operation.PATCH,
        takes=(ROOM, IF_SEQ, IF_MATCH, KEY),
        body=PATCH,
        answers=ChangeReply,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def patch_state(request: web.Request) -> ChangeReply | web.Response:
    """Merge a patch into the state document."""
    principal = principal_of(request)
    patch = await PATCH.read_value(request, principal)
    if_seq = IF_SEQ.of(request)
    if IF_MATCH.of(request) is not None:
        if_seq = version(fields.elements(request.headers, IF_MATCH.name))
    change = Patch(room=ROOM.of(request), patch=patch, if_seq=if_seq)
    return await commit(request, principal, change)


def version(tags: list[str]) -> int | None:
    """Return the newest version that the client is ready to patch, or None if any will do.

    Weak tags count as well: proxies that compress make tags weak, but keep the number.
    """
    if tags == ["*"]:
        return None
    found = [_ETAG.fullmatch(tag) for tag in tags]
    if not found or not all(found):
        raise RefusalError(
            "bad_request", "Invalid If-Match: send the ETag of the state you read, or *"
        )
    return max(int(tag[1]) for tag in found if tag)
