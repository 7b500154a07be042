"""The ways in over HTTP: the claim of a new server, and passwords; by cookie and by bearer."""

import asyncio
import itertools
import re
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hubbub.domain.aspects.people.accounts import SuspendPerson
from hubbub.domain.aspects.people.audit import AUDIT_ADDRESS
from hubbub.domain.aspects.people.credentials import CREDENTIALS, RESET
from hubbub.domain.aspects.people.invites import INVITES, AddPerson
from hubbub.domain.facts import Accepted
from hubbub.domain.principals import Principal, Role
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.people.passwords import Argon2
from tests.support.everything import everything
from tests.support.fakes import account
from tests.support.server import Server
from tests.support.site import PASSWORD, Site, Someone, chosen, site, unlikely

COOKIE = re.compile(
    r"hubbub-(\d+)=(hubbub_s_\S+); Path=/; Max-Age=7776000; HttpOnly; SameSite=Strict"
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as here:
        yield here


def own(here: Site, **headers: str) -> dict[str, str]:
    """The headers of the server's own page."""
    return {"Origin": here.stranger.url} | headers


async def cookie_of(here: Site, handle: str = "ada", **headers: str) -> str:
    """The session's token that a browser gets by logging in."""
    given = {"handle": handle, "password": PASSWORD}
    answer = await here.stranger.ask("POST", "/login", given, own(here, **headers))
    assert (answer.status, "token" in answer.body) == (201, False)
    found = COOKIE.fullmatch(answer.headers["Set-Cookie"])
    assert found and found[1] == here.stranger.url.rpartition(":")[2]
    return found[2]


async def speaks(here: Site, token: str) -> bool:
    """Whether a session is good."""
    someone = Someone(here.stranger._http, here.stranger.url, token)
    return (await someone.ask("GET", "/rooms")).status == 200


async def has_ended(here: Site, token: str) -> None:
    """Wait until a session is good no more."""
    someone = Someone(here.stranger._http, here.stranger.url, token)
    assert (await someone.ask("GET", "/rooms/lobby/events?wait=60")).code == "unauthenticated"


async def test_a_server_without_an_owner_shows_a_claim_link_at_each_start(tmp_path: Path) -> None:
    async with Server(tmp_path / "data") as server:
        links = shown_in(server.output)
        await server.kill()
        begin = len(server.output)
        await server.start()
        (url, first), (_, second) = *links, *shown_in(server.output[begin:])
        assert (url, first == second) == (server.url, False)
        assert (await asked(server.url, "/claim", {"token": first} | chosen("ada")))[0] == 201
        assert (await asked(server.url, "/claim", {"token": second} | chosen("eve")))[0] == 410
        begin = len(server.output)
        await server.kill()
        await server.start()
        answer = await asked(server.url, "/login", {"handle": "ada", "password": PASSWORD})
        assert answer[0] == 201
        assert shown_in(server.output[begin:]) == []


def shown_in(output: list[str]) -> list[tuple[str, str]]:
    """What a server said, until it was ready, about being claimed: its address, and the token."""
    return re.findall(r"(http://\S+)/claim#(\S+)", "\n".join(output))


async def asked(url: str, path: str, body: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http:
        answer = await Someone(http, url).ask("POST", path, body)
        return answer.status, answer.body


async def test_a_second_claim_is_gone_like_one_that_never_was(here: Site) -> None:
    assert await here.server.entrance.claim_link() is None
    answers = [
        await here.stranger.ask("POST", "/claim", {"token": token} | chosen("eve"))
        for token in ("", "x", "0" * 12 + "." + "0" * 52)
    ]
    assert [(a.status, a.code) for a in answers] == [(410, "gone")] * 3
    assert answers[0].body == answers[1].body == answers[2].body


async def test_two_who_claim_a_server_at_once_do_not_both_get_it(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path, host="127.0.0.1", port=0)) as server:
        url = f"http://127.0.0.1:{server.port}"
        links = [await server.entrance.claim_link() for _ in range(2)]
        bodies = [{"token": str(links[n])} | chosen(f"ada{n}") for n in range(2)]
        answers = await asyncio.gather(*(asked(url, "/claim", body) for body in bodies))
    assert sorted(status for status, _ in answers) == [201, 410]


async def test_links_are_good_for_a_time_and_their_secrets_are_not_kept(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, host="127.0.0.1", port=0)
    async with running(settings) as server, aiohttp.ClientSession() as http:
        entrance: Any = server.entrance
        store, begin = entrance._store, time.time()
        links = {"claim": str(await entrance.claim_link())}
        until = {"claim": (await store.rows(INVITES))[0].until}
        stranger = Someone(http, f"http://127.0.0.1:{server.port}")
        ada = await stranger.enter("/claim", token=links["claim"], **chosen("ada"))
        bob = await ada.bring_in("bob")
        links["invite"] = (await ada.ask("POST", "/invites", {})).body["token"]
        links["reset"] = (await ada.ask("POST", f"/people/{bob.account}/reset")).body["token"]
        [until["invite"]] = [r.until for r in await store.rows(INVITES) if r.uses_left]
        [until["reset"]] = [r.until for r in await store.rows(CREDENTIALS) if r.kind == RESET]
        days = {link: round((end - begin) / 86_400, 2) for link, end in until.items()}
        assert days == {"claim": 1, "invite": 7, "reset": 1}
        kept = repr(await everything(store))
        for link, text in links.items():
            name, _, secret = text.partition(".")
            assert len(secret) == 52 and secret not in kept, link
            assert link == "claim" or name in kept


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"password": "password1"}, 400, "bad_request"),
        ({"password": "short"}, 400, "bad_request"),
        ({"password": "x" * 1025}, 413, "too_large"),
        ({"password": "x" * (2**20 - 200)}, 413, "too_large"),
        ({"handle": "admin"}, 400, "bad_request"),
        ({"handle": "ad a"}, 400, "bad_request"),
        ({"name": "a\u202eb"}, 400, "bad_request"),
        ({"wants": "both"}, 400, "bad_request"),
    ],
)
async def test_what_can_not_be_chosen_is_refused_and_the_link_stays_good(
    tmp_path: Path, change: dict[str, str], status: int, code: str
) -> None:
    async with running(Settings(data=tmp_path, host="127.0.0.1", port=0)) as server:
        url = f"http://127.0.0.1:{server.port}"
        body: dict[str, Any] = {"token": await server.entrance.claim_link()} | chosen("ada")
        refused = await asked(url, "/claim", body | change)
        assert (refused[0], refused[1]["code"]) == (status, code)
        assert (await asked(url, "/claim", body))[0] == 201


