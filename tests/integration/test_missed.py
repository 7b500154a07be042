"""What one has missed, at the doors: the same on each device, and only what one may read now."""

from typing import Any

import msgspec
import pytest

import hubbub
from hubbub.domain.aspects import RULES
from hubbub.server.people.rates import Rates
from tests.integration.test_conversation import ok, say
from tests.integration.test_made_rooms import Here, here, made

__all__ = ["here"]  # a fixture


async def missed(here: Here, who: str, **more: Any) -> dict[str, Any]:
    """What the doors say alike of what somebody has missed."""
    page: dict[str, Any] = await here.at[who].ask("list_missed", **more)
    page.pop("id", None), page.pop("ok", None)
    path = "&".join(f"{name}={value}" for name, value in more.items())
    assert await ok(here.people[who], "GET", f"/me/missed?{path}") == page
    return page


async def test_what_one_missed_is_the_same_at_each_door_and_gone_once_it_is_read(
    here: Here,
) -> None:
    grace, mary = here.at["grace"], here.at["mary"]
    rooms = sorted([await made(grace, title=t, who=[here.key("mary")]) for t in ("One", "Two")])
    assert (await missed(here, "mary"))["rooms"] == []
    first, *_, liked = await say(here, "grace", rooms[0], "first", "gone", "@mary look", "x" * 500)
    await grace.ask("delete", room=rooms[0], seq=first + 1)
    await grace.ask("react", room=rooms[0], seq=liked, emoji="👍")
    await grace.ask("post", room=f"{rooms[0]}:{first}", text="@mary in the thread")
    await mary.ask("mark_unread", room=rooms[1])
    page = await missed(here, "mary")
    one, two = page["rooms"]
    assert (one["room"], one["title"]) in ((rooms[0], "One"), (rooms[0], "Two"))
    assert (one["unread"], one["mentions"]) == (3, 1)
    assert (one["first"]["seq"], one["first"]["text"]) == (first, "first")
    assert [each["text"] for each in one["mentioned"]] == ["@mary look"]
    assert [(len(each["text"]), each["reactions"]) for each in one["reacted"]] == [(200, 1)]
    assert (two["room"], two["unread"], two["first"]) == (rooms[1], 0, None)
    [thread] = page["threads"]
    assert (thread["unread"], thread["mentions"]) == (1, 1)
    assert (thread["thread"], thread["about"]["text"]) == (f"{rooms[0]}:{first}", "first")
    assert (page["more"], page["more_threads"]) == (False, False)
    assert page["people"][here.key("grace")]["handle"] == "grace"
    await _pages(here, page)
    async with hubbub.connect(here.people["mary"].url, token=here.people["mary"].token) as client:
        told = await (await client.me.open()).missed()
        assert msgspec.json.decode(msgspec.json.encode(told)) == page
    for room, upto in ((rooms[0], one["head"]), (rooms[1], two["head"]), (thread["thread"], 9)):
        await mary.ask("read", room=room, upto=upto)
    after = await missed(here, "mary")
    assert (after["rooms"], after["threads"]) == ([], [])


async def _pages(here: Here, whole: dict[str, Any]) -> None:
    half = await missed(here, "mary", limit=1)
    rest = await missed(here, "mary", after=half["rooms"][-1]["room"])
    assert half["rooms"] + rest["rooms"] == whole["rooms"]
    assert (half["more"], rest["more"], rest["threads"]) == (True, False, [])


