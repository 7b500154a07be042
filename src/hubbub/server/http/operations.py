"""The HTTP API as a table: the parameters, answers and error codes of each operation.

Paths, methods and summaries come from the routes; `description` builds the documents from this table.
"""

from typing import Any, NamedTuple

import msgspec

from hubbub.protocol.messages import Edit, Page, Patch, Post, Signal, Snapshot

JSON, MERGE_PATCH, STREAM = "application/json", "application/merge-patch+json", "text/event-stream"
ROOMS = "/api/v1/rooms"
ROOM = f"{ROOMS}/{{room}}"
MESSAGE = f"{ROOM}/messages/{{seq}}"
REACTION = f"{MESSAGE}/reactions/{{emoji}}"

ALWAYS = frozenset(
    {"bad_request", "bad_origin", "unauthenticated", "rate_limited", "head_too_large"}
)
FAULTS = frozenset({"internal", "unavailable", "method_not_allowed"})
CHANGES = frozenset({"forbidden", "not_found", "name_taken", "busy"})
BODIES = frozenset({"too_large", "unsupported", "timed_out"})
READS = frozenset({"forbidden", "not_found", "name_taken"})


class RoomItem(msgspec.Struct):
    """A room in the list of rooms."""

    room: str
    head: int
    members: int


class RoomsReply(msgspec.Struct):
    """Rooms by name. `more` tells whether there are others after the last one."""

    rooms: list[RoomItem]
    more: bool


class ChangeReply(msgspec.Struct):
    """The answer to an accepted change. `seq` is null if there was nothing to change."""

    room: str
    epoch: str
    seq: int | None
    at: str | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET


class StateReply(msgspec.Struct):
    """The state document, and the seq of its last patch (0 if there is none yet)."""

    room: str
    epoch: str
    seq: int
    state: Any


class EventsReply(msgspec.Struct):
    """Events after a position, oldest first; an empty list if none came in time."""

    epoch: str
    head: int
    events: list[Any]


class SignalReply(msgspec.Struct):
    """The answer to a signal: it was passed on."""

    room: str


class HttpOperation(NamedTuple):
    """One operation. `body` is the command that path and body form together."""

    path: str
    method: str
    name: str
    answer: Any
    codes: frozenset[str]
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    body: Any = None
    status: int = 200
    takes: str = JSON
    also_answers: str | None = None


OPERATIONS = (
    HttpOperation(
        ROOMS,
        "get",
        "listRooms",
        RoomsReply,
        frozenset({"name_taken"}),
        ("after_room", "limit_rooms"),
    ),
    HttpOperation(ROOM, "get", "getRoom", Snapshot, READS),
    HttpOperation(
        f"{ROOM}/messages",
        "post",
        "postMessage",
        ChangeReply,
        CHANGES | BODIES | {"gone"},
        headers=("Idempotency-Key",),
        body=Post,
        status=201,
    ),
    HttpOperation(
        f"{ROOM}/messages",
        "get",
        "getMessages",
        Page,
        READS | {"bad_position"},
        query=("before", "after", "limit_messages"),
    ),
    HttpOperation(
        MESSAGE, "patch", "editMessage", ChangeReply, CHANGES | BODIES | {"gone"}, body=Edit
    ),
    HttpOperation(MESSAGE, "delete", "deleteMessage", ChangeReply, CHANGES),
    HttpOperation(REACTION, "put", "react", ChangeReply, CHANGES | {"gone"}),
    HttpOperation(REACTION, "delete", "unreact", ChangeReply, CHANGES | {"gone"}),
    HttpOperation(f"{ROOM}/state", "get", "getState", StateReply, READS),
    HttpOperation(
        f"{ROOM}/state",
        "patch",
        "patchState",
        ChangeReply,
        CHANGES | BODIES | {"conflict"},
        query=("if_seq",),
        headers=("If-Match",),
        body=Patch,
        takes=MERGE_PATCH,
    ),
    HttpOperation(
        f"{ROOM}/signals", "post", "signal", SignalReply, READS | BODIES, body=Signal, status=202
    ),
    HttpOperation(
        f"{ROOM}/events",
        "get",
        "getEvents",
        EventsReply,
        READS | {"bad_position", "reset"},
        query=("since", "epoch", "wait", "limit_events", "lastEventId"),
        headers=("Last-Event-ID",),
        also_answers=STREAM,
    ),
)
