"""Unread messages and mentions, as devices of an account see them, whatever door a message came by."""

import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from websockets.asyncio.client import connect

import hubbub
from tests.integration.native import Json, Native, native
from tests.integration.test_in_step import moved
from tests.integration.test_made_rooms import Here, here, made, told
from tests.integration.test_socketio_rooms import socket_io

__all__ = ["here"]  # a fixture

Say = Callable[[Here, str, str], Awaitable[None]]


async def counted(by: Native, room: str) -> tuple[int, int]:
    """How much someone has not read of a room."""
    [row] = (await by.ask("start", rooms=[room]))["rooms"]
    return row.get("unread", 0), row.get("mentions", 0)


# --- doors ---


async def by_native(here: Here, room: str, text: str) -> None:
    await here.at["grace"].ask("post", room=room, text=text)


async def by_http(here: Here, room: str, text: str) -> None:
    answer = await here.people["grace"].ask("POST", f"/rooms/{room}/messages", {"text": text})
    assert answer.status == 201


async def by_plain(here: Here, room: str, text: str) -> None:
    headers = {"Authorization": f"Bearer {here.people['grace'].token}"}
    url = f"ws://127.0.0.1:{here.site.server.port}/?room={room}"
    async with connect(url, additional_headers=headers) as socket:
        await socket.send(text)
        assert await socket.recv() == text


async def by_socket_io(here: Here, room: str, text: str) -> None:
    async with socket_io(here.site.stranger.url, token=here.people["grace"].token) as client:
        await client.ask("post", {"room": room, "text": text})


async def by_sockjs(here: Here, room: str, text: str) -> None:
    url = f"ws://127.0.0.1:{here.site.server.port}/sockjs/websocket"
    async with connect(url) as socket:
        token = here.people["grace"].token
        await socket.send(json.dumps({"do": "hello", "token": token}))
        await socket.send(json.dumps({"id": 1, "do": "post", "room": room, "text": text}))
        assert "ok" in json.loads(await socket.recv())


DOORS: dict[str, Say] = {
    "native": by_native,
    "http": by_http,
    "plain": by_plain,
    "socket.io": by_socket_io,
    "sockjs": by_sockjs,
}


@pytest.mark.parametrize("door", DOORS)
async def test_a_mention_is_found_in_the_text_whatever_door_it_comes_by(
    here: Here, door: str
) -> None:
    mary = here.at["mary"]
    room = await made(here.at["grace"], who=[here.key("mary")])
    await mary.ask("follow", room="@me")
    await DOORS[door](here, room, "Look, @Mary.")
    event = await mary.event()
    assert (event["event"], event["where"], event["by"]) == (
        *("mentioned", room),
        here.key("grace"),
    )
    assert await counted(mary, room) == (1, 1)


# --- texts ---


@pytest.mark.parametrize(
    "text, found",
    [
        ("@mary", ["mary"]),
        ("@mary's and @ADA: (@gus)", ["mary", "ada", "gus"]),
        ("mail mary@example.org, https://example.org/@mary", []),
        ("`@mary` and\n```\n@mary\n```", []),
        ("你好@mary你好", ["mary"]),
        ("@mary-ann @mary.", ["mary"]),
        ("@marymary @nobody", []),
    ],
)
async def test_who_is_mentioned_is_as_people_write_it(
    here: Here, text: str, found: list[str]
) -> None:
    grace = here.at["grace"]
    room = await made(grace, who=[here.key(who) for who in ("mary", "gus")])
    await here.people["ada"].ask("POST", f"/rooms/{room}/join")
    await grace.ask("follow", room=room)
    await grace.ask("post", room=room, text=text)
    event = await grace.event()
    assert event.get("mentions") == ({who: here.key(who) for who in found} or None)


async def test_those_present_are_called_without_their_handles(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key(who) for who in ("mary", "gus")])
    await mary.ask("follow", room=room)
    await grace.ask("post", room=room, text="@here")
    event = await mary.event()
    assert event["calls"] == [here.key("mary")]
    assert await counted(mary, room) == (1, 1)
    assert await counted(here.at["gus"], room) == (1, 0)


async def test_an_author_learns_whom_a_message_does_not_reach(here: Here) -> None:
    room = await made(here.at["grace"])
    answer = await here.at["grace"].ask("post", room=room, text="@mary")
    assert answer["unreached"] == ["mary"]
    url = f"/rooms/{room}/messages"
    posted = await here.people["grace"].ask("POST", url, {"text": "@mary"})
    assert posted.body["unreached"] == ["mary"]
    grace = here.people["grace"]
    async with hubbub.connect(grace.url, token=grace.token) as client:
        assert (await client.post(room, "@mary")).unreached == ("mary",)
        assert (await client.post(room, "mary")).unreached == ()


async def test_all_may_be_called_by_those_whom_the_room_allows(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key("mary")], members_may_name_all=False)
    assert await told(mary, "post", room, text="@room hello") == (
        *("forbidden", "Not allowed to mention everyone"),
    )
    await grace.ask("post", room=room, text="@room hello")
    assert await counted(mary, room) == (1, 1)


# --- devices ---


