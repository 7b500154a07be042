"""Threads of rooms, and those that an account follows."""

from typing import Literal

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.domain.aspects.conversation.threads import END, FOLLOW
from hubbub.protocol.commands.threads import (
    PAGE,
    EndThread,
    FollowThread,
    ListMyThreads,
    ListThreads,
    MyThreadsPage,
    ReopenThread,
    ThreadsPage,
    UnfollowThread,
)
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import OWN_ACCOUNT, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, room_key, text, whole_number
from hubbub.server.http.requests import HUB, principal_of

OWN = "/api/v1/me/threads"
BEFORE = text(
    "before",
    "Only what follows in this order: the `at` and the `thread` of an item, with a slash between them",
)
LIMIT = whole_number("limit", "Maximum number of items", 1, PAGE)
UNREAD = whole_number("unread", "1 for threads with something unread only", 0, 1)

resource = Resource()


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/rooms/{room}/threads",
        "listThreads",
        needs=Operation.READ,
        takes=(ROOM, BEFORE, LIMIT),
        answers=ThreadsPage,
    )
)
async def list_threads(request: web.Request) -> ThreadsPage:
    """List the threads of a room, the one with the newest reply first, in pages."""
    principal = principal_of(request)
    asked = ListThreads(
        room=await room_key(request, principal),
        before=BEFORE.of(request),
        limit=LIMIT.of(request) or PAGE,
    )
    return await request.app[HUB].threads.of_room(principal, asked)


@resource.operation(
    HttpOperation(
        "GET",
        OWN,
        "listMyThreads",
        needs=OWN_ACCOUNT,
        takes=(BEFORE, LIMIT, UNREAD),
        answers=MyThreadsPage,
    )
)
async def list_my_threads(request: web.Request) -> MyThreadsPage:
    """List the threads that one follows, the one with the newest reply first, in pages. Those that one may not read any more are not shown."""
    asked = ListMyThreads(
        before=BEFORE.of(request),
        limit=LIMIT.of(request) or PAGE,
        unread=bool(UNREAD.of(request)),
    )
    return await request.app[HUB].threads.mine(account_of(request), asked)


def _on_own(method: Literal["PUT", "DELETE"], name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        method,
        f"{OWN}/{{room}}",
        name,
        needs=FOLLOW,
        takes=(ROOM, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(_on_own("PUT", "followThread"))
async def follow_thread(request: web.Request) -> ChangeReply | web.Response:
    """Follow a thread. `seq` is that of the own log."""
    return await commit(request, principal_of(request), FollowThread(room=ROOM.of(request)))


@resource.operation(_on_own("DELETE", "unfollowThread"))
async def unfollow_thread(request: web.Request) -> ChangeReply | web.Response:
    """Follow a thread no longer. `seq` is that of the own log."""
    return await commit(request, principal_of(request), UnfollowThread(room=ROOM.of(request)))


def _on_thread(action: str, name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "POST",
        f"/api/v1/rooms/{{room}}/{action}",
        name,
        needs=END,
        takes=(ROOM, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(_on_thread("end", "endThread"))
async def end_thread(request: web.Request) -> ChangeReply | web.Response:
    """End a thread: nothing changes in it any more, except that messages can be deleted."""
    return await commit(request, principal_of(request), EndThread(room=ROOM.of(request)))


@resource.operation(_on_thread("reopen", "reopenThread"))
async def reopen_thread(request: web.Request) -> ChangeReply | web.Response:
    """Let an ended thread go on."""
    return await commit(request, principal_of(request), ReopenThread(room=ROOM.of(request)))
