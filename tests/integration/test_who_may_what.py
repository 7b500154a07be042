"""Who may do what in made rooms, at the doors: every command and every route, by everyone, in every kind of room.

What is answered is compared with the design's table (`tests.support.access_table`), and word by word with what
`places.refusal` says.
"""

import asyncio
import json
import re
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hubbub.domain.access import Operation
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.conversation.threads import NO_THREAD_KEY
from hubbub.domain.places import MadeKind, refusal
from hubbub.domain.screening import NOT_IN_THREADS
from hubbub.protocol.errors import CODES, Refusal
from hubbub.protocol.keys import parent_of, root_of, thread_key
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.native import native
from tests.integration.test_socketio_rooms import socket_io
from tests.integration.test_sockjs_rooms import Poller
from tests.support.every_case import EVERY_CASE
from tests.support.paths import filled
from tests.support.postgres import Postgres
from tests.support.town import ALIKE, OUTSIDE, PLACES, ROOMS, Room, Town, depicted, town

Json = dict[str, Any]
Ask = Callable[[Json], Awaitable[Json]]

pytestmark = pytest.mark.timeout(300)

QUERIES = {  # what names the room in routes whose paths don't, and what else a route needs
    "search": "q=in:{room}&",
    "removePreview": "url=https://a.example/&",
}
IN_ROOMS = {
    each.name: each
    for each in operations_of(ROUTES)
    if "{room}" in each.path or each.name in QUERIES
}
NOT_ABOUT_A_ROOM = {"hello", "create", "start", "follow_all", "save", "unsave", "list_saved"} | {
    *("draft", "list_drafts", "list_emoji", "list_my_threads", "list_missed"),
    *("watch", "away", "back", "prefer", "block", "unblock", "subscribe", "unsubscribe"),
}
# Whom one may watch: members of the server all who are active, guests themselves and those of their rooms.
ACTIVE = {"ada", "grace", "mary", "mona", "gus", "nina", "bart", "xena", "tess"}
MAY_WATCH = dict.fromkeys(ACTIVE, ACTIVE) | {
    "gus": {"grace", "mary", "mona", "gus"},
    "xena": {"xena"},
}
# What a thread has in common with its room, so that it is said of that.
ONLY_IN_ROOMS = {
    *("patchState", "inviteMembers", "removeMember", "ban", "unban", "mute", "unmute"),
    *("setRoomAvatar", "appointMember", "archiveRoom", "restoreRoom", "joinRoom", "leaveRoom"),
}
ALWAYS = {"unfollow"}  # whoever follows nothing may stop
# What is shown in rooms, whose paths don't name them, and what one must be allowed there to get it.
SHOWN_IN_ROOMS = {
    "getFile": Operation.READ,
    "getThumbnail": Operation.READ,
    "getAvatar": Operation.KNOW,
}
DEPICTED = (MadeKind.OPEN, MadeKind.CLOSED)
NO_FILE = "0" * 24
NOT_UPLOADED = Refusal(
    "not_found",
    "No such file of yours to post: it was never uploaded, posted before, or has expired",
)
WITHOUT_ACCOUNT = Refusal("forbidden", "Not allowed to post files without an account")


class Act(NamedTuple):
    """Something that one may try in a room: as a command, as a request, or as both.

    `asks` are the operations that it takes, in the order in which they are asked for. Those who may do it are refused as `lacks` says,
    since it names what isn't there.
    """

    asks: tuple[Operation, ...]
    command: Json | None = None
    route: str = ""
    body: Any = None
    path: Mapping[str, Any] = MappingProxyType({})
    undo: str = ""  # what it changes if it is allowed: `place`, `archived` or `restored`
    is_for_threads: bool = False
    lacks: Refusal | None = None

    @property
    def key(self) -> str:
        """How it is called in reports."""
        return f"{self.command or self.route} {dict(self.path)}"


O = Operation  # noqa: E741


