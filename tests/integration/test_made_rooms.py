"""Rooms that people make, as the doors show them: who gets in, what one sees there, and who is cut off."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.native import Native, native
from tests.support.site import Site, Someone, site

GONE = ("not_found", "No such room, or no access to it")


class Here(NamedTuple):
    """A site with some people, and a connection of each; `visitor` has no account."""

    site: Site
    people: dict[str, Someone]
    at: dict[str, Native]

    def key(self, who: str) -> str:
        """The key of someone's account."""
        return self.people[who].account


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with site(tmp_path, guests="on") as made, AsyncExitStack() as stack:
        people = {"ada": made.ada}
        for name, role in (("grace", "member"), ("mary", "member"), ("gus", "guest")):
            people[name] = await made.ada.bring_in(name, role)
        port = made.server.port
        at = {
            name: await stack.enter_async_context(native(port, token=each.token))
            for name, each in people.items()
        }
        at["visitor"] = await stack.enter_async_context(native(port, "vera"))
        yield Here(made, people, at)


async def made(by: Native, kind: str = "closed", **settings: object) -> str:
    """Make a room; returns its key."""
    if kind != "direct":
        settings.setdefault("title", "Plans")
    made = await by.ask("create", kind=kind, **settings)
    assert made["made"].startswith("@r")
    return str(made["made"])


async def told(by: Native, do: str, room: str, **fields: object) -> tuple[str, str]:
    """How someone's command is refused."""
    refused = await by.refused(do, room=room, **fields)
    return refused["code"], refused["message"]


async def test_a_closed_room_is_there_for_its_members_alone(here: Here) -> None:
    room = await made(here.at["grace"])
    await here.at["grace"].ask("post", room=room, text="hello")
    for who in ("mary", "gus", "visitor"):
        for do, fields in (
            ("follow", {}),
            ("join", {}),
            ("history", {}),
            ("post", {"text": "x"}),
            ("signal", {"signal": "typing"}),
            ("leave", {}),
        ):
            assert await told(here.at[who], do, room, **fields) == GONE, (who, do)
            assert await told(here.at[who], do, "@r000000000000", **fields) == GONE, (who, do)
    await here.at["grace"].ask("invite", room=room, who=[here.key("mary")])
    shown = await here.at["mary"].ask("follow", room=room)
    assert [each["text"] for each in shown["messages"]] == ["hello"]
    await here.at["mary"].ask("post", room=room, text="hi")


async def test_an_open_room_is_read_by_members_of_the_server_and_posted_in_by_its_own(
    here: Here,
) -> None:
    room = await made(here.at["grace"], "open", alias="plans")
    mary = here.at["mary"]
    await mary.ask("follow", room="#Plans")
    assert (await told(mary, "post", room, text="x"))[0] == "forbidden"
    for who in ("gus", "visitor"):
        assert await told(here.at[who], "follow", "#plans") == GONE
        assert await told(here.at[who], "follow", "#nothing") == GONE
    joined = await mary.ask("join", room="#plans")
    assert (joined["room"], joined["mode"]) == (room, "snapshot")
    assert (await mary.ask("post", room="#plans", text="x"))["room"] == room
    await mary.ask("leave", room="#plans")
    assert (await told(mary, "post", room, text="x"))[0] == "forbidden"


async def test_whoever_is_banned_is_cut_off_and_refused_with_the_reason(here: Here) -> None:
    room = await made(here.at["grace"], "open")
    mary = here.at["mary"]
    await mary.ask("join", room=room)
    await here.at["grace"].ask("post", room=room, text="before")
    await here.at["grace"].ask("ban", room=room, who=here.key("mary"))
    await here.at["grace"].ask("post", room=room, text="after")
    code, _ = await told(mary, "follow", room)
    assert code == "banned"
    assert [each["event"] for each in mary.events] == ["posted", "banned"]
    assert mary.notices[0]["why"]["code"] == "banned"


async def test_what_an_account_may_is_taken_on_every_log_when_its_role_changes(here: Here) -> None:
    room = await made(here.at["grace"], "open")
    mary = here.at["mary"]
    for log in (room, "@directory"):
        await mary.ask("follow", room=log)
    answer = await here.people["ada"].ask(
        "PUT", f"/people/{here.key('mary')}/role", {"role": "guest"}
    )
    assert answer.status == 200, answer
    await here.at["grace"].ask("post", room=room, text="not for guests")
    assert await told(mary, "follow", room) == GONE
    assert {each["room"]: each["why"]["code"] for each in mary.notices} == {
        "@directory": "forbidden",
        room: "not_found",
    }
    assert [each["event"] for each in mary.events] == ["person_changed"]


