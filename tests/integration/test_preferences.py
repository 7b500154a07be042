"""What an account decides for itself alone, over HTTP."""

from typing import Any

from tests.integration.test_made_rooms import Here, here, made, told

__all__ = ["here"]  # a fixture


async def test_who_is_blocked_begins_no_direct_with_the_one_who_blocks(here: Here) -> None:
    mary, path = here.people["mary"], f"/me/blocks/{here.key('grace')}"
    assert (await mary.ask("PUT", path)).status == 200
    assert (await mary.ask("PUT", path)).body["seq"] is None
    assert (await mary.ask("GET", "/me/blocks")).body == {"blocked": [here.key("grace")]}
    assert (await here.people["grace"].ask("GET", "/me/blocks")).body == {"blocked": []}
    for who in ([here.key("mary")], [here.key("ada"), here.key("mary")]):
        code, _ = await told(here.at["grace"], "create", "@me", kind="direct", who=who)
        assert code == "forbidden"
    await made(here.at["mary"], "direct", who=[here.key("grace")])
    assert (await mary.ask("DELETE", path)).status == 200
    await made(here.at["grace"], "direct", who=[here.key("mary")])


REFUSED = ("forbidden", "Someone in this direct doesn't want to hear from you")


async def test_whoever_is_blocked_reaches_nobody_in_the_direct_that_there_is(here: Here) -> None:
    mary, grace, path = here.at["mary"], here.at["grace"], f"/me/blocks/{here.key('grace')}"
    room = await made(grace, "direct", who=[here.key("mary")])
    larger = await made(grace, "direct", who=[here.key("mary"), here.key("ada")])
    posted = (await grace.ask("post", room=room, text="before"))["seq"]
    await here.people["mary"].ask("PUT", path)
    for do, fields in SPEAKING.items():
        told_fields = {name: value or posted for name, value in fields.items()}
        assert await told(grace, do, room, **told_fields) == REFUSED, do
    may = (await here.people["grace"].ask("GET", f"/rooms/{room}/may")).body["may"]
    assert not may["post"]["allowed"] and may["read"]["allowed"]
    for do, fields in {"follow": {}, "history": {}, "delete": {"seq": posted}, "leave": {}}.items():
        await grace.ask(do, room=room, **fields)
    await mary.ask("post", room=room, text="to whom I block")
    await grace.ask("post", room=larger, text="to all of us")
    await here.people["mary"].ask("DELETE", path)
    for do in ("post", "signal"):
        await grace.ask(do, room=room, **SPEAKING[do])


SPEAKING: dict[str, dict[str, Any]] = {
    "post": {"text": "x"},
    "edit": {"seq": None, "text": "x"},
    "react": {"seq": None, "emoji": "x"},
    "patch": {"patch": {"x": 1}},
    "change": {"title": "x"},
    "signal": {"signal": "typing"},
}


async def test_a_direct_with_someone_whom_one_blocks_is_for_them_to_read(here: Here) -> None:
    await here.people["mary"].ask("PUT", f"/me/blocks/{here.key('grace')}")
    room = await made(here.at["mary"], "direct", who=[here.key("grace")])
    await here.at["mary"].ask("post", room=room, text="x")
    assert await told(here.at["grace"], "post", room, text="x") == REFUSED


async def test_only_others_that_there_are_can_be_blocked(here: Here) -> None:
    mary = here.people["mary"]
    cases = {here.key("mary"): "forbidden", "@p000000000000": "not_found", "grace": "not_found"}
    for who, code in cases.items():
        assert (await mary.ask("PUT", f"/me/blocks/{who}")).code == code


async def test_settings_are_kept_for_all_programs_of_an_account(here: Here) -> None:
    mary = here.people["mary"]
    for name, value in (("theme", "dark"), ("columns", {"left": [1, None]}), ("theme", "light")):
        assert (await mary.ask("PUT", f"/me/preferences/{name}", {"value": value})).status == 200
    shown = (await mary.ask("GET", "/me/preferences")).body
    assert shown == {"preferences": {"theme": "light", "columns": {"left": [1, None]}}}
    assert (await here.people["grace"].ask("GET", "/me/preferences")).body == {"preferences": {}}
    await mary.ask("PUT", "/me/preferences/columns", {"value": None})
    assert (await mary.ask("GET", "/me/preferences")).body == {"preferences": {"theme": "light"}}
    large = {"value": "x" * 5_000}
    assert (await mary.ask("PUT", "/me/preferences/theme", large)).code == "too_large"
    assert (await mary.ask("PUT", "/me/preferences/theme", {})).code == "bad_request"