def acts(room: Room, who: str) -> list[Act]:
    """All that someone may try in a room, whatever it is about."""
    (other,) = [each for each in ("mary", "gus") if room.own.get(each)][:1]
    theirs = room.own[other][0]
    return [
        Act((O.READ,), {"do": "follow"}, "getRoom"),
        Act((O.READ,), {"do": "history"}, "getMessages"),
        Act((O.READ,), {"do": "search", "query": f"in:{room.key}"}, "search"),
        Act((O.READ,), None, "getState"),
        Act((O.READ,), None, "getEvents"),
        Act((O.KNOW,), None, "listMembers"),
        Act((O.KNOW,), None, "mayInRoom"),
        Act((O.KNOW,), None, "getSettings"),
        Act((O.MODERATE,), None, "listBans"),
        Act((O.MODERATE,), None, "listMutes"),
        Act((O.POST,), {"do": "post", "text": "x"}, "postMessage", {"text": "x"}),
        with_file(who),
        *titled(room),
        Act(
            (O.POST, O.NAME_ALL),
            {"do": "post", "text": "@room"},
            "postMessage",
            {"text": "@room"},
        ),
        Act((O.MARK,), {"do": "read", "upto": 1}, "markRead", {"upto": 1}),
        Act((O.MARK,), {"do": "mark_unread"}, "markUnread"),
        Act((O.MARK,), {"do": "set", "starred": True}, "setMyRoom", {"starred": True}),
        Act((O.SIGNAL,), {"do": "signal", "signal": "typing"}, "signal", {"signal": "typing"}),
        Act((O.PATCH,), {"do": "patch", "patch": {"n": 1}}, "patchState", {"n": 1}),
        *(
            Act(
                (O.REACT,),
                {"do": do, "seq": theirs, "emoji": "x"},
                do,
                None,
                {"seq": theirs, "emoji": "x"},
            )
            for do in ("react", "unreact")
        ),
        *(
            Act((O.PIN,), {"do": do, "seq": theirs}, do, None, {"seq": theirs})
            for do in ("pin", "unpin")
        ),
        Act((O.READ,), {"do": "list_pins"}, "listPins"),
        Act((O.READ,), {"do": "get_message", "seq": theirs}, "getMessage", path={"seq": theirs}),
        Act((O.READ,), {"do": "get_edits", "seq": theirs}, "getEdits", path={"seq": theirs}),
        Act(
            (O.READ,),
            {"do": "get_source", "seq": room.forwarding},
            "getSource",
            path={"seq": room.forwarding},
        ),
        *changes(room),
        *about_people(room),
        *about_messages(room, who, other),
        *about_threads(room),
        Act((O.MANAGE,), {"do": "archive"}, "archiveRoom", undo="archived"),
        Act((O.RESTORE,), {"do": "restore"}, "restoreRoom", undo="restored"),
        Act((O.JOIN,), {"do": "join"}, "joinRoom", undo="place"),
        Act((O.LEAVE,), {"do": "leave"}, "leaveRoom", undo="place"),
    ]


def with_file(who: str) -> Act:
    """Posting a file, which only accounts can upload."""
    asks, lacks = (
        ((O.POST,), WITHOUT_ACCOUNT) if who == "vera" else ((O.POST, O.UPLOAD), NOT_UPLOADED)
    )
    given = {"files": [NO_FILE]}
    return Act(asks, {"do": "post"} | given, "postMessage", given, lacks=lacks)


def titled(room: Room) -> list[Act]:
    """Posting with a title, which a message in a thread can't have."""
    given = {"text": "x", "title": "y"}
    act = Act((O.POST, O.TITLE), {"do": "post"} | given, "postMessage", given)
    return [] if room.is_thread else [act]


def about_threads(room: Room) -> list[Act]:
    """What one may do about threads; whoever ends one is not the last."""
    lists = [Act((O.READ,), {"do": "list_threads"}, "listThreads")]
    return lists + [
        Act((asked,), {"do": do}, route, is_for_threads=True)
        for asked, do, route in (
            (O.MARK, "follow_thread", "followThread"),
            (O.END_THREAD, "end_thread", "endThread"),
            (O.END_THREAD, "reopen_thread", "reopenThread"),
            (O.MARK, "unfollow_thread", "unfollowThread"),
        )
    ]


