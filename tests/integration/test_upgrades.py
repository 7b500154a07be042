"""A server that is started on a former version's database."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import aiohttp
import asyncpg
import msgspec
import pytest

from tests.integration.native import native
from tests.support import former
from tests.support.former import FormerRoom
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.server import Server

SIZE = int(os.environ.get("TEST_UPGRADE", "500"))  # messages; see tests/contracts/test_upgrades.py
VERSIONS = former.VERSIONS if "TEST_UPGRADE" in os.environ else ("sqlite_2", "postgres_3")
MOST_MISSED = 20_000  # events

pytestmark = pytest.mark.timeout(120 + SIZE // 300)


@pytest.mark.parametrize("version", VERSIONS)
async def test_it_upgrades_the_database_says_so_and_clients_go_on_where_they_were(
    version: str, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.server.START_SECONDS", 20 + SIZE / 2000)
    flags: tuple[str, ...] = ()
    if version in former.SQLITE:
        await asyncio.to_thread(former.make_sqlite, tmp_path, version, SIZE)
    else:
        url = await postgres.fresh()
        await former.make_postgres(url, version, SIZE)
        flags = ("--store", url)
    room = next(former.rooms(SIZE))
    began = time.monotonic()
    async with Server(tmp_path, *flags) as server, aiohttp.ClientSession(server.url) as client:
        print(f"\n{version}: a server is ready after {time.monotonic() - began:.1f} s")
        said = [line for line in server.output if "rows of the database upgraded" in line]
        assert len(said) >= 2 and " 0 of " in said[0]
        await check_missed(server.port, room)
        after = f"{room.name[:-1]}{int(room.name[-1]) - 1}zzz"
        async with client.get("/api/v1/rooms", params={"after": after, "limit": "1"}) as answer:
            [listed] = (await answer.json())["rooms"]
        assert (listed["room"], listed["nth"]) == (room.name, len(room.posted) + 1)


async def check_missed(port: int, room: FormerRoom) -> None:
    """Whoever joins at an old position gets what they missed, in order and once, and then what is new."""
    head = len(room.log)
    since = max(head // 2, head - MOST_MISSED)
    async with native(port, "mallory") as client:
        place = {"room": room.name, "epoch": former.EPOCH}
        resumed = {"mode": "resumed", "head": head, "missed": head - since}
        assert await client.ask("join", **place, since=since) == place | resumed
        for event in room.log[since:]:
            kept = msgspec.json.decode(room.body(event, erases=True))
            got = await client.event()
            assert got | kept == got, (got, kept)
            await asyncio.sleep(0)  # events that are here already would leave pings no turn
        said = await client.ask("post", room=room.name, text="new")
        assert said["seq"] == head + 1 and (await client.event())["seq"] == head + 1


async def test_whoever_stops_it_during_an_upgrade_need_not_wait_and_nothing_has_changed(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = await postgres.fresh()
    await former.make_postgres(url, "postgres_8", SIZE)
    other = await asyncpg.connect(url)
    turn = other.transaction()
    await turn.start()
    await other.execute("SELECT 1 FROM hubbub.message FOR UPDATE")  # so that the upgrade waits
    words = ("serve", "--data", str(tmp_path), "--store", url, "--port", str(free_port()))
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", *words), stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    while b" 0 of " not in await server.stderr.readline():
        assert not server.stderr.at_eof()
    await postgres.somebody_waits(url)
    server.send_signal(signal.SIGTERM)
    assert b"stop" in (await server.stderr.readline()).lower()
    await turn.rollback()
    told = await server.stderr.read()
    assert (await server.wait(), b"nothing was changed" in told) == (1, True)
    version = await other.fetchval("SELECT value FROM hubbub.meta WHERE name = 'version'")
    assert version == "8"
    await other.close()
