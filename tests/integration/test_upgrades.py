"""A server that is started on a former version's database."""

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from tests.support import former
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.server import Server

SIZE = 500


@pytest.mark.parametrize("version", ["sqlite_2", "postgres_3"])
async def test_it_upgrades_the_database_says_so_and_clients_go_on_where_they_were(
    version: str, tmp_path: Path, postgres: Postgres
) -> None:
    flags: tuple[str, ...] = ()
    if version in former.SQLITE:
        await asyncio.to_thread(former.make_sqlite, tmp_path, version, SIZE)
    else:
        url = await postgres.fresh()
        await former.make_postgres(url, version, SIZE)
        flags = ("--store", url)
    room = next(former.rooms(SIZE))
    since = len(room.log) // 2
    async with Server(tmp_path, *flags) as server, aiohttp.ClientSession(server.url) as client:
        said = [line for line in server.output if "rows of the database upgraded" in line]
        assert len(said) == 2 and " 0 of " in said[0]
        asked = {"since": str(since), "epoch": former.EPOCH}
        async with client.get(f"/api/v1/rooms/{room.name}/events", params=asked) as answer:
            page = await answer.json()
        assert (page["epoch"], page["head"]) == (former.EPOCH, len(room.log))
        assert [event["seq"] for event in page["events"]][:2] == [since + 1, since + 2]
        async with client.get("/api/v1/rooms") as answer:
            listed = {each["room"]: each for each in (await answer.json())["rooms"]}
        assert listed[room.name]["nth"] == len(room.posted)


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