def changes(room: Room) -> list[Act]:
    """Changes of a room's settings, to what they are."""
    if room.is_thread:
        return [Act((O.KNOW, O.TITLE), {"do": "change", "title": ""}, "changeRoom", {"title": ""})]
    title = "" if room.kind is MadeKind.DIRECT else room.name
    kind = "closed" if room.kind is MadeKind.DIRECT else room.kind.value
    given: list[tuple[Operation, Json]] = [
        (O.TITLE, {"title": title}),
        (O.DESCRIBE, {"topic": ""}),
        (O.DESCRIBE, {"alias": ""}),
        (O.MODERATE, {"posters": room.settings.get("posters", "all")}),
        (O.MODERATE, {"slow": room.settings.get("slow", 0)}),
        (O.MANAGE, {"kind": kind}),
        (O.MANAGE, {"public": room.settings.get("public", "none")}),
        (O.MANAGE, {"keep_days": 0}),
        (O.MANAGE, {"receipts": True}),
        (O.MANAGE, {"titles": False}),
        *((O.MANAGE, {f"members_may_{verb}": True}) for verb in ("invite", "edit", "name_all")),
    ]
    some = given if not room.is_variant else given[::3]
    none = {"file": ""}
    return [
        *(Act((O.KNOW, each), {"do": "change"} | new, "changeRoom", new) for each, new in some),
        Act((O.DEPICT,), {"do": "set_avatar"} | none, "setRoomAvatar", none),
    ]


def about_people(room: Room) -> list[Act]:
    """What one may do about others; who is a member stays one."""
    member, guest = {"who": ["grace"]}, {"who": ["gus"]}
    of_tess: list[tuple[str, str, Any]] = [
        ("remove", "removeMember", None),
        ("ban", "ban", {}),
        ("unban", "unban", None),
        ("mute", "mute", {"seconds": 9}),
        ("unmute", "unmute", None),
    ]
    return [
        Act((O.INVITE,), {"do": "invite"} | member, "inviteMembers", member),
        Act((O.INVITE, O.INVITE_GUEST), {"do": "invite"} | guest, "inviteMembers", guest),
        *(
            Act(
                (O.MODERATE,),
                {"do": do, "who": "tess"} | (body or {}),
                route,
                body,
                {"who": "tess"},
            )
            for do, route, body in of_tess
        ),
        Act(
            (O.MANAGE,),
            {
                "do": "appoint",
                "who": "grace",
                "role": "host" if room.kind is not MadeKind.DIRECT else "member",
            },
            "appointMember",
            {"role": "host"},
            {"who": "grace"},
        ),
    ]


def about_messages(room: Room, who: str, other: str) -> list[Act]:
    """Editing and deleting, of one's own and of others'."""
    owners = [(who, O.EDIT_OWN, O.DELETE_OWN)] if room.own.get(who) else []
    if who != other:
        owners.append((other, O.EDIT_ANY, O.DELETE_ANY))
    found: list[Act] = []
    for owner, edit, delete in owners:
        seq = room.own[owner][-1]
        path = {"seq": seq}
        found += [
            Act(
                (O.READ, edit),
                {"do": "edit", "seq": seq, "text": "y"},
                "editMessage",
                {"text": "y"},
                path,
            ),
            Act(
                (O.READ, delete),
                {"do": "remove_preview", "seq": seq, "url": "https://a.example/"},
                "removePreview",
                None,
                path,
            ),
            Act((O.READ, delete), {"do": "delete", "seq": seq}, "deleteMessage", None, path),
        ]
    return found


# --- the doors ---


@asynccontextmanager
async def by_native(town: Town, who: str) -> AsyncIterator[Ask]:
    async with native(town.site.server.port, **town.hello[who]) as client:

        async def ask(command: Json) -> Json:
            given = {name: value for name, value in command.items() if name != "do"}
            return await client._answered(command["do"], given)

        yield ask


@asynccontextmanager
async def by_socket_io(town: Town, who: str) -> AsyncIterator[Ask]:
    async with socket_io(town.site.stranger.url, **town.hello[who]) as client:

        async def ask(command: Json) -> Json:
            given = {name: value for name, value in command.items() if name != "do"}
            return dict(await client.ask(command["do"], given))

        yield ask


