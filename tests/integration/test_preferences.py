"""What an account decides for itself alone, over HTTP."""

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
