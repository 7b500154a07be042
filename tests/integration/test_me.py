"""One's own account over HTTP: what it is called, its password, its sessions."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import PASSWORD, Site, Someone, site, unlikely

NEW = "a-wholly-new-lamp"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as here:
        yield here


async def has_ended(someone: Someone) -> bool:
    """Whether a session ends soon."""
    answer = await someone.ask("GET", "/rooms/lobby/events?wait=3")
    return answer.code == "unauthenticated"


async def test_one_sees_and_changes_ones_own_account(here: Site) -> None:
    changes = {"handle": "Ada.L", "name": "Ada L", "status_text": "away", "time_zone": "Asia/Tokyo"}
    assert (await here.ada.ask("PATCH", "/me", changes)).status == 200
    me = (await here.ada.ask("GET", "/me")).body
    assert me.pop("made_at")
    assert me == changes | {
        "account": here.ada.account,
        "handle": "ada.l",
        "kind": "person",
        "role": "owner",
        "status": "active",
        "avatar": "",
        "owner": None,
    }
    assert (await here.stranger.log_in("ada.l")).account == here.ada.account


@pytest.mark.parametrize(
    "change", [{"handle": "root"}, {"name": ""}, {"status_text": "x" * 101}, {"name": 1}]
)
async def test_what_an_account_can_not_be_called_is_refused(here: Site, change: Any) -> None:
    assert (await here.ada.ask("PATCH", "/me", change)).code == "bad_request"


async def test_a_change_with_a_key_happens_once(here: Site) -> None:
    key = {"Idempotency-Key": "k"}
    first = await here.ada.ask("PATCH", "/me", {"name": "A"}, key)
    await here.ada.ask("PATCH", "/me", {"name": "B"})
    again = await here.ada.ask("PATCH", "/me", {"name": "A"}, key)
    assert again.body == first.body | {"duplicate": True}
    assert (await here.ada.ask("GET", "/me")).body["name"] == "B"


async def test_a_new_password_ends_all_other_sessions(here: Site) -> None:
    other = await here.stranger.log_in("ada")
    given = {"password": NEW, "was": PASSWORD}
    assert (await here.ada.ask("POST", "/me/password", given)).status == 200
    assert await has_ended(other)
    assert not await has_ended(here.ada)
    assert (await here.stranger.log_in("ada", NEW)).account == here.ada.account
    old = {"handle": "ada", "password": PASSWORD}
    assert (await here.stranger.ask("POST", "/login", old)).code == "unauthenticated"


@pytest.mark.parametrize(
    "given, code",
    [
        ({"password": NEW, "was": "wrong-password"}, "forbidden"),
        ({"password": NEW}, "forbidden"),
        ({"password": "ada12345", "was": PASSWORD}, "bad_request"),
        ({"password": "x" * 1025, "was": PASSWORD}, "too_large"),
    ],
)
async def test_a_password_is_only_changed_by_who_knows_it_and_to_a_fit_one(
    here: Site, given: Any, code: str
) -> None:
    assert (await here.ada.ask("POST", "/me/password", given)).code == code
    await here.stranger.log_in("ada")


async def test_whoever_has_a_session_can_not_guess_the_password_at_will(here: Site) -> None:
    given = {"password": NEW, "was": unlikely()}
    answers = [await here.ada.ask("POST", "/me/password", given) for _ in range(5)]
    assert [a.code for a in answers] == ["forbidden"] * 3 + ["rate_limited"] * 2
    await here.stranger.log_in("ada")  # which wrong ones here don't hold up


async def test_sessions_are_listed_and_ended(here: Site) -> None:
    others = [await here.stranger.log_in("ada") for _ in range(3)]
    listed = (await here.ada.ask("GET", "/me/sessions")).body["sessions"]
    assert [each["is_this"] for each in listed] == [False] * 3 + [True]
    assert all(each["device"].startswith("Python/") for each in listed)
    one = others[0].token.split("_")[3]
    assert (await here.ada.ask("DELETE", f"/me/sessions/{one}")).status == 200
    assert await has_ended(others[0])
    assert (await here.ada.ask("DELETE", f"/me/sessions/{one}")).code == "not_found"
    assert (await here.ada.ask("DELETE", "/me/sessions")).status == 200
    assert await has_ended(others[1])
    assert await has_ended(others[2])
    listed = (await here.ada.ask("GET", "/me/sessions")).body["sessions"]
    assert [each["is_this"] for each in listed] == [True]


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("POST", "/me/password"),
        ("GET", "/me/sessions"),
        ("DELETE", "/me/sessions"),
        ("DELETE", "/me/sessions/x"),
    ],
)
async def test_nobody_without_an_account_gets_at_one(
    tmp_path: Path, method: str, path: str
) -> None:
    async with site(tmp_path, guests="on") as here:
        body = {"password": NEW} if method in ("PATCH", "POST") else None
        assert (await here.stranger.ask(method, path, body)).code == "unauthenticated"