async def test_who_may_not_read_a_room_any_more_is_told_nothing_of_it(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary"), here.key("gus")])
    (root,) = await say(here, "grace", room, "@mary @gus a secret")
    await here.at["grace"].ask("post", room=f"{room}:{root}", text="@mary another secret")
    for who in ("mary", "gus"):
        assert "secret" in str(await missed(here, who))
        await here.at["grace"].ask("ban" if who == "mary" else "remove", room=room, who=who)
        page = await missed(here, who)
        assert (page["rooms"], page["threads"]) == ([], []) and "secret" not in str(page)
    assert (await here.at["visitor"].refused("list_missed"))["code"] == "forbidden"
    for wrong in ("limit=21", "after=lobby", "after=%00"):
        answer = await here.people["mary"].ask("GET", f"/me/missed?{wrong}")
        assert answer.code == "bad_request", wrong


@pytest.mark.parametrize("moment", ["important", "messages"])
async def test_what_is_taken_away_while_it_is_looked_for_is_not_told(
    here: Here, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    grace, store = here.at["grace"], here.site.server.hub.missed._store
    room = await made(grace, who=[here.key("mary")])
    gone, root = await say(here, "grace", room, "@mary a secret", "@mary another secret")
    await grace.ask("post", room=f"{room}:{root}", text="@mary a third secret")
    assert str(await missed(here, "mary")).count("secret") == 4  # that of the root twice
    sound, acts = getattr(store, moment), list[tuple[str, dict[str, Any]]]()

    async def meanwhile(*given: Any) -> Any:
        for do, fields in [acts.pop()] if acts else ():
            await grace.ask(do, room=room, **fields)
        return await sound(*given)

    monkeypatch.setattr(store, moment, meanwhile)
    acts.append(("delete", {"seq": gone}))
    [told] = (await here.at["mary"].ask("list_missed"))["rooms"]
    assert [each["text"] for each in told["mentioned"]] == ["@mary another secret"]
    acts.append(("remove", {"who": "mary"}))
    page = await here.at["mary"].ask("list_missed")
    assert (page["rooms"], page["threads"]) == ([], []) and "secret" not in str(page)
    assert not acts


async def test_of_large_messages_only_the_beginning_is_told(here: Here) -> None:
    rooms = [await made(here.at["grace"], who=[here.key("mary")]) for _ in range(8)]
    for room in rooms:
        (seq,) = await say(here, "grace", room, "x" * 60_000)
        await here.at["grace"].ask("react", room=room, seq=seq, emoji="👍")
    page = await missed(here, "mary")
    assert [each["room"] for each in page["rooms"]] == sorted(rooms)
    assert [each["first"]["text"] for each in page["rooms"]] == ["x" * 200] * 8
    assert len(str(page)) < 10_000


# What asks about many rooms or people, and the route that does the same.
ASKS_ABOUT_MANY: dict[str, str | None] = {
    "start": "/start",
    "list_missed": "/me/missed",
    "list_my_threads": "/me/threads",
    "list_saved": "/me/saved",
    "search": "/search?q=hi",
    "follow_all": None,
    "watch": None,
}
ASK_ABOUT_NONE = {"hello", "away", "back", "list_drafts", "list_emoji"}


def test_every_command_about_more_than_one_room_is_known_here() -> None:
    several = {
        str(kind.__struct_config__.tag)
        for kind in RULES.commands.kinds
        if not {"client_message_id", "room"}.intersection(kind.__struct_fields__)
    }
    assert several == ASKS_ABOUT_MANY.keys() | ASK_ABOUT_NONE


async def test_whoever_asks_about_many_rooms_too_often_is_refused_at_each_door(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    mary, at = here.people["mary"], here.at["mary"]
    throttle = here.site.server.hub.throttle
    given: dict[str, dict[str, Any]] = {
        "search": {"query": "hi"},
        "watch": {"people": [here.key("mary")]},
    }
    for do, path in ASKS_ABOUT_MANY.items():
        for rates in ("_listings", "_searches", "_people"):
            monkeypatch.setattr(throttle, rates, Rates(1e-3))
        if path is None:
            await at.ask(do, **given.get(do, {}))
        else:
            assert (await mary.ask("GET", path)).status == 200, path
            answer = await mary.ask("GET", path)
            assert (answer.status, answer.code) == (429, "rate_limited"), path
            assert int(answer.headers["Retry-After"]) > 100
        assert (await at.refused(do, **given.get(do, {})))["code"] == "rate_limited", do
        await here.at["grace"].ask(do, **given.get(do, {}))