async def test_whoever_is_suspended_is_out(here: Here) -> None:
    mary = here.at["mary"]
    await mary.ask("follow", room="lobby")
    await here.people["ada"].ask("POST", f"/people/{here.key('mary')}/suspend")
    assert await mary.closed() == 4401


async def test_everyone_may_read_and_post_in_a_room_that_is_public(here: Here) -> None:
    room = await made(here.at["grace"], "open", public="read")
    visitor = here.at["visitor"]
    await visitor.ask("follow", room=room)
    assert (await told(visitor, "post", room, text="x"))[0] == "forbidden"
    await here.at["grace"].ask("change", room=room, public="post")
    await visitor.ask("post", room=room, text="x")
    await here.at["grace"].ask("change", room=room, public="none")
    assert await told(visitor, "post", room, text="x") == GONE
    assert [each["event"] for each in visitor.events] == ["changed", "posted", "changed"]
    assert visitor.notices[0]["why"]["code"] == "not_found"


async def test_whoever_may_read_is_told_what_the_authors_are_called_and_of_nobody_else(
    here: Here,
) -> None:
    room = await made(here.at["grace"], "open", public="read")
    await here.at["mary"].ask("join", room=room)
    await here.at["ada"].ask("join", room=room)
    seq = (await here.at["grace"].ask("post", room=room, text="hello"))["seq"]
    await here.at["mary"].ask("react", room=room, seq=seq, emoji="x")

    def people(*names: str) -> dict[str, dict[str, str]]:
        return {here.key(name): {"handle": name, "name": name.title()} for name in names}

    named, shown = people("grace", "mary"), people("grace", "mary", "ada")  # she is only there
    for who in ("visitor", "gus", "mary"):
        assert (await here.at[who].ask("history", room=room))["people"] == named, who
    assert (await here.at["visitor"].ask("follow", room=room))["people"] == shown
    url = f"/rooms/{room}"
    assert (await here.site.stranger.ask("GET", url)).body["people"] == shown
    assert (await here.site.stranger.ask("GET", f"{url}/messages")).body["people"] == named
    await here.at["visitor"].ask("post", room="lobby", text="hi")
    assert "people" not in await here.at["visitor"].ask("history", room="lobby")


async def test_the_own_log_says_what_happened_to_whom_it_belongs(here: Here) -> None:
    mary = here.at["mary"]
    assert (await mary.ask("follow", room="@me"))["room"] == here.key("mary")
    room = await made(here.at["grace"])
    await here.at["grace"].ask("invite", room=room, who=[here.key("mary")])
    event = await mary.event()
    assert (event["event"], event["where"]) == ("invited", room)
    assert await told(here.at["visitor"], "follow", "@me") == GONE
    assert await told(here.at["grace"], "follow", here.key("mary")) == GONE


async def test_a_repeated_create_makes_one_room_and_a_direct_is_one(here: Here) -> None:
    grace = here.at["grace"]
    rooms = [await made(grace, title="Once", client_message_id="k1") for _ in range(2)]
    assert rooms[0] == rooms[1]
    direct = {await made(grace, "direct", who=[here.key("mary")]) for _ in range(2)}
    direct.add(await made(here.at["mary"], "direct", who=[here.key("grace")]))
    assert len(direct) == 1
    assert (await told(grace, "create", "@me", kind="open", title="x", key=rooms[0]))[
        0
    ] == "bad_request"


async def test_a_repeated_join_or_leave_changes_nothing_that_happened_meanwhile(here: Here) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    room = await made(grace, "open")

    async def is_member() -> bool:
        members = (await here.people["grace"].ask("GET", f"/rooms/{room}/members")).body["members"]
        return here.key("mary") in [each["account"] for each in members]

    for _ in range(2):
        assert (await mary.ask("join", room=room, client_message_id="k1"))["mode"] == "snapshot"
        assert await is_member()
    await grace.ask("remove", room=room, who=here.key("mary"))
    await mary.ask("join", room=room, client_message_id="k1")
    assert not await is_member()
    await mary.ask("join", room=room, client_message_id="k2")
    await mary.ask("leave", room=room, client_message_id="k3")
    await mary.ask("join", room=room)
    assert await mary.ask("leave", room=room, client_message_id="k3") == {"room": room}
    assert await is_member()


async def test_only_admins_read_the_audit_log(here: Here) -> None:
    shown = await here.at["ada"].ask("follow", room="@audit")
    assert shown["head"] > 0
    for who in ("grace", "gus", "visitor"):
        assert (await told(here.at[who], "follow", "@audit"))[0] == "forbidden"