@asynccontextmanager
async def by_sockjs(town: Town, who: str) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession(town.site.stranger.url) as http:
        poller, last, waiting = Poller(http), 0, list[Json]()
        await poller.take()

        async def ask(command: Json) -> Json:
            nonlocal last
            last += 1
            await poller.send(json.dumps(command | {"id": last}))
            while True:
                while not waiting:
                    waiting.extend(await poller.messages())
                if (found := waiting.pop(0)).get("re") == last:
                    return found

        assert "ok" in await ask({"do": "hello"} | town.hello[who])
        yield ask


Door = Callable[[Town, str], AbstractAsyncContextManager[Ask]]
DOORS: dict[str, Door] = {
    "native": by_native,
    "socket.io": by_socket_io,
    "sockjs polls": by_sockjs,
}
# Where the same code carries out the commands, some rooms are enough: at another door, and on another store.
WHERE = ("rooms", "threads")
ELSEWHERE = ("open", "closed", "direct")
ON_POSTGRES = (*ROOMS,) if EVERY_CASE else (*ELSEWHERE, "closed, slow")


def address(town: Town, room: str, operation: HttpOperation[Any], act: Act, who: str) -> str:
    """Where someone asks for something."""
    path = f"{operation.path}?{QUERIES.get(operation.name, '')}"
    for name, value in ({"room": room} | dict(act.path)).items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    name = f"name={who}" if who == "vera" else ""
    return f"{town.site.stranger.url}{path}{name}"


def headers(town: Town, who: str) -> dict[str, str]:
    hello = town.hello[who]
    if "token" in hello:
        return {"Authorization": f"Bearer {hello['token']}"}
    return {"Hubbub-Key": hello["key"]}


async def by_http(
    http: aiohttp.ClientSession, town: Town, room: str, who: str, act: Act
) -> tuple[int, Json]:
    """Ask for something over HTTP; returns the status and the body."""
    operation = IN_ROOMS[act.route]
    given = headers(town, who)
    body = None
    if operation.body is not None:
        body = json.dumps(act.body)
        given["Content-Type"] = operation.body.content_type
    url = address(town, room, operation, act, who)
    async with http.request(operation.method, url, data=body, headers=given) as answer:
        return answer.status, await answer.json(content_type=None)


# --- what is expected ---


def expected(room: Room, who: str, act: Act) -> Json:
    """The error that someone gets, as both the design and the code have it; empty if it is allowed."""
    if (elsewhere := misplaced(room, act)) is not None:
        return said_of(elsewhere)
    for asked in act.asks:
        code = room.code(who, asked)
        operation = room.as_asked(who, asked)
        found = refusal(room.standing(who), operation)
        assert (found.code if found else None) == code, (room.name, who, operation)
        if found is not None:
            error = {"code": code, "detail": found.detail, "temporary": CODES[found.code].temporary}
            return {**error, **found.facts}
    return said_of(act.lacks) if act.lacks else {}


def said_of(refusal: Refusal) -> Json:
    """What is said to whoever is refused so."""
    temporary = CODES[refusal.code].temporary
    return {"code": refusal.code, "detail": refusal.detail, "temporary": temporary}


def misplaced(room: Room, act: Act) -> Refusal | None:
    """The refusal of something that is only for threads, or only for rooms, where it isn't; None where it is."""
    if act.is_for_threads and not room.is_thread:
        return NO_THREAD_KEY
    return NOT_IN_THREADS if room.is_thread and act.route in ONLY_IN_ROOMS else None


def of_reply(reply: Json) -> Json:
    """What a native error says."""
    error = reply.get("error")
    if error is None:
        return {}
    error = dict(error)
    error.pop("retry_after", None)
    return error | {"detail": error.pop("message")}


def of_problem(status: int, body: Json) -> Json:
    """What a problem says; its status and title must be those of its code."""
    if status < 400:
        return {}
    row = CODES[body["code"]]
    assert (status, body.pop("status"), body.pop("title")) == (row.status, row.status, row.title)
    return {k: v for k, v in body.items() if k not in ("type", "retry_after", "hint")}


