"""What people do with messages besides writing them, at the doors."""

import hubbub
from tests.integration.test_made_rooms import Here, here, made
from tests.support.site import Someone

__all__ = ["here"]  # a fixture


async def say(here: Here, who: str, room: str, *texts: str) -> list[int]:
    """Post messages; returns their numbers."""
    return [(await here.at[who].ask("post", room=room, text=text))["seq"] for text in texts]


async def ok(who: Someone, method: str, path: str, body: object = None) -> dict[str, object]:
    """Ask for what is allowed."""
    answer = await who.ask(method, path, body)
    assert answer.status < 300, answer.body
    found: dict[str, object] = answer.body
    return found


# --- pins ---


async def test_pins_over_http(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary"), here.key("gus")])
    one, two = await say(here, "mary", room, "one", "two")
    mary, pins = here.people["mary"], f"/rooms/{room}/pins"
    first = await ok(mary, "PUT", f"{pins}/{two}")
    await ok(mary, "PUT", f"{pins}/{one}")
    assert (await ok(mary, "PUT", f"{pins}/{one}"))["seq"] is None
    page = (await here.people["gus"].ask("GET", f"{pins}?limit=1")).body
    assert (page["room"], page["head"], page["more"]) == (room, two + 2, True)
    ((pin,),) = (page["pins"],)
    assert (pin["by"], pin["seq"], pin["message"]["text"]) == (here.key("mary"), two + 2, "one")
    rest = (await mary.ask("GET", f"{pins}?before={pin['seq']}")).body
    assert [each["seq"] for each in rest["pins"]] == [first["seq"]] and not rest["more"]
    assert (await here.people["gus"].ask("DELETE", f"{pins}/{one}")).code == "forbidden"
    await ok(mary, "DELETE", f"{pins}/{one}")
    await ok(mary, "DELETE", f"/rooms/{room}/messages/{two}")
    assert (await mary.ask("GET", pins)).body["pins"] == []
    assert (await mary.ask("PUT", f"{pins}/{two}")).code == "gone"
    assert (await here.people["ada"].ask("GET", pins)).code == "forbidden"


async def test_pins_on_a_connection_and_in_the_sdk(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")], alias="plans")
    one, two = await say(here, "mary", room, "one", "two")
    mary = here.people["mary"]
    async with hubbub.connect(mary.url, token=mary.token) as client:
        joined = await client.follow("#plans")
        assert joined.pins == []
        await here.at["grace"].ask("pin", room="#plans", seq=two)
        assert (await anext(joined.stream())).by == here.key("grace")
        assert joined.pins == [two]
        assert (await joined.pin(one), await joined.pin(one))[1] is None
        page = await joined.pinned()
        assert [pin.message.text for pin in page.pins] == ["one", "two"] and not page.more
        assert (await joined.unpin(two), await joined.unpin(two))[1] is None
        await anext(joined.stream()), await anext(joined.stream())
        assert joined.pins == [one]
    shown = await here.at["mary"].ask("follow", room=room)
    assert shown["pins"] == [one]
    listed = await here.at["mary"].ask("list_pins", room="#plans")
    assert [pin["message"]["seq"] for pin in listed["pins"]] == [one]
    assert (await here.at["gus"].refused("list_pins", room=room))["code"] == "not_found"