async def test_what_is_read_on_one_device_is_read_on_another_and_unread_until_then(
    here: Here,
) -> None:
    grace, phone = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key("mary")])
    async with native(here.site.server.port, token=here.people["mary"].token) as desk:
        started = await desk.ask("start")
        await desk.ask(
            "follow_all", rooms={"@me": started["own"]}, heads={room: started["rooms"][0]["head"]}
        )
        seq = (await grace.ask("post", room=room, text="@mary, are you there?"))["seq"]
        assert (await desk.event())["event"] == "mentioned"
        shown = (await moved(desk))[room]
        assert (shown["head"], shown["nth"]) == (seq, 1) and shown["recount"] < seq
        answer = await phone.ask("read", room=room, upto=seq)
        event = await desk.event()
        assert {key: event[key] for key in ("event", "where", "upto", "nth")} == {
            **{"event": "read", "where": room},
            **{"upto": seq, "nth": 1},
        }
        assert answer["seq"] == event["seq"]
        assert await counted(desk, room) == (0, 0)
        await phone.ask("mark_unread", room=room)
        assert (await desk.event())["event"] == "marked_unread"
        await phone.ask("set", room=room, level="none")
        assert (await desk.event())["event"] == "set"
        [row] = (await desk.ask("start", rooms=[room]))["rooms"]
        assert row["marked"] and row["level"] == "none"


@pytest.mark.parametrize(
    "what, fields",
    [("delete", {"seq": 0}), ("post", {"text": "@room"})],
    ids=["a deletion", "a call of all"],
)
async def test_a_device_that_is_only_told_heads_learns_when_to_count_anew(
    here: Here, what: str, fields: Json
) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key("mary")])
    first = (await grace.ask("post", room=room, text="x"))["seq"]
    [row] = (await mary.ask("start"))["rooms"]
    await mary.ask("follow_all", heads={room: row["head"]})
    await grace.ask("post", room=room, text="y")
    assert (await moved(mary))[room]["recount"] <= row["head"]
    given = fields if "seq" not in fields else {"seq": first}
    seq = (await grace.ask(what, room=room, **given))["seq"]
    assert (await moved(mary))[room]["recount"] == seq


async def test_only_some_rooms_are_counted_if_a_device_asks_so(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    rooms = [await made(grace, who=[here.key("mary")], title=f"R{n}") for n in range(3)]
    for room in rooms:
        await grace.ask("post", room=room, text="x")
    started = await mary.ask("start", rooms=rooms[:2])
    assert {row["room"]: row["unread"] for row in started["rooms"]} == dict.fromkeys(rooms[:2], 1)
    assert started["people"] is None
    asked = await here.people["mary"].ask("GET", f"/start?rooms={','.join(rooms[1:])}")
    assert {row["room"] for row in asked.body["rooms"]} == set(rooms[1:])
    other = await made(grace, title="Not for Mary")
    assert (await mary.ask("start", rooms=[other, "@r000000000000"]))["rooms"] == []


async def test_the_routes_do_what_the_commands_do(here: Here) -> None:
    grace, mary = here.at["grace"], here.people["mary"]
    room = await made(grace, who=[here.key("mary")])
    seq = (await grace.ask("post", room=room, text="x"))["seq"]
    for method, path, body in (
        ("PUT", f"/rooms/{room}/read", {"upto": seq}),
        ("PUT", f"/rooms/{room}/unread", None),
        ("PATCH", f"/me/rooms/{room}", {"starred": True}),
    ):
        answer = await mary.ask(method, path, body)
        assert answer.status == 200 and answer.body["seq"], answer
        again = await mary.ask(method, path, body)
        assert (again.status == 200 and again.body["seq"] is None) or path.endswith("/read"), again
    [row] = (await mary.ask("GET", "/start")).body["rooms"]
    assert row["starred"] and row.get("unread", 0) == 0


async def test_a_retry_of_a_read_gets_the_first_answer(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key("mary")])
    seq = (await grace.ask("post", room=room, text="x"))["seq"]
    first = await mary.ask("read", room=room, upto=seq, client_message_id="k")
    again = await mary.ask("read", room=room, upto=seq, client_message_id="k")
    assert again == first | {"duplicate": True}


async def test_mentions_in_free_rooms_are_no_more_than_text(here: Here) -> None:
    async with aiohttp.ClientSession() as http:
        url = f"{here.site.stranger.url}/api/v1/rooms/lobby/messages"
        async with http.post(url, json={"text": "@mary @room"}) as answer:
            assert answer.status == 201
    page = await here.at["mary"].ask("history", room="lobby")
    assert "mentions" not in page["messages"][0] and "calls" not in page["messages"][0]


@pytest.mark.parametrize(
    "handle", ["(", "(a+)+$", "Mary", "room", "a b", "@mary", "m", "mаry", "<b>"]
)
async def test_a_client_that_says_whom_it_mentions_calls_them_by_handles(
    here: Here, handle: str
) -> None:
    grace = here.at["grace"]
    room = await made(grace, who=[here.key("mary")])
    named = {handle: here.key("mary")}
    seq = (await grace.ask("post", room=room, text="@mary"))["seq"]
    for do, of in (("post", {}), ("edit", {"seq": seq})):
        told = await grace.refused(do, room=room, text="x", mentions=named, **of)
        assert told["code"] == "bad_request" and "handle" in told["message"]