async def undo(town: Town, room: Room, who: str, act: Act) -> None:
    """Have all as it was before something that was allowed."""
    async with town.undoing:
        await _undo(town, room, who, act)


async def _undo(town: Town, room: Room, who: str, act: Act) -> None:
    if act.undo == "place":
        was = room.place(who).value
        if (act.route == "joinRoom") is (was in "NA"):
            await town.back(room, who)
    elif act.route == "deleteMessage":
        (owner,) = (own for own in room.own.values() if act.path["seq"] in own)
        owner.remove(act.path["seq"])
    elif act.undo and room.kind is not MadeKind.DIRECT:
        if act.undo == "archived" and not room.is_archived:
            await town.at["grace"].ask("restore", room=room.key)
        if act.undo == "restored" and room.is_archived:
            await town.at["grace"].ask("archive", room=room.key)


def inside(room: Room) -> list[str]:
    """Everyone who tries what they may in a room; in its variants, one of those from outside stands for the others."""
    return [who for who in PLACES if not (room.is_variant and who in ALIKE)]


def cells(town: Town, where: str) -> Iterator[tuple[Room, str]]:
    """Everyone in every room, or in a thread of each."""
    return ((room, who) for room in places(town, where) for who in inside(room))


def listed(wrong: list[Any]) -> str:
    """What is not as expected, a line each."""
    return f"{len(wrong)} cells differ:\n" + "\n".join(map(str, wrong[:50]))