async def test_whoever_logs_in_from_our_page_gets_a_cookie_and_no_token(here: Site) -> None:
    assert await speaks(here, await cookie_of(here))


async def test_a_handle_is_the_same_in_any_case(here: Site) -> None:
    assert (await here.stranger.log_in("ADA")).account == here.ada.account


@pytest.mark.parametrize("path", ["/login", "/claim"])
async def test_only_our_own_pages_get_a_cookie(here: Site, path: str) -> None:
    body = {"token": "x"} | chosen("ada")
    page = {"Origin": "http://localhost:3000"}
    for wants, code in (("cookie", "bad_origin"), ("token", "gone" if path == "/claim" else None)):
        answer = await here.stranger.ask("POST", path, body | {"wants": wants}, page)
        assert answer.code == code
        assert "Set-Cookie" not in answer.headers


async def test_each_log_in_opens_a_new_session_and_ends_the_one_of_the_cookie(here: Site) -> None:
    first = await cookie_of(here)
    other = await cookie_of(here)
    second = await cookie_of(here, Cookie=f"hubbub-{here.server.port}={first}")
    assert len({first, second, other}) == 3
    await has_ended(here, first)
    assert await speaks(here, second) and await speaks(here, other)


async def test_a_cookie_that_is_not_good_any_more_keeps_nobody_from_logging_in(here: Site) -> None:
    old = await cookie_of(here)
    name = f"hubbub-{here.server.port}"
    headers = own(here, Cookie=f"{name}={old}")
    out = await here.stranger.ask("POST", "/logout", headers=headers)
    assert (out.status, out.headers["Set-Cookie"].split(";")[0]) == (200, f"{name}=")
    await has_ended(here, old)
    assert await cookie_of(here, Cookie=f"{name}={old}")


async def test_logging_out_drops_a_cookie_that_is_no_longer_good(here: Site) -> None:
    name = f"hubbub-{here.server.port}"
    old = await cookie_of(here)
    headers = own(here, Cookie=f"{name}={old}")
    assert (await here.stranger.ask("POST", "/logout", headers=headers)).status == 200
    await has_ended(here, old)
    again = await here.stranger.ask("POST", "/logout", headers=headers)
    assert (again.code, again.headers["Set-Cookie"].split(";")[0]) == (
        "unauthenticated",
        f"{name}=",
    )


