"""Events of a room after a position: by long polling, or as server-sent events."""

from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol import fields
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Follow
from hubbub.server.clients.follower import Follower
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import (
    JSON,
    ROOM,
    STREAM,
    Parameter,
    header,
    integer,
    room_key,
    text,
    whole_number,
)
from hubbub.server.http.requests import HUB, LINKS, credentials, number, staying
from hubbub.server.transports.sse import serve_sse

MAX_WAIT = 60  # seconds

# The hub refuses positions that no log has, such as negative ones.
SINCE = Parameter(
    "since",
    "query",
    integer(0, 2**63 - 1),
    partial(number, name="since"),
    "Only events after this seq; by default, only new events",
)
EPOCH = text("epoch", "The epoch of the log that `since` refers to")
WAIT = whole_number("wait", "Seconds to wait for new events if there are none", 0, MAX_WAIT)
LIMIT = whole_number("limit", "Maximum number of items", 1, 500)
LAST_EVENT_ID = header("Last-Event-ID", "For streams: the id of the last event received, EPOCH:SEQ")
LAST_EVENT_ID_IN_QUERY = text(  # from polyfills that can't set headers
    "lastEventId", "For streams: same as the header Last-Event-ID, which takes precedence"
)

resource = Resource()


class EventsReply(msgspec.Struct):
    """Events after a position, oldest first; an empty list if none came in time."""

    epoch: str
    head: int
    events: list[Any]


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/rooms/{room}/events",
        "getEvents",
        needs=Operation.READ,
        takes=(ROOM, SINCE, EPOCH, WAIT, LIMIT, LAST_EVENT_ID_IN_QUERY, LAST_EVENT_ID),
        answers=EventsReply,
        also_answers=STREAM,
        refuses=frozenset({"bad_position", "reset"}),
        allow_head=False,
    )
)
async def get_events(request: web.Request) -> EventsReply | web.StreamResponse:
    """Get events after a position, by long polling or, if asked for, as server-sent events."""
    if fields.prefers(request.headers, STREAM, JSON):
        return await _stream(request)
    since, epoch = SINCE.of(request), EPOCH.of(request)
    wait, limit = WAIT.of(request) or 0, LIMIT.of(request) or 500
    hub = request.app[HUB]
    with hub.door.calling(credentials(request)) as visit:
        async with staying(visit):
            room = await room_key(request, visit.principal)
            page = await hub.reading.events(visit.principal, room, since, epoch, wait)
    return EventsReply(page.epoch, page.head, [msgspec.Raw(body) for body in page.bodies[:limit]])


async def _stream(request: web.Request) -> web.StreamResponse:
    since, epoch = SINCE.of(request), EPOCH.of(request)
    if last := LAST_EVENT_ID.of(request) or LAST_EVENT_ID_IN_QUERY.of(request):
        since, epoch = position(last)
    join = Follow(room=ROOM.of(request), since=since, epoch=epoch)
    client = Follower(request.app[HUB], credentials(request), join)
    try:
        await client.check()
    except BaseException:
        client.end()
        raise
    return await serve_sse(request, request.app[LINKS], client)


def position(last_event_id: str) -> tuple[int, str]:
    """Return the seq and the epoch in the id of a stream's event. Raises RefusalError."""
    epoch, _, seq = last_event_id.rpartition(":")
    if not (epoch and seq.isascii() and seq.isdigit() and len(seq) < 19):
        raise RefusalError(
            "bad_position", "Invalid Last-Event-ID: send the id of the last event you received"
        )
    return int(seq), epoch
