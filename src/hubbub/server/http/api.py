"""The HTTP API: rooms, messages, state, signals and events; `curl` is a first-class client."""

import re
from typing import Any

from aiohttp import web

from hubbub.protocol import fields
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    History,
    Join,
    Patch,
    Post,
    React,
    Signal,
    Unreact,
)
from hubbub.rooms.access import Principal
from hubbub.server.http.requests import (
    HUB,
    answered,
    command_from,
    credentials,
    json,
    json_from,
    number,
    principal_of,
    room_of,
    seq_of,
    staying,
)
from hubbub.server.transports.base import Links
from hubbub.server.transports.sse import serve_sse

LINKS = web.AppKey("links", Links)
MAX_WAIT = 60  # seconds

routes = web.RouteTableDef()
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')
ROOM = "/api/v1/rooms/{room}"


@routes.get("/api/v1/rooms")
async def list_rooms(request: web.Request) -> web.Response:
    """List rooms by name, in pages."""
    limit = number(request, "limit", 1, 1000) or 100
    principal, after = principal_of(request), request.query.get("after", "")
    rows = await request.app[HUB].rooms(principal, after, limit + 1)
    rooms = [
        {"room": row.room, "head": row.head, "members": members} for row, members in rows[:limit]
    ]
    return json({"rooms": rooms, "more": len(rows) > limit})


@routes.get(ROOM)
async def get_room(request: web.Request) -> web.Response:
    """Get a snapshot of a room."""
    return json(await request.app[HUB].snapshot(principal_of(request), room_of(request)))


@routes.post(ROOM + "/messages")
async def post_message(request: web.Request) -> web.Response:
    """Post a message. Repeating a key returns the first answer again."""
    principal, known = principal_of(request), _idempotency_key(request)
    post = await command_from(request, principal, Post, **known, room=room_of(request))
    return await _change(request, principal, post, status=201)


@routes.get(ROOM + "/messages")
async def get_messages(request: web.Request) -> web.Response:
    """Get a page of messages."""
    history = History(
        room=room_of(request),
        before=number(request, "before"),
        after=number(request, "after"),
        limit=number(request, "limit", 1, 200) or 50,
    )
    return json(await request.app[HUB].history(principal_of(request), history))


@routes.patch(ROOM + "/messages/{seq}")
async def edit_message(request: web.Request) -> web.Response:
    """Edit a message."""
    principal, known = principal_of(request), {"room": room_of(request), "seq": seq_of(request)}
    edit = await command_from(request, principal, Edit, **known)
    return await _change(request, principal, edit)


@routes.delete(ROOM + "/messages/{seq}")
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message."""
    delete = Delete(room=room_of(request), seq=seq_of(request))
    return await _change(request, principal_of(request), delete)


@routes.put(ROOM + "/messages/{seq}/reactions/{emoji}")
async def put_reaction(request: web.Request) -> web.Response:
    """Add a reaction to a message."""
    return await _change(request, principal_of(request), React(**_reaction(request)))


@routes.delete(ROOM + "/messages/{seq}/reactions/{emoji}")
async def delete_reaction(request: web.Request) -> web.Response:
    """Remove a reaction from a message."""
    return await _change(request, principal_of(request), Unreact(**_reaction(request)))


@routes.get(ROOM + "/state")
async def get_state(request: web.Request) -> web.Response:
    """Get the state document. Its ETag is the seq of its last patch."""
    hub, room = request.app[HUB], room_of(request)
    document = await hub.document(principal_of(request), room)
    body = {"room": room, "epoch": hub.epoch, "seq": document.seq, "state": document.value}
    return json(body, headers={"ETag": f'"{document.seq}"'})


@routes.patch(ROOM + "/state")
async def patch_state(request: web.Request) -> web.Response:
    """Merge a patch into the state document."""
    principal = principal_of(request)
    patch = await json_from(request, principal, Any, "application/merge-patch+json")
    if_seq = number(request, "if_seq")
    if "If-Match" in request.headers:
        if_seq = _version(fields.elements(request.headers, "If-Match"))
    change = Patch(room=room_of(request), patch=patch, if_seq=if_seq)
    return await _change(request, principal, change)


@routes.post(ROOM + "/signals")
async def post_signal(request: web.Request) -> web.Response:
    """Send a signal, which is not stored."""
    principal = principal_of(request)
    signal = await command_from(request, principal, Signal, room=room_of(request))
    request.app[HUB].signal(principal, signal)
    return json({"room": signal.room}, status=202)


@routes.get(ROOM + "/events", allow_head=False)
async def get_events(request: web.Request) -> web.StreamResponse:
    """Get events after a position, by long polling or, if asked for, as server-sent events."""
    if fields.prefers(request.headers, "text/event-stream", "application/json"):
        return await _stream(request)
    since, epoch = number(request, "since"), request.query.get("epoch") or None
    wait, limit = number(request, "wait", 0, MAX_WAIT) or 0, number(request, "limit", 1, 500) or 500
    hub, room = request.app[HUB], room_of(request)
    with hub.door.calling(credentials(request)) as visit:
        async with staying(visit):
            epoch, head, bodies = await hub.events(visit.principal, room, since, epoch, wait)
    return web.Response(
        body=b'{"epoch":%b,"head":%d,"events":[%b]}'
        % (encode(epoch), head, b",".join(bodies[:limit])),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _stream(request: web.Request) -> web.StreamResponse:
    since, epoch = number(request, "since"), request.query.get("epoch") or None
    # Polyfills that can't set headers send it in the query.
    if last := request.headers.get("Last-Event-ID") or request.query.get("lastEventId"):
        since, epoch = _position(last)
    join = Join(room=room_of(request), since=since, epoch=epoch)
    hub = request.app[HUB]
    with hub.door.admitted(credentials(request)) as visit:
        start = await hub.check_join(visit.principal, join)
        links, is_new = request.app[LINKS], join.since is None
        return await serve_sse(request, hub, links, visit, start, is_new=is_new)


async def _change(
    request: web.Request, principal: Principal, change: Change, status: int = 200
) -> web.Response:
    answer = await request.app[HUB].commit(principal, change)
    return answered(request, answer, status)


def _reaction(request: web.Request) -> dict[str, Any]:
    return {
        "room": room_of(request),
        "seq": seq_of(request),
        "emoji": request.match_info["emoji"],
    }


def _idempotency_key(request: web.Request) -> dict[str, str]:
    key = request.headers.get("Idempotency-Key")
    return {} if key is None else {"client_message_id": key}


def _version(tags: list[str]) -> int | None:
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


def _position(last_event_id: str) -> tuple[int, str]:
    epoch, _, seq = last_event_id.rpartition(":")
    if not (epoch and seq.isascii() and seq.isdigit() and len(seq) < 19):
        raise RefusalError(
            "bad_position", "Invalid Last-Event-ID: send the id of the last event you received"
        )
    return int(seq), epoch
