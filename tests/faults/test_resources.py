"""What the server needs and may not get: its directory, its port, space on the disk, a flush that works."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.support.checker import Fault
from tests.support.crowd import Crowd
from tests.support.quick_server import DiedAtStart, QuickServer

Answer = tuple[int, str | None]  # HTTP status and code
DONE: Answer = (201, None)
UNAVAILABLE: Answer = (503, "unavailable")
TEXT = "x" * 30_000
LOBBY, KITCHEN = "/api/v1/rooms/lobby", "/api/v1/rooms/kitchen"


async def test_a_data_directory_serves_one_server_at_a_time(tmp_path: Path) -> None:
    async with QuickServer(tmp_path) as first:
        second = QuickServer(tmp_path)
        with pytest.raises(DiedAtStart, match="status 1"):
            await second.__aenter__()
        assert f"in use by another hubbub (process {first.pid})" in "".join(second.output)
    async with QuickServer(tmp_path) as third:
        assert await post(third) == DONE


async def test_a_port_that_is_taken_is_named_and_the_data_let_go(tmp_path: Path) -> None:
    async with QuickServer(tmp_path / "first") as first:
        second = QuickServer(tmp_path / "second")
        second.port = first.port
        with pytest.raises(DiedAtStart, match="status 1"):
            await second.__aenter__()
        assert str(first.port) in "".join(second.output) and "--port" in "".join(second.output)
        async with QuickServer(tmp_path / "second") as third:
            assert await post(third) == DONE


@pytest.mark.parametrize("trouble", ["full_while", "no_flush_while"])
async def test_while_the_disk_does_not_write_nothing_is_acknowledged(
    trouble: str, tmp_path: Path
) -> None:
    flag = tmp_path / "trouble"
    async with QuickServer(tmp_path, sabotage=f"{trouble}:{flag}") as server:
        crowd = Crowd(server, seed=1)
        async with crowd.living():
            await until(server, DONE)
            for _ in range(3):
                flag.touch()
                await until(server, UNAVAILABLE)
                for _ in range(20):  # meanwhile, what was acknowledged before reaches everyone
                    assert await post(server) == UNAVAILABLE
                known = crowd.acknowledged
                assert await get(server, f"{LOBBY}/messages") == 200
                assert await get(server, f"{LOBBY}/events?since=0") == 200
                assert await get(server, "/readyz") == 503
                assert await get(server, "/healthz") == 200
                for _ in range(20):
                    assert await post(server) == UNAVAILABLE
                assert crowd.acknowledged == known
                flag.unlink()
                await until(server, DONE)
            log = await crowd.heal()
        await server.kill()
    assert crowd.check(log, tmp_path) == []


async def test_the_checker_would_notice_if_a_failed_commit_were_acknowledged(
    tmp_path: Path,
) -> None:
    flag = tmp_path / "trouble"
    sabotage = f"acknowledge_what_failed and full_while:{flag}"
    async with QuickServer(tmp_path, sabotage=sabotage) as server:
        crowd = Crowd(server, seed=1)
        async with crowd.living():
            await until(server, DONE)
            flag.touch()
            for _ in range(50):
                assert await post(server) == DONE
            flag.unlink()
            log = await crowd.heal()
        await server.kill()
    assert Fault.LOST in {finding.fault for finding in crowd.check(log, tmp_path)}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB, which only root can make."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "hubbub-test", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small file system, and not everywhere")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_a_full_disk_is_survived(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    async with QuickServer(small_disk / "data") as server:
        acknowledged = 0
        while (answer := await post(server, TEXT)) == DONE:
            acknowledged += 1
        assert answer == UNAVAILABLE
        assert await head(server) == acknowledged
        ballast.unlink()
        assert await post(server, TEXT) == DONE
        assert await head(server) == acknowledged + 1
        await server.kill()
        await server.start()
        assert await head(server) == acknowledged + 1


async def post(server: QuickServer, text: str = "hello") -> Answer:
    url = f"http://{server.address}{KITCHEN}/messages"
    async with ClientSession() as session, session.post(url, json={"text": text}) as response:
        return response.status, json.loads(await response.read()).get("code")


async def until(server: QuickServer, answer: Answer) -> None:
    """Post until that is answered."""
    async with asyncio.timeout(30):
        while await post(server) != answer:
            pass


async def get(server: QuickServer, path: str) -> int:
    async with (
        ClientSession() as session,
        session.get(f"http://{server.address}" + path) as response,
    ):
        return response.status


async def head(server: QuickServer) -> int:
    async with (
        ClientSession() as session,
        session.get(f"http://{server.address}" + KITCHEN + "/events") as response,
    ):
        return int((await response.json())["head"])
