"""The HTTP API as a table: what each operation takes, answers, and may be refused with.

Paths, methods and summaries are the routes'; `description` makes the documents of it.
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


class RoomRow(msgspec.Struct):
    """A room in a list."""

    room: str
    head: int
    members: int


class Rooms(msgspec.Struct):
    """Rooms by name; `more`: there are others after the last."""

    rooms: list[RoomRow]
    more: bool


class Accepted(msgspec.Struct):
    """What an accepted change is answered with. `seq` is null if nothing had to change."""

    room: str
    epoch: str
    seq: int | None
    at: str | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET


class State(msgspec.Struct):
    """The state document, and the seq of its last patch (0: none yet)."""

    room: str
    epoch: str
    seq: int
    state: Any


class Events(msgspec.Struct):
    """Events after a position, oldest first; empty if there were none in time."""

    epoch: str
    head: int
    events: list[Any]


class Said(msgspec.Struct):
    """A signal was passed on."""

    room: str


class Operation(NamedTuple):
    """One operation. `body` is the command that the body and the path make together."""

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
    Operation(
        ROOMS, "get", "listRooms", Rooms, frozenset({"name_taken"}), ("after_room", "limit_rooms")
    ),
    Operation(ROOM, "get", "getRoom", Snapshot, READS),
    Operation(
        f"{ROOM}/messages",
        "post",
        "postMessage",
        Accepted,
        CHANGES | BODIES | {"gone"},
        headers=("Idempotency-Key",),
        body=Post,
        status=201,
    ),
    Operation(
        f"{ROOM}/messages",
        "get",
        "getMessages",
        Page,
        READS | {"bad_position"},
        query=("before", "after", "limit_messages"),
    ),
    Operation(MESSAGE, "patch", "editMessage", Accepted, CHANGES | BODIES | {"gone"}, body=Edit),
    Operation(MESSAGE, "delete", "deleteMessage", Accepted, CHANGES),
    Operation(REACTION, "put", "react", Accepted, CHANGES | {"gone"}),
    Operation(REACTION, "delete", "unreact", Accepted, CHANGES | {"gone"}),
    Operation(f"{ROOM}/state", "get", "getState", State, READS),
    Operation(
        f"{ROOM}/state",
        "patch",
        "patchState",
        Accepted,
        CHANGES | BODIES | {"conflict"},
        query=("if_seq",),
        headers=("If-Match",),
        body=Patch,
        takes=MERGE_PATCH,
    ),
    Operation(f"{ROOM}/signals", "post", "signal", Said, READS | BODIES, body=Signal, status=202),
    Operation(
        f"{ROOM}/events",
        "get",
        "getEvents",
        Events,
        READS | {"bad_position", "reset"},
        query=("since", "epoch", "wait", "limit_events", "lastEventId"),
        headers=("Last-Event-ID",),
        also_answers=STREAM,
    ),
)