async def test_a_guest_can_not_log_out(tmp_path: Path) -> None:
    async with site(tmp_path, guests="on") as here:
        assert (await here.stranger.ask("POST", "/logout")).code == "unauthenticated"


async def test_an_unknown_handle_is_answered_like_a_wrong_password(here: Site) -> None:
    answers = [
        await here.stranger.ask("POST", "/login", {"handle": handle, "password": unlikely()})
        for handle in ("ada", "eve", "no handle", "x" * 9000)
    ]
    assert [(a.status, a.code) for a in answers] == [(401, "unauthenticated")] * 4
    assert all(a.body == answers[0].body for a in answers)


async def test_an_unknown_handle_costs_the_same_look_ups_and_hashes(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    entrance: Any = here.server.entrance
    seen: list[str] = []
    rows, check = entrance._store.rows, Argon2.check

    async def noted_rows(table: Any, *prefix: Any) -> Any:
        seen.append(f"rows {table.name} {len(prefix)}")
        return await rows(table, *prefix)

    def noted_check(hasher: Argon2, password: bytes, known: str) -> bool:
        seen.append(f"hash {known.rpartition('$')[0].rpartition('$')[0]}")
        return check(hasher, password, known)

    monkeypatch.setattr(entrance._store, "rows", noted_rows)
    monkeypatch.setattr(Argon2, "check", noted_check)
    done = []
    for handle in ("ada", "eve"):
        await here.stranger.ask("POST", "/login", {"handle": handle, "password": unlikely()})
        done.append(seen[:])
        seen.clear()
    assert done[0] == done[1]
    assert len(done[0]) == 3


async def test_whoever_guesses_has_to_wait_and_the_owner_does_not(tmp_path: Path) -> None:
    async with site(tmp_path, trusted_proxy=("127.0.0.1",)) as here:
        home, away = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "203.0.113.9"}
        right = {"handle": "ada", "password": PASSWORD, "wants": "token"}
        assert (await here.stranger.ask("POST", "/login", right, home)).status == 201
        wrong = {"handle": "ada", "password": unlikely()}
        answers = [await here.stranger.ask("POST", "/login", wrong, away) for _ in range(8)]
        assert [a.code for a in answers[:3]] == ["unauthenticated"] * 3
        assert answers[-1].code == "rate_limited" and answers[-1].body["retry_after"] > 0
        assert (await here.stranger.ask("POST", "/login", right, home)).status == 201


async def test_of_a_hundred_who_log_in_at_once_most_are_told_to_come_back(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    def check(*_: object) -> bool:
        return may_end.wait(20) and False

    bodies = [{"handle": f"nobody{n}", "password": unlikely()} for n in range(97)]
    bodies += [{"handle": "ada", "password": PASSWORD}] * 3  # one more, and she would have to wait
    with monkeypatch.context() as patched:
        patched.setattr(Argon2, "check", check)
        asking = [asyncio.create_task(here.stranger.ask("POST", "/login", b)) for b in bodies]
        busy = [await each for each in itertools.islice(asyncio.as_completed(asking), 82)]
        may_end.set()
        answers = await asyncio.gather(*asking)
    assert {(a.status, a.code, a.body["retry_after"]) for a in busy} == {(503, "busy", 1.0)}
    codes = [a.code for a in answers]
    assert (codes.count("busy"), codes.count("unauthenticated")) == (82, 18)
    assert (await here.stranger.log_in("ada")).account == here.ada.account


async def test_whoever_is_suspended_does_not_come_in_with_the_right_password(here: Site) -> None:
    ada = Principal(here.ada.account, Role.ACCOUNT, here.ada.account)
    bob = account("bob").id
    entrance: Any = here.server.entrance
    secret = await entrance._passwords.hash(PASSWORD)
    adding = AddPerson(account=bob, handle="bob", name="Bob", secret=secret)
    for change in (adding, SuspendPerson(account=bob)):
        assert isinstance(await here.server.hub.writing.commit(ada, change), Accepted)
    answer = await here.stranger.ask("POST", "/login", {"handle": "bob", "password": PASSWORD})
    assert answer.code == "forbidden"


async def test_the_audit_log_has_the_address_of_each_log_in(here: Site) -> None:
    entrance: Any = here.server.entrance
    await here.stranger.log_in("ada")
    rows = await entrance._store.rows(AUDIT_ADDRESS)
    assert [row.address for row in rows] == ["127.0.0.1"] * 3
