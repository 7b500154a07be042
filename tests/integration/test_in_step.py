"""How a device of an account begins, and how it stays in step with many rooms: `start`, `follow_all` and `moved`."""

import asyncio

from tests.integration.native import Json, Native, native
from tests.integration.test_made_rooms import GONE, Here, here, made, told

__all__ = ["here"]  # a fixture


async def moved(by: Native) -> dict[str, Json]:
    """What the next notice says of rooms that have moved."""
    while not by.notices:
        await by._read()
    notice = by.notices.popleft()
    assert notice["notice"] == "moved", notice
    rooms: dict[str, Json] = notice["rooms"]
    return rooms


async def test_a_new_device_gets_its_rooms_the_people_and_where_to_go_on(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    closed, direct = (
        await made(grace, who=[here.key("mary")], alias="kitchen"),
        await made(grace, "direct", who=[here.key("mary")]),
    )
    await made(grace, title="Not for Mary")
    await grace.ask("post", room=closed, text="hello")
    started = await mary.ask("start")
    assert started["account"] == here.key("mary") and started["me"]["handle"] == "mary"
    rooms = {each["room"]: each for each in started["rooms"]}
    assert rooms.keys() == {closed, direct}
    shown = rooms[closed]
    assert (shown["kind"], shown["title"], shown["alias"], shown["role"], shown["nth"]) == (
        *("closed", "Plans", "kitchen", "member"),
        1,
    )
    assert sorted(rooms[direct]["people"]) == sorted([here.key("grace"), here.key("mary")])
    assert {person["handle"] for person in started["people"].values()} == {
        *("ada", "grace", "mary", "gus")
    }
    positions = {"@me": started["own"], "@directory": started["directory"]}
    answer = await mary.ask(
        "follow_all",
        rooms=positions,
        heads={closed: shown["head"]},
        epoch=started["epoch"],
    )
    assert answer["heads"] == {} and answer["refused"] == {}
    assert {each["missed"] for each in answer["rooms"].values()} == {0}
    again = await mary.ask("start", directory=started["directory"], epoch=started["epoch"])
    assert again["people"] is None and again["rooms"] == started["rooms"]
    assert (await mary.ask("start", directory=0, epoch="another"))["people"]


async def test_a_guest_gets_the_people_of_its_rooms_and_no_directory(here: Here) -> None:
    room = await made(here.at["ada"], who=[here.key("gus")])
    started = await here.at["gus"].ask("start")
    assert started["directory"] is None
    assert {person["handle"] for person in started["people"].values()} == {"ada", "gus"}
    assert [each["room"] for each in started["rooms"]] == [room]
    refused = await here.at["visitor"].refused("start")
    assert refused["code"] == "forbidden"


async def test_whoever_comes_back_gets_what_it_missed_of_some_rooms_and_the_heads_of_others(
    here: Here,
) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    rooms = [await made(grace, who=[here.key("mary")], title=f"R{n}") for n in range(4)]
    started = await mary.ask("start")
    heads = {each["room"]: each["head"] for each in started["rooms"]}
    for room in rooms:
        await grace.ask("post", room=room, text=f"to {room}")
    await grace.ask("remove", room=rooms[3], who=here.key("mary"))
    async with native(here.site.server.port, token=here.people["mary"].token) as device:
        answer = await device.ask(
            "follow_all",
            rooms={rooms[0]: heads[rooms[0]], rooms[3]: heads[rooms[3]]},
            heads={room: heads[room] for room in rooms[1:3]},
            epoch=started["epoch"],
        )
        assert answer["rooms"][rooms[0]]["missed"] == 1
        assert {key: error["code"] for key, error in answer["refused"].items()} == {
            rooms[3]: "not_found"
        }
        for room in rooms[1:3]:
            head = answer["heads"][room]
            assert (head["head"], head["nth"]) == (heads[room] + 1, 1)
        assert (await device.event())["text"] == f"to {rooms[0]}"


async def test_rooms_that_move_are_told_together_and_the_numbers_are_cumulative(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    rooms = [await made(grace, who=[here.key("mary")], title=f"R{n}") for n in range(3)]
    heads = {each["room"]: each["head"] for each in (await mary.ask("start"))["rooms"]}
    await mary.ask("follow_all", heads=heads)
    for room in rooms:
        for _ in range(3):
            await grace.ask("post", room=room, text="x")
    await grace.ask("react", room=rooms[0], seq=heads[rooms[0]] + 1, emoji="👍")
    told: dict[str, Json] = {}
    frames = 0
    while told.get(rooms[0], {}).get("head") != heads[rooms[0]] + 4:
        told |= await moved(mary)
        frames += 1
    assert {room: each["nth"] for room, each in told.items()} == dict.fromkeys(rooms, 3)
    assert told[rooms[1]]["by"] == here.key("grace")
    assert frames < 6 and not mary.events


async def test_whoever_is_removed_hears_no_more_of_where_a_room_is(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key("mary")])
    other = await made(grace, who=[here.key("mary")], title="Other")
    await mary.ask("follow_all", heads={room: 0, other: 0})
    await grace.ask("remove", room=room, who=here.key("mary"))
    await grace.ask("post", room=room, text="x")
    await grace.ask("post", room=other, text="x")
    notices: list[Json] = []
    while not any(other in each.get("rooms", ()) for each in notices):
        while not mary.notices:
            await mary._read()
        notices.append(mary.notices.popleft())
    assert [each["room"] for each in notices if each["notice"] == "unfollowed"] == [room]
    after = notices[[each["notice"] for each in notices].index("unfollowed") :]
    assert not any(room in each.get("rooms", ()) for each in after)
    answer = await mary.ask("follow_all", heads={room: 0})
    assert answer["refused"][room]["code"] == "not_found"


async def test_opening_a_room_takes_the_place_of_its_head_and_the_other_way_round(
    here: Here,
) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=[here.key("mary")])
    await mary.ask("follow_all", heads={room: 0})
    head = (await mary.ask("follow", room=room))["head"]
    await grace.ask("post", room=room, text="x")
    assert (await mary.event())["text"] == "x"
    await asyncio.sleep(0.3)  # longer than a notice of it would take
    await mary.ask("history", room=room)
    assert not mary.notices
    await mary.ask("follow_all", heads={room: head + 1})
    await grace.ask("post", room=room, text="y")
    assert (await moved(mary))[room]["head"] == head + 2
    assert not mary.events


