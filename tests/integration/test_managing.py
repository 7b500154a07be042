"""`hubbub user` and `hubbub invite`, on the machine of a server that runs, or of one that doesn't."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.integration.test_copying import hubbub_command
from tests.support.commands import Ran
from tests.support.images import GIF
from tests.support.postgres import Postgres
from tests.support.site import PASSWORD, Site, Someone, chosen, site

Manage = Callable[..., Awaitable[Ran]]

NEW = "a-wholly-new-lamp"
NOTICED_SECONDS = 20.0  # a second is promised; the rest is for a busy machine


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Postgres | None:
    """What the data is in; None: SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue(request.param)


@pytest.fixture
async def store(database: Postgres | None) -> str:
    return await database.fresh() if database else "sqlite"


@pytest.fixture
async def here(tmp_path: Path, store: str) -> AsyncIterator[tuple[Site, Someone]]:
    """A site, with a member."""
    async with site(tmp_path, store=store) as made:
        yield made, await made.ada.bring_in("dave")


@pytest.fixture
def manage(tmp_path: Path, store: str) -> Manage:
    async def run(*words: str | Path) -> Ran:
        return await hubbub_command(*words, "--data", tmp_path, store=store)

    return run


async def test_a_running_server_learns_of_it_within_a_second(
    here: tuple[Site, Someone],
    manage: Manage,
) -> None:
    made, dave = here
    headers = {"Authorization": f"Bearer {dave.token}"}
    async with aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{dave.url}/ws", headers=headers)
        await socket.send_json({"id": 1, "do": "follow", "room": dave.account})
        assert "ok" in await socket.receive_json(timeout=30)
        ran = await manage("user", "reset", "Dave")
        assert ran.code == 0, ran
        async with asyncio.timeout(NOTICED_SECONDS):
            while (event := await socket.receive_json()).get("event") is None:
                pass
        assert (event["event"], event["kind"]) == ("credential_changed", "reset")
        ran = await manage("user", "suspend", "dave")
        assert ran.code == 0 and " suspended " in ran.err, ran
        async with asyncio.timeout(NOTICED_SECONDS):
            async for _ in socket:
                pass
        assert socket.close_code == 4401
    assert (await manage("user", "resume", dave.account)).code == 0
    assert (await made.stranger.log_in("dave")).account == dave.account


async def test_a_server_goes_on_from_what_a_command_wrote(
    here: tuple[Site, Someone],
    manage: Manage,
) -> None:
    _, dave = here
    for n, role in enumerate(("moderator", "member", "guest")):
        assert (await manage("user", "role", "dave", role)).code == 0
        assert (await dave.ask("GET", "/me")).body["role"] == role
        renamed = await dave.ask("PATCH", "/me", {"name": f"Dave {n}"})
        assert renamed.status == 200, renamed.body
    ran = await manage("verify")
    assert ran.code == 0 and "intact" in ran.out, ran


async def test_invites_and_reset_links_are_good_at_once(
    here: tuple[Site, Someone],
    manage: Manage,
) -> None:
    made, dave = here
    kitchen = {"kind": "closed", "title": "Kitchen", "alias": "kitchen"}
    room = (await made.ada.ask("POST", "/rooms", kitchen)).body["made"]
    into = "--room", "#kitchen", "--room", room
    ran = await manage("invite", "--role", "admin", "--uses", "2", "--days", "1", *into)
    assert ran.code == 0 and "2 accounts with the role admin, into #kitchen" in ran.err, ran
    token = ran.out.strip()
    for handle in ("grace", "mary"):
        someone = await made.stranger.enter("/accept", token=token, **chosen(handle))
        assert (await someone.ask("GET", "/me")).body["role"] == "admin"
        posted = await someone.ask("POST", f"/rooms/{room}/messages", {"text": "hi"})
        assert posted.status == 201, posted.body
    third = {"token": token} | chosen("eve")
    assert (await made.stranger.ask("POST", "/accept", third)).code == "gone"
    link = (await manage("user", "reset", "dave")).out.strip()
    assert (await made.stranger.enter("/reset", token=link, password=NEW)).account == dave.account


async def test_an_invite_into_a_room_that_is_not_there_is_refused(manage: Manage) -> None:
    ran = await manage("invite", "--room", "#attic")
    assert ran.code == 1 and ran.out == "" and "No made room '#attic': " in ran.err, ran


