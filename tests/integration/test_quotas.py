"""How much files may take: what admins set while the server runs, who is told, and what it changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hubbub import cli
from tests.integration.test_files import raw, upload
from tests.support.postgres import Postgres
from tests.support.site import Someone, site

FILE, PERSON = 3_000, 5_000  # as the server is started


class Here(NamedTuple):
    ada: Someone  # the owner
    grace: Someone
    data: Path


@pytest.fixture(params=["sqlite", "postgres"])
async def here(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Here]:
    store = "sqlite" if request.param == "sqlite" else await postgres.fresh()
    monkeypatch.setenv("HUBBUB_STORE", store)  # for the command line
    limits = {"max_file_size": FILE, "files_per_person": PERSON}
    async with site(tmp_path, store=store, **limits) as made:
        yield Here(made.ada, await made.ada.bring_in("grace"), tmp_path)


async def limit(who: Someone, whose: str, size: int | None) -> str | None:
    """Set a limit; returns the code of a refusal."""
    return (await who.ask("PUT", f"/admin/files/limits/{whose}", {"size": size})).code


async def test_what_an_admin_sets_holds_from_the_next_upload_on_and_deletes_nothing(
    here: Here,
) -> None:
    ada, grace, _ = here
    file = (await upload(grace, b"x" * 2_000)).body["file"]
    room = (await grace.ask("POST", "/rooms", {"kind": "closed", "title": "Den"})).body["made"]
    await grace.ask("POST", f"/rooms/{room}/messages", {"files": [file]})
    waiting = (await upload(grace, b"x" * 1_000)).body["file"]
    assert (await grace.ask("GET", "/me/files")).body == {
        "used": 3_000,
        "limit": PERSON,
        "file_limit": FILE,
    }

    assert await limit(ada, "person", 2_500) is None  # she has more by now
    assert (await upload(grace, b"x")).body["limit"] == 2_500
    assert (await raw(grace, "GET", f"/files/{file}"))[0] == 200
    assert (await grace.ask("GET", f"/uploads/{waiting}")).status == 200
    assert await limit(ada, grace.account, 4_000) is None
    assert (await upload(grace, b"x" * 1_000)).status == 201
    assert (await upload(grace, b"x")).code == "too_large"
    assert (await grace.ask("GET", "/me/files")).body["limit"] == 4_000
    assert await limit(ada, "file", 10_000) is None
    assert (await upload(ada, b"x" * 2_500)).status == 201
    assert (await raw(ada, "OPTIONS", "/uploads"))[1]["Tus-Max-Size"] == "10000"

    use = (await ada.ask("GET", "/admin/files")).body
    assert (use["used"], use["limits"]) == (6_500, {"file": 10_000, "person": 2_500, "server": 0})
    assert use["defaults"] == {"file": FILE, "person": PERSON, "server": 0}
    names = [(each["handle"], each["used"], each["limit"]) for each in use["people"]]
    assert names == [("grace", 4_000, 4_000), ("ada", 2_500, 2_500)]
    assert [each["is_own_limit"] for each in use["people"]] == [True, False]
    assert await limit(ada, "server", 6_000) is None
    assert await limit(ada, "person", None) is None
    assert (await upload(ada, b"x")).body["limit"] == 6_000

    await what_came_and_went_is_measured(ada)
    await only_admins_set_limits_that_there_are(ada, grace)
    await each_change_is_in_the_audit_log(ada, grace)
    await the_largest_files_are_listed_for_admins(ada, grace, room)


async def the_largest_files_are_listed_for_admins(ada: Someone, grace: Someone, den: str) -> None:
    for whose in ("server", grace.account):
        await limit(ada, whose, 10_000)
    direct = {"kind": "direct", "who": [ada.account, grace.account]}
    with_ada = (await grace.ask("POST", "/rooms", direct)).body["made"]
    bob = await ada.bring_in("bob")
    direct = {"kind": "direct", "who": [bob.account, grace.account]}
    with_bob = (await grace.ask("POST", "/rooms", direct)).body["made"]
    lake = (await grace.ask("POST", "/rooms", {"kind": "open", "title": "Lake"})).body["made"]
    for room, size, name in ((with_ada, 30, "a"), (with_bob, 20, "b"), (lake, 10, "c")):
        file = (await upload(grace, b"x" * size, name)).body["file"]
        await grace.ask("POST", f"/rooms/{room}/messages", {"files": [file]})

    async def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await ada.ask("GET", "/admin/files/largest")).body["files"]
        return found

    def told(each: dict[str, Any]) -> tuple[Any, ...]:
        return each["size"], each["room"], each["title"], each["name"], each["may_delete"]

    found = await listed()
    assert [told(each) for each in found] == [
        (2_000, den, "Den", None, False),  # closed: she may not read there unless she hosts it
        (30, with_ada, "", "a", False),
        (20, None, None, None, False),
        (10, lake, "Lake", "c", True),
    ]
    assert {each["handle"] for each in found} == {"grace"}
    known = {"size", "account", "handle", "person", "may_delete"}
    of_others = {name for name, value in found[2].items() if value is not None}
    assert of_others == known  # of directs of others
    assert all(each["at"] and each["file"] for each in found if each is not found[2])
    seats = {den: found[0]["seq"], lake: found[-1]["seq"]}
    deleted = [await ada.ask("DELETE", f"/rooms/{each}/messages/{seats[each]}") for each in seats]
    assert [answer.code for answer in deleted] == ["forbidden", None]  # as it was told
    assert [each["size"] for each in await listed()] == [2_000, 30, 20]


async def what_came_and_went_is_measured(who: Someone) -> None:
    async with who._http.get(f"{who.url}/metrics") as answer:
        measured = await answer.text()
    assert 'hubbub_file_bytes_total{direction="received"} 6500.0' in measured
    assert 'hubbub_file_bytes_total{direction="sent"} 2000.0' in measured


async def only_admins_set_limits_that_there_are(ada: Someone, grace: Someone) -> None:
    for whose, size, code in (
        ("everyone", 1, "not_found"),
        ("@p000000000000", 1, "not_found"),
        ("file", -1, "bad_request"),
        ("file", 2**60, "bad_request"),
    ):
        assert await limit(ada, whose, size) == code
    for whose in ("person", grace.account):
        assert await limit(grace, whose, 10**9) == "forbidden"


async def each_change_is_in_the_audit_log(ada: Someone, grace: Someone) -> None:
    log = (await ada.ask("GET", "/rooms/@audit/events?since=0")).body["events"]
    noted = [each for each in log if each["action"] == "file limit changed"]
    assert (noted[0]["by"], noted[0]["details"]) == (ada.account, {"of": "person", "bytes": "2500"})
    assert (noted[1]["about"], noted[1]["details"]) == (grace.account, {"bytes": "4000"})
    assert noted[-1]["details"] == {"of": "person", "bytes": "default"}


@pytest.mark.parametrize("here", ["sqlite"], indirect=True)
async def test_uploads_that_begin_at_once_take_no_more_than_one_after_the_other(here: Here) -> None:
    answers = await asyncio.gather(*(upload(here.grace, b"x" * 2_000) for _ in range(4)))
    taken = 2_000 * [each.status for each in answers].count(201)
    assert taken <= PERSON
    assert (await here.grace.ask("GET", "/me/files")).body["used"] == taken
    assert await limit(here.ada, "server", taken + 3_000) is None
    answers = await asyncio.gather(
        *(upload(who, b"x" * 2_000) for who in (here.ada, here.grace, here.ada))
    )
    taken += 2_000 * [each.status for each in answers].count(201)
    assert (await here.ada.ask("GET", "/admin/files")).body["used"] == taken
    assert taken <= (await here.ada.ask("GET", "/admin/files")).body["limits"]["server"]


async def test_the_command_line_shows_and_sets_them_beside_the_server(
    here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    await upload(here.grace, b"x" * 2_000)
    data = ["--data", str(here.data)]
    for given in (["1kB", "--of", "grace"], ["2MiB", "--file"], ["default", "--person"]):
        assert await asyncio.to_thread(cli.main, ["files", "limit", *given, *data]) == 0
    assert (await upload(here.grace, b"x")).body["limit"] == 1_000
    capsys.readouterr()
    assert await asyncio.to_thread(cli.main, ["files", "list", "--json", *data]) == 0
    first, *rest = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["used"], first["file"]) == (2_000, 2 * 2**20)
    assert [(each["handle"], each["used"], each["limit"]) for each in rest] == [
        ("grace", 2_000, 1_000)
    ]
    assert await asyncio.to_thread(cli.main, ["files", "list", *data]) == 0
    assert "@grace: 2,000 of 1,000 bytes, individual limit" in capsys.readouterr().out
    assert (
        await asyncio.to_thread(cli.main, ["files", "limit", "1kB", "--of", "nobody", *data]) != 0
    )
    assert "No account" in capsys.readouterr().err