async def test_positions_that_no_log_has_any_more_are_refused_one_by_one(here: Here) -> None:
    grace = here.at["grace"]
    room = await made(grace)
    answer = await grace.ask(
        "follow_all", rooms={room: 0, "lobby": 99, "a b": 0, "@r000000000000": 0}, heads={"#no": 0}
    )
    assert answer["rooms"].keys() == {room}
    codes = {key: error["code"] for key, error in answer["refused"].items()}
    assert codes == {
        "lobby": "bad_position",
        "a b": "bad_request",
        "@r000000000000": "not_found",
        "#no": "not_found",
    }
    alias = await made(grace, "open", title="Called", alias="called")
    answer = await grace.ask("follow_all", heads={"#called": 0, "@me": 0})
    assert answer["heads"].keys() == {alias, here.key("grace")} and not answer["refused"]
    answer = await grace.ask("follow_all", rooms={room: 0}, epoch="another")
    assert answer["refused"][room]["code"] == "reset"
    assert (await told(grace, "history", "@r000000000000")) == GONE


async def test_http_and_the_native_protocol_start_alike(here: Here) -> None:
    await made(here.at["grace"])
    for who in ("ada", "grace", "gus"):
        answer = await here.people[who].ask("GET", "/start")
        assert answer.body == await here.at[who].ask("start")
    started = await here.at["grace"].ask("start")
    path = f"/start?epoch={started['epoch']}&directory={started['directory']}"
    assert (await here.people["grace"].ask("GET", path)).body["people"] is None
    assert (await here.site.stranger.ask("GET", "/start")).code == "unauthenticated"


async def test_nobody_sees_who_follows_the_directory_or_a_log_of_their_own(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    for log in ("@directory", "@me"):
        shown = await grace.ask("follow", room=log)
        assert shown["members"] == {"count": 0, "names": []}
    await mary.ask("follow", room="@directory")
    await mary.ask("follow", room="lobby")
    await grace.ask("follow", room="lobby")
    while (await mary.signal())["room"] != "lobby":
        pass
    assert not [each for each in grace.signals if each["room"] == "@directory"]
