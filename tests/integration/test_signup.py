"""Signing up without an invite, where the settings allow it."""

from pathlib import Path

from hubbub.server.people.attempts import SIGN_UPS
from tests.support.site import chosen, site


async def test_nobody_signs_up_unless_the_settings_say_so(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        answer = await here.stranger.ask("POST", "/signup", chosen("dave"))
        assert (answer.status, answer.code) == (403, "forbidden")
        assert [
            each["handle"] for each in (await here.ada.ask("GET", "/people")).body["people"]
        ] == ["ada"]


async def test_where_sign_up_is_open_anyone_becomes_a_member(tmp_path: Path) -> None:
    async with site(tmp_path, sign_up="open") as here:
        dave = await here.stranger.enter("/signup", **chosen("Dave"))
        me = (await dave.ask("GET", "/me")).body
        assert (me["handle"], me["role"], me["kind"]) == ("dave", "member", "person")
        assert (await here.stranger.log_in("dave")).account == dave.account
        cases = {
            "name_taken": [chosen("dave"), chosen("ada"), chosen("eve") | {"name": "\u0410da"}],
            "bad_request": [chosen("root"), chosen("eve", "password1"), chosen("e")],
        }
        for code, given in cases.items():
            told = [(await here.stranger.ask("POST", "/signup", each)).code for each in given]
            assert told == [code] * 3


async def test_only_our_own_pages_get_a_cookie_for_signing_up(tmp_path: Path) -> None:
    async with site(tmp_path, sign_up="open") as here:
        own, other = {"Origin": here.stranger.url}, {"Origin": "http://localhost:1"}
        answer = await here.stranger.ask("POST", "/signup", chosen("dave"), own)
        assert answer.status == 201 and "token" not in answer.body
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        answer = await here.stranger.ask("POST", "/signup", chosen("eve"), other)
        assert answer.code == "bad_origin"


async def test_from_one_address_come_only_so_many_at_once(tmp_path: Path) -> None:
    async with site(tmp_path, sign_up="open", trusted_proxy=("127.0.0.1",)) as here:
        home, away = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "203.0.113.9"}

        async def signs_up(nth: int, address: dict[str, str]) -> str | None:
            given = chosen(f"dave{nth}") | {"wants": "token"}
            return (await here.stranger.ask("POST", "/signup", given, address)).code

        weak = chosen("eve", "password1")
        for _ in range(SIGN_UPS):  # which makes no account, and costs nothing
            assert (await here.stranger.ask("POST", "/signup", weak, home)).code == "bad_request"
        told = [await signs_up(nth, home) for nth in range(SIGN_UPS + 2)]
        assert told == [None] * SIGN_UPS + ["rate_limited"] * 2
        assert await signs_up(SIGN_UPS, away) is None
        answer = await here.stranger.ask("POST", "/signup", chosen("eve"), home)
        assert answer.body["retry_after"] > 30


async def test_everyone_is_told_which_ways_in_are_open(tmp_path: Path) -> None:
    async with site(tmp_path / "a") as here:
        closed = {"sign_up": False, "guests": False, "provider": None, "claimed": True}
        assert (await here.stranger.ask("GET", "/ways")).body == closed
    provider = {"oidc_issuer": "https://login.example.org/x", "oidc_client_id": "hubbub"}
    async with site(tmp_path / "b", sign_up="open", guests="on", **provider) as here:
        opened = (await here.stranger.ask("GET", "/ways")).body
    assert opened.pop("provider") == "login.example.org"
    assert opened == {"sign_up": True, "guests": True, "claimed": True}
