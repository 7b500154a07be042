"""Rooms that people make, over HTTP: making and changing them, who is in them, and the lists of them."""

from typing import Any

import pytest

from tests.integration.test_made_rooms import Here, here, made
from tests.support.site import Answer, Someone

__all__ = ["here"]


async def ok(by: Someone, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Ask for something that is allowed; returns what is answered."""
    answer = await by.ask(method, path, body, headers)
    assert answer.status in (200, 201), answer
    return answer.body


async def refused(by: Someone, method: str, path: str, body: Any = None) -> Answer:
    """Ask for something that is not allowed."""
    answer = await by.ask(method, path, body)
    assert answer.status >= 400, answer
    return answer


async def test_a_room_is_made_once_for_a_key_and_is_what_was_asked_for(here: Here) -> None:
    grace = here.people["grace"]
    given = {"kind": "open", "title": "Plans", "alias": "plans", "who": ["Mary"]}
    key = {"Idempotency-Key": "k1"}
    first, again = [await grace.ask("POST", "/rooms", given, key) for _ in range(2)]
    assert first.status == 201 and first.body["made"].startswith("@r")
    assert again.body == first.body | {"duplicate": True}
    assert (await refused(grace, "POST", "/rooms", given)).code == "name_taken"
    assert (await refused(grace, "POST", "/rooms", given | {"who": ["nobody-here"]})).code == (
        "not_found"
    )
    forged = {"kind": "open", "title": "x", "key": "@r000000000000"}
    assert (await refused(grace, "POST", "/rooms", forged)).code == "bad_request"
    assert (await refused(here.site.stranger, "POST", "/rooms", given)).status == 401
    assert (await refused(here.people["gus"], "POST", "/rooms", given)).code == "forbidden"


async def test_members_are_listed_in_pages_with_names_and_roles(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    made = await ok(grace, "POST", "/rooms", {"kind": "closed", "title": "x", "alias": "two"})
    await ok(grace, "POST", "/rooms/%23two/members", {"who": ["mary", "gus"]})
    await ok(grace, "PUT", "/rooms/%23two/members/mary", {"role": "host"})
    found: list[Any] = []
    after = ""
    while True:
        page = await ok(mary, "GET", f"/rooms/%23two/members?limit=2&after={after}")
        assert page["room"] == made["made"]
        found += page["members"]
        if not page["more"]:
            break
        after = found[-1]["account"]
    assert sorted((m["handle"], m["name"], m["role"], m["since"]) for m in found) == [
        ("grace", "Grace", "host", 2),
        ("gus", "Gus", "member", 4),
        ("mary", "Mary", "host", 3),
    ]
    assert {m["account"] for m in found} == {here.key(who) for who in ("grace", "mary", "gus")}
    assert (await refused(here.site.stranger, "GET", "/rooms/%23two/members")).status == 404
    await ok(mary, "DELETE", "/rooms/%23two/members/gus")
    assert len((await ok(mary, "GET", "/rooms/%23two/members"))["members"]) == 2


async def test_who_is_banned_is_listed_for_hosts_until_the_ban_ends(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    room = (await ok(grace, "POST", "/rooms", {"kind": "open", "title": "x"}))["made"]
    await ok(grace, "PUT", f"/rooms/{room}/bans/mary", {"seconds": 100})
    (ban,) = (await ok(grace, "GET", f"/rooms/{room}/bans"))["bans"]
    assert (ban["handle"], ban["account"]) == ("mary", here.key("mary"))
    answer = await refused(mary, "POST", f"/rooms/{room}/join")
    assert (answer.status, answer.code, answer.body["until"]) == (403, "banned", ban["until"])
    assert (await refused(here.people["gus"], "GET", f"/rooms/{room}/bans")).status == 404
    await ok(grace, "DELETE", f"/rooms/{room}/bans/mary")
    assert (await ok(grace, "GET", f"/rooms/{room}/bans"))["bans"] == []
    await ok(mary, "POST", f"/rooms/{room}/join")
    await ok(grace, "PUT", f"/rooms/{room}/mutes/mary", {})
    assert (await refused(mary, "POST", f"/rooms/{room}/messages", {"text": "x"})).code == "muted"
    (mute,) = (await ok(grace, "GET", f"/rooms/{room}/mutes"))["mutes"]
    assert (mute["handle"], mute["account"], mute["until"]) == ("mary", here.key("mary"), None)
    assert (await refused(mary, "GET", f"/rooms/{room}/mutes")).code == "forbidden"
    await ok(grace, "DELETE", f"/rooms/{room}/mutes/mary")
    assert (await ok(grace, "GET", f"/rooms/{room}/mutes"))["mutes"] == []
    await ok(mary, "POST", f"/rooms/{room}/messages", {"text": "x"})


async def test_a_rooms_settings_are_told_to_those_who_may_know_it(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    given = {"title": "Plans", "topic": "t", "slow": 30, "keep_days": 7, "posters": "hosts"}
    made = await ok(grace, "POST", "/rooms", {"kind": "closed", "who": ["mary"]} | given)
    room = f"/rooms/{made['made']}"
    await ok(grace, "POST", f"{room}/messages", {"text": "x"})
    told = await ok(mary, "GET", f"{room}/settings")
    assert told.items() >= (given | {"kind": "closed", "members": 2, "nth": 1}).items()
    assert told["made_by"] == here.key("grace") and told["members_may_edit"] is True
    await ok(grace, "PATCH", room, {"slow": 0, "members_may_edit": False})
    told = await ok(mary, "GET", f"{room}/settings")
    assert (told["slow"], told["members_may_edit"]) == (0, False)
    assert (await refused(here.people["gus"], "GET", f"{room}/settings")).status == 404


@pytest.mark.parametrize("method, path", [("DELETE", "members"), ("DELETE", "bans")])
async def test_a_handle_that_nobody_has_is_as_an_account_that_is_not_there(
    here: Here, method: str, path: str
) -> None:
    grace = here.people["grace"]
    room = (await ok(grace, "POST", "/rooms", {"kind": "open", "title": "x"}))["made"]
    told = {
        str((await refused(grace, method, f"/rooms/{room}/{path}/{who}")).body)
        for who in ("nobody-here", "@p000000000000", "No%20Handle", "@directory")
    }
    assert len(told) == 1 and "not_found" in told.pop()


async def test_the_directory_lists_open_rooms_for_members_of_the_server(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    rooms = [
        (await ok(grace, "POST", "/rooms", {"kind": kind, "title": f"{kind} {n}", "who": who}))[
            "made"
        ]
        for n, (kind, who) in enumerate([("open", []), ("closed", []), ("open", ["mary"])])
    ]
    await ok(grace, "PATCH", f"/rooms/{rooms[0]}", {"topic": "all of it", "alias": "first"})
    first = await ok(mary, "GET", "/directory?limit=1")
    rest = await ok(mary, "GET", f"/directory?after={first['rooms'][0]['room']}")
    assert (first["more"], rest["more"]) == (True, False)
    listed = {each.pop("room"): each for each in first["rooms"] + rest["rooms"]}
    assert [each.pop("avatar") for each in listed.values()] == ["", ""]
    assert listed == {
        rooms[0]: {"title": "open 0", "topic": "all of it", "alias": "first", "members": 1},
        rooms[2]: {"title": "open 2", "topic": "", "alias": "", "members": 2},
    }
    await ok(grace, "POST", f"/rooms/{rooms[0]}/archive")
    assert len((await ok(mary, "GET", "/directory"))["rooms"]) == 1
    await ok(grace, "POST", f"/rooms/{rooms[0]}/restore")
    assert len((await ok(mary, "GET", "/directory"))["rooms"]) == 2
    assert (await refused(here.people["gus"], "GET", "/directory")).status == 403
    assert (await refused(here.site.stranger, "GET", "/directory")).status == 401


async def test_my_rooms_are_those_of_which_i_am_a_member(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    closed = (await ok(grace, "POST", "/rooms", {"kind": "closed", "title": "x"}))["made"]
    await ok(grace, "POST", f"/rooms/{closed}/members", {"who": ["mary"]})
    direct = (await ok(mary, "POST", "/rooms", {"kind": "direct", "who": ["grace"]}))["made"]

    async def mine() -> dict[str, Any]:
        pages = [await ok(mary, "GET", "/me/rooms?limit=1")]
        while pages[-1]["more"]:
            after = pages[-1]["rooms"][-1]["room"]
            pages.append(await ok(mary, "GET", f"/me/rooms?limit=1&after={after}"))
        return {each.pop("room"): each for page in pages for each in page["rooms"]}

    plain = {"alias": "", "avatar": "", "role": "member", "head": 3}
    assert await mine() == {
        closed: {"kind": "closed", "title": "x", **plain},
        direct: {"kind": "direct", "title": "", **plain},
    }
    await ok(mary, "POST", f"/rooms/{direct}/leave")
    assert (await mine()).keys() == {closed}
    await ok(grace, "POST", f"/rooms/{direct}/messages", {"text": "still there?"})
    assert (await mine()).keys() == {closed, direct}
    await ok(grace, "DELETE", f"/rooms/{closed}/members/mary")
    assert (await mine()).keys() == {direct}


async def test_one_is_told_what_one_may_do_and_why_not(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    room = (await ok(grace, "POST", "/rooms", {"kind": "open", "title": "x", "who": ["mary"]}))[
        "made"
    ]
    await ok(grace, "PUT", f"/rooms/{room}/mutes/mary", {"seconds": 60})
    told = await ok(mary, "GET", f"/rooms/{room}/may")
    assert told["room"] == room
    assert told["may"]["read"] == {"allowed": True}
    until = told["may"]["post"].pop("until")
    assert until > 0
    assert told["may"]["post"] == {
        "allowed": False,
        "code": "muted",
        "detail": "Muted in this room",
    }


async def test_in_a_free_room_an_account_may_moderate_by_its_role_alone(here: Here) -> None:
    for who, may in (("ada", True), ("grace", False), ("gus", False)):
        told = (await ok(here.people[who], "GET", "/rooms/lobby/may"))["may"]
        assert [told[name]["allowed"] for name in ("post", "delete_any", "join")] == [
            True,
            may,
            False,
        ], who
    assert (await refused(here.people["ada"], "GET", "/rooms/a%20b/may")).code == "bad_request"
    assert (await refused(here.people["ada"], "POST", "/rooms/lobby/join")).code == "forbidden"


async def test_commands_know_people_by_their_handles(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, who=["mary"])
    await mary.ask("follow", room=room)
    await grace.ask("remove", room=room, who="MARY")
    assert (await mary.event())["who"] == here.key("mary")
    told = {
        str(await grace.refused("invite", room=room, who=[who]))
        for who in ("nobody-here", "@p000000000000", "@r000000000000", "ü")
    }
    assert len(told) == 1 and "not_found" in told.pop()