async def test_without_a_server_as_well(tmp_path: Path, store: str, manage: Manage) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    named = ("--name", "Ada L", "--role", "owner", "--password-file", secret)
    added = await manage("user", "add", "Ada", *named)
    assert (added.code, added.out) == (0, ""), added
    link = await manage("user", "add", "dave", "--link")
    assert link.code == 0 and "." in link.out, link
    rows = [json.loads(line) for line in (await manage("user", "list", "--json")).out.splitlines()]
    told = [(each["handle"], each["name"], each["role"], each["status"]) for each in rows]
    assert told == [("ada", "Ada L", "owner", "active"), ("dave", "dave", "member", "active")]
    settings = Settings(data=tmp_path, host="127.0.0.1", port=0, guests="off", store=store)
    async with running(settings) as server, aiohttp.ClientSession() as http:
        someone = Someone(http, f"http://127.0.0.1:{server.port}")
        await someone.log_in("ada")
        await someone.enter("/reset", token=link.out.strip(), password=NEW)
        assert await server.entrance.claim_link() is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "words, said",
    [
        ("user role nobody admin", "No account 'nobody'; `hubbub user list`"),
        ("user suspend ada", "make someone else an owner first"),
        ("user role ada member", "make someone else an owner first"),
        ("user add dave --link", "Handle already in use"),
        ("user add ada --link", "Handle already in use"),
        ("user add root --link", "Invalid handle: root is reserved"),
        ("user add eve --link --name ADA", "looks like an owner's or admin's"),
    ],
)
async def test_what_can_not_be_is_said_and_has_a_code(
    here: tuple[Site, Someone],
    manage: Manage,
    words: str,
    said: str,
) -> None:
    ran = await manage(*words.split())
    assert (ran.code, ran.out) == (1, "") and said in ran.err, ran


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "content, code, said",
    [
        (b"password1\n", 1, "Invalid password"),
        (b"", 2, "Expected one line"),
        (b"a\nb\n", 2, "Expected one line"),
        (b"\xff" * 9, 2, "not valid UTF-8"),
        (b"x" * 5_000, 2, "too long"),
        (None, 2, "Can't read"),
    ],
)
async def test_a_password_that_can_not_be_is_said_and_adds_nobody(
    tmp_path: Path,
    manage: Manage,
    content: bytes | None,
    code: int,
    said: str,
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    ran = await manage("user", "add", "eve", "--password-file", file)
    assert ran.code == code and said in ran.err, ran
    listed = await manage("user", "list")
    assert (
        listed.out == "" and "no accounts yet. `hubbub user add HANDLE --role owner`" in listed.err
    )


async def on_a_terminal(typed: str, *words: str | Path) -> Ran:
    """Run a command whose standard input is a terminal, on which somebody types."""
    theirs, ours = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", *map(str, words)), stdin=ours, stdout=PIPE, stderr=PIPE
    )
    os.close(ours)
    os.write(theirs, typed.encode())
    out, err = await process.communicate()
    os.close(theirs)
    return Ran(process.returncode or 0, out.decode(), err.decode())


async def test_what_cant_be_undone_is_confirmed_first(tmp_path: Path) -> None:
    async with site(tmp_path) as made:
        eve = (await made.ada.ask("POST", "/people", {"handle": "eve", "name": "Eve"})).body["made"]
        rooms = {"kind": "closed", "title": "x", "who": [eve]}
        await made.ada.ask("POST", "/rooms", rooms)
        of_data = "--data", tmp_path
        (tmp_path / "party.gif").write_bytes(GIF)
        assert (await hubbub_command("emoji", "add", "party", tmp_path / "party.gif", *of_data))[
            0
        ] == 0
        for words in (("user", "remove", "eve", "--messages"), ("emoji", "remove", "party")):
            ran = await hubbub_command(*words, *of_data)
            assert (ran.code, "add --yes" in ran.err) == (2, True), ran
            for typed in ("\n", "n\n", "\x04"):
                ran = await on_a_terminal(typed, *words, *of_data)
                assert ran.code in (1, 2) and "Go on? [y/N]" in ran.err, ran
                assert "Removed" not in ran.err
        left = await hubbub_command("user", "list", *of_data)
        assert "eve" in left.out
        ran = await on_a_terminal("y\n", "user", "remove", "eve", "--messages", *of_data)
        assert "It leaves 1 room." in ran.err and "0 messages will be erased as well" in ran.err
        assert ran.code == 0 and f"Removed: {eve}" in ran.err
        assert (await on_a_terminal("yes\n", "emoji", "remove", "party", *of_data)).code == 0