# --- the tests ---


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
async def here(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> AsyncIterator[Town]:
    store, rooms = "sqlite", (*ROOMS,)
    if request.param == "postgres":
        store, rooms = await postgres.fresh(), ON_POSTGRES
    async with town(tmp_path_factory.mktemp("town"), store, rooms) as made:
        yield made


def test_each_command_and_each_route_is_tried() -> None:
    room = Room("@r000000000000", "open", MadeKind.OPEN, {}, {"mary": [1, 2, 3], "gus": [4, 5]})
    found = acts(room, "gus") + acts(room, "mary")
    commands = {act.command["do"] for act in found if act.command}
    assert commands == set(RULES.commands.names) - NOT_ABOUT_A_ROOM - ALWAYS
    assert {act.route for act in found} == IN_ROOMS.keys()
    asked = {each.name for act in found for each in act.asks}
    assert asked == {each.name for each in Operation}


def places(town: Town, where: str, names: Container[str] = ROOMS) -> list[Room]:
    """The rooms of these names, or a thread in each."""
    rooms = [room for room in town.rooms.values() if room.name in names]
    return rooms if where == "rooms" else [room.thread for room in rooms if room.thread]


@pytest.mark.parametrize(
    "here, door",
    [*(("sqlite", door) for door in DOORS), ("postgres", "native")],
    indirect=["here"],
    scope="module",
)
@pytest.mark.parametrize("where", WHERE)
async def test_commands(here: Town, door: str, where: str) -> None:
    wrong: list[Any] = []

    async def try_all(room: Room, people: Iterable[str]) -> None:
        for who in people:
            async with DOORS[door](here, who) as ask:
                for act in acts(room, who):
                    if act.command is not None:
                        reply = await ask(act.command | {"room": room.key})
                        got, want = of_reply(reply), expected(room, who, act)
                        want.pop("until", None)  # only HTTP tells
                        if got != want:
                            wrong.append((room.name, who, act.key, got, want))
                        if not got:
                            await ask({"do": "unfollow", "room": room.key})
                            await undo(here, room, who, act)

    async with asyncio.TaskGroup() as group:
        for room in places(here, where, ROOMS if EVERY_CASE or door == "native" else ELSEWHERE):
            group.create_task(try_all(room, inside(room)))
    assert not wrong, listed(wrong)


@pytest.mark.parametrize(
    "here, wheres, rooms",
    [("sqlite", WHERE, ROOMS), ("postgres", ("rooms",), ELSEWHERE)],
    indirect=["here"],
    scope="module",
    ids=["sqlite", "postgres"],
)
async def test_requests(here: Town, wheres: tuple[str, ...], rooms: Container[str]) -> None:
    wrong: list[Any] = []

    async def try_all(room: Room) -> None:
        for who in inside(room):
            await try_as(room, who)

    async def try_as(room: Room, who: str) -> None:
        for act in acts(room, who):
            status, body = await by_http(http, here, room.key, who, act)
            want = expected(room, who, act)
            if act.route == "mayInRoom" and not want:
                got = {name: each.get("code") for name, each in body["may"].items()}
                want = {o.name.lower(): room.code(who, o) for o in Operation}
            else:
                got = of_problem(status, body)
            if got != want:
                wrong.append((room.name, who, act.key, status, got, want))
            if status < 400:
                await undo(here, room, who, act)

    async with aiohttp.ClientSession() as http:
        for where in (
            wheres
        ):  # one after the other: what is done to a room changes what one may in its thread
            async with asyncio.TaskGroup() as group:
                for room in places(here, where, rooms):
                    group.create_task(try_all(room))
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("where", WHERE)
async def test_who_may_read_a_message_may_save_and_forward_it(here: Town, where: str) -> None:
    wrong: list[Any] = []
    for room, who in cells(here, where):
        if "token" in here.hello[who] and who not in OUTSIDE:
            of = {"room": room.key, "message": room.own["gus"][0]}
            for do, fields in (("save", {}), ("post", {"room": "lobby", "text": "look"})):
                reply = await here.at[who]._answered(do, fields | {"of": of})
                got, want = of_reply(reply), expected(room, who, Act((O.READ,)))
                want.pop("until", None)
                if got != want:
                    wrong.append((room.name, who, do, got, want))
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("here", ["sqlite"], indirect=True)
async def test_who_may_read_a_room_gets_its_files_and_who_may_know_of_it_its_picture(
    here: Town, where: str
) -> None:
    wrong: list[Any] = []
    paths = {each.name: each.path for each in operations_of(ROUTES)}
    async with aiohttp.ClientSession(here.site.stranger.url) as http:
        plain = [r for r in places(here, where) if not r.is_variant and r.kind in DEPICTED]
        avatars = {r.key: await depicted(here, r) for r in plain if not r.is_thread}
        for room, who in cells(here, where):
            parts = {"file": room.file, "avatar": avatars.get(room.key), "side": "360"}
            for name, asked in SHOWN_IN_ROOMS.items():
                if name == "getAvatar" and room.key not in avatars:
                    continue
                path = filled(paths[name], **parts)
                async with http.get(path, headers=headers(here, who)) as answer:
                    got, want = answer.status, 404 if room.code(who, asked) else 200
                if got != want:
                    wrong.append((room.name, who, name, got, want))
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("door", DOORS)
async def test_only_accounts_have_settings_and_block_people(here: Town, door: str) -> None:
    for who in PLACES:
        other = here.people["grace" if who == "mary" else "mary"].account
        async with DOORS[door](here, who) as ask:
            asked: list[dict[str, Any]] = [
                *({"do": "prefer", "name": "theme", "value": value} for value in ("dark", None)),
                *({"do": do, "who": other} for do in ("block", "unblock")),
            ]
            for fields in asked:
                reply = await ask(fields)
                if who in MAY_WATCH:
                    assert reply["ok"]["seq"], (who, fields)
                else:
                    assert reply["error"]["code"] == "not_found", (who, fields)


@pytest.mark.parametrize("door", DOORS)
async def test_who_may_watch_whom(here: Town, door: str) -> None:
    keys = {each.account: name for name, each in here.people.items()}
    for who in PLACES:
        async with DOORS[door](here, who) as ask:
            reply = await ask({"do": "watch", "people": [*keys, "@p00000000000z"]})
            if who in MAY_WATCH:
                assert {keys[each] for each in reply["ok"]["people"]} == MAY_WATCH[who], who
            else:
                assert reply["error"]["code"] == "forbidden", who
            for do in ("away", "back"):
                assert (await ask({"do": do}))["ok"] == {}, who


async def test_whose_presence_one_may_ask_for(here: Town) -> None:
    for who, may in MAY_WATCH.items():
        for name, each in here.people.items():
            answer = await here.people[who].ask("GET", f"/people/{each.account}/presence")
            assert answer.status == (200 if name in may else 404), (who, name)
    async with aiohttp.ClientSession() as http:
        for who, status in (("vera", 401), ("token", 403), ("jwt", 403)):
            url = f"{here.site.stranger.url}/api/v1/people/{here.key('grace')}/presence"
            async with http.get(url, headers=headers(here, who)) as refused:
                assert refused.status == status, who


@pytest.mark.parametrize("where", WHERE)
async def test_streams_and_plain_sockets(here: Town, where: str) -> None:
    wrong: list[Any] = []
    async with aiohttp.ClientSession() as http:
        for room, who in cells(here, where):
            want = room.code(who, O.READ)
            for door in (by_stream, by_plain):
                if (got := await door(http, here, room.key, who)) != want:
                    wrong.append((room.name, who, door.__name__, got, want))
    assert not wrong, listed(wrong)


async def by_stream(http: aiohttp.ClientSession, town: Town, room: str, who: str) -> str | None:
    """Follow a room by server-sent events; returns the code of the refusal."""
    given = headers(town, who) | {"Accept": "text/event-stream"}
    url = address(town, room, IN_ROOMS["getEvents"], Act((O.READ,)), who)
    async with http.get(url, headers=given) as answer:
        return None if answer.status == 200 else str((await answer.json(content_type=None))["code"])


async def by_plain(http: aiohttp.ClientSession, town: Town, room: str, who: str) -> str | None:
    """Follow a room in plain mode; returns the code of the refusal."""
    url = f"ws://127.0.0.1:{town.site.server.port}/?room={room}"
    url += "&name=vera" if who == "vera" else ""
    try:
        async with connect(url, additional_headers=headers(town, who)):
            return None
    except InvalidStatus as refused:
        return str(json.loads(refused.response.body or b"")["code"])


@pytest.mark.parametrize("door", ["getRoom", "postMessage", "stream", "plain", "native"])
async def test_who_is_suspended_is_refused_everything(here: Town, door: str) -> None:
    room = here.rooms["open"]

    async def ask(http: aiohttp.ClientSession) -> str | None:
        if door == "native":
            async with native(here.site.server.port) as client:
                reply = await client._answered("hello", dict(here.hello["sue"]))
                return of_reply(reply).get("code")
        if door in ("stream", "plain"):
            found = {"stream": by_stream, "plain": by_plain}[door]
            return await found(http, here, room.key, "sue")
        act = next(each for each in acts(room, "mary") if each.route == door)
        status, body = await by_http(http, here, room.key, "sue", act)
        return str(body["code"]) if status >= 400 else None

    # It may take a second until it is known. Then invalid tokens are soon too many.
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        while (code := await ask(http)) in (None, "rate_limited"):
            pass
    assert code == "unauthenticated"


# --- what one may not know ---

NOWHERE = "@r000000000000"


def is_duty() -> bool:
    """Whether this is asked by what a server does now and then, whoever asked for what before."""
    task = asyncio.current_task()
    code = getattr(task.get_coro(), "cr_code", None) if task else None
    return code is not None and code.co_filename.endswith("duties.py")


class Recorder:
    """What the store is asked about a room."""

    def __init__(self, town: Town, patch: pytest.MonkeyPatch) -> None:
        self._fanout = town.site.server.hub.writing._fanout
        self.calls: list[tuple[str, str]] = []
        self.counts: list[Any] = []  # which takes longer the more there is
        store = type(town.site.server.hub.reading._store)
        for name in (
            "head",
            "heads",
            "read",
            "find",
            "rows",
            "history",
            "edits",
            "messages",
            "threads",
            "newest_threads",
            "snapshot",
            "document",
        ):
            patch.setattr(store, name, self._recording(name, getattr(store, name)))
        patch.setattr(store, "commit", self._recording("commit", store.commit))

    def _recording(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(store: Any, *given: Any) -> Any:
            asked = RULES.needs(given[0]) if name == "commit" else given
            if not is_duty():
                self.calls.append((name, repr(asked)))
                self.counts += [*given[0].counts] if name == "find" else []
            return call(store, *given)

        return recorded

    def begin(self) -> None:
        """Forget what was asked, and let the server forget what it knows of rooms that nobody follows."""
        for _ in ("the room's feed", "its parent's", "the directory's, which those used"):
            self._fanout.sweep()
        self.calls.clear()
        self.counts.clear()

    def asked(self, room: str) -> list[tuple[str, list[str]]]:
        """The calls about a room, without its key. Sets are in no order."""
        parent = parent_of(room)
        return [
            (
                name,
                sorted(
                    re.findall(
                        r"[\w@]+",
                        said.replace(room, "ROOM").replace(parent, "PARENT"),
                    )
                ),
            )
            for name, said in self.calls
            if parent in said
        ]


Seen = list[
    list[Any]
]  # of each of two rooms: the answers, each with what the store was asked for it


class Comparison(NamedTuple):
    """Someone who tries the same in a room that they may not know, and in one that isn't there."""

    town: Town
    recorder: Recorder
    http: aiohttp.ClientSession
    native: Callable[[dict[str, Any]], Awaitable[Any]]
    who: str
    rooms: tuple[str, str]

    async def seen(self, act: Act) -> Seen:
        """A connection that just ends may still keep a feed, and less is asked then: both are tried again."""
        both: Seen = []
        for _ in range(3):
            both = [await self._seen_in(room, act) for room in self.rooms]
            if both[0] == both[1]:
                break
        return both

    async def _seen_in(self, room: str, act: Act) -> list[Any]:
        said = [
            await self._heard(room, partial(by_http, self.http, self.town, room, self.who, act))
        ]
        assert said[0][1] or self.who in ALIKE[1:], f"nothing was recorded of {act.key}"
        if act.command is not None:
            query = {"query": f"in:{room}"} if "query" in act.command else {}
            command = act.command | {"room": room} | query
            reply, calls = await self._heard(room, partial(self.native, command))
            said.append((of_reply(reply), calls))
        return said

    async def _heard(self, room: str, ask: Callable[[], Awaitable[Any]]) -> tuple[Any, Any]:
        self.recorder.begin()
        answer = await ask()
        assert not self.recorder.counts, answer
        return answer, self.recorder.asked(room)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("here", ["sqlite"], indirect=True)
async def test_a_room_that_one_may_not_know_is_as_one_that_is_not_there(
    here: Town, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    recorder, wrong = Recorder(here, monkeypatch), list[Any]()
    closed = places(here, where)[1]
    rooms = closed.key, thread_key(NOWHERE, root_of(closed.key)) if closed.parent else NOWHERE
    async with aiohttp.ClientSession() as http:
        for who in ("nina", "xena", *ALIKE):
            async with by_native(here, who) as native_ask:
                comparison = Comparison(here, recorder, http, native_ask, who, rooms)
                for act in [act for act in acts(closed, who) if not misplaced(closed, act)]:
                    first, second = await comparison.seen(act)
                    if first != second or first[0][0][0] != 404:
                        wrong.append((who, act.key, first, second))
    assert not wrong, listed(wrong)


async def test_numbers_of_messages_in_other_rooms_mean_nothing(here: Town) -> None:
    """In the direct, 4 is a message by grace; in the closed room, the event by which somebody was invited."""
    room, number = here.rooms["closed"], here.rooms["direct"].own["grace"][0]
    async with aiohttp.ClientSession() as http:
        for who in ("grace", "mary", "gus"):
            for seq in (number, 10**9):
                found = [
                    act._replace(command=act.command | {"seq": seq}, path={**act.path, "seq": seq})
                    for act in acts(room, who)
                    if act.command is not None
                    and "seq" in act.path
                    and not room.code(who, act.asks[0])
                ]
                reply = {"text": "x", "reply_to": seq}
                found.append(Act((O.POST,), {"do": "post"} | reply, "postMessage", reply))
                for act in found:
                    status, body = await by_http(http, here, room.key, who, act)
                    assert (status, body["code"]) == (404, "not_found"), (who, act.key)
                    assert str(seq) in body["detail"]
                    given = {k: v for k, v in (act.command or {}).items() if k != "do"}
                    do = (act.command or {})["do"]
                    refused = await here.at[who].refused(do, room=room.key, **given)
                    assert (refused["code"], refused["message"]) == ("not_found", body["detail"])
