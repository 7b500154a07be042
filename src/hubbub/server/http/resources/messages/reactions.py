"""Reactions to a message."""

from typing import Literal

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.messages import React, Unreact
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, SEQ, Parameter
from hubbub.server.http.requests import principal_of

REACTION = "/api/v1/rooms/{room}/messages/{seq}/reactions/{emoji}"
EMOJI = Parameter(
    "emoji",
    "path",
    {
        "type": "string",
        "minLength": 1,
        "maxLength": 32,
        "pattern": r"^[^\s/\x00-\x1f\x7f-\x9f]+$",
    },
    lambda request: request.match_info["emoji"],
)

resource = Resource()


def _operation(method: Literal["PUT", "DELETE"], name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        method,
        REACTION,
        name,
        needs=Operation.REACT,
        takes=(ROOM, SEQ, EMOJI, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy", "gone"}),
    )


@resource.operation(_operation("PUT", "react"))
async def react(request: web.Request) -> ChangeReply | web.Response:
    """Add a reaction to a message."""
    return await _commit(request, React)


@resource.operation(_operation("DELETE", "unreact"))
async def unreact(request: web.Request) -> ChangeReply | web.Response:
    """Remove a reaction from a message."""
    return await _commit(request, Unreact)


async def _commit(
    request: web.Request, kind: type[React] | type[Unreact]
) -> ChangeReply | web.Response:
    change = kind(room=ROOM.of(request), seq=SEQ.of(request), emoji=EMOJI.of(request))
    return await commit(request, principal_of(request), change)
