"""Several workers on one port, as an operator sees them: one server that survives the loss of a part."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

import hubbub
from hubbub.server.process import listening
from tests.integration.native import native
from tests.support.ports import free_ports
from tests.support.postgres import Postgres, running
from tests.support.server import Server

WORKERS = 3


def children(pid: int) -> list[int]:
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def is_there(pid: int) -> bool:
    """Whether a process runs (and is not just waiting for somebody to notice its end)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@asynccontextmanager
async def several(postgres: Postgres, folder: Path, *flags: str) -> AsyncIterator[Server]:
    environment = {"HUBBUB_STORE": await postgres.fresh()}
    all_flags = ("--workers", str(WORKERS), "--message-rate", "0", *flags)
    async with Server(folder, *all_flags, environment=environment) as server:
        assert f"workers:          {WORKERS}\n" in await until_written(server, "workers:")
        yield server


async def until_written(server: Server, text: str) -> list[str]:
    async with asyncio.timeout(30):
        while not any(text in line for line in server.output):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return server.output


async def until_gone(pids: list[int]) -> None:
    async with asyncio.timeout(30):
        while any(map(is_there, pids)):  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.05)


async def connections(http: aiohttp.ClientSession, port: int) -> float:
    """How many clients a worker has, by its own port."""
    async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("hubbub_connections{"))


async def test_clients_are_spread_over_workers_and_see_one_room(
    postgres: Postgres, tmp_path: Path
) -> None:
    first = free_ports(WORKERS)
    async with (
        several(postgres, tmp_path, "--worker-port", str(first)) as server,
        AsyncExitStack() as stack,
        aiohttp.ClientSession() as http,
    ):
        clients = [await stack.enter_async_context(native(server.port)) for _ in range(30)]
        for client in clients:
            await client.ask("join", room="lobby")
        here = [await connections(http, first + n) for n in range(WORKERS)]
        assert sum(here) == 30 and max(here) < 30, here
        async with http.get(f"{server.url}/metrics") as answer:  # of nobody knows whom
            assert answer.status == 404 and "--worker-port" in (await answer.json())["hint"]
        await clients[0].ask("post", room="lobby", text="to all")
        assert {(await client.event())["text"] for client in clients} == {"to all"}
        pids = children(server.pid)
        assert len(pids) == WORKERS
        assert await server.terminate() == 0
        await until_gone(pids)
        assert sum("Stopping" in line for line in server.output) == 1


async def test_a_worker_that_crashes_is_started_again_and_loses_nothing(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with (
        several(postgres, tmp_path) as server,
        hubbub.connect(server.url, name="ada") as ada,
        hubbub.connect(server.url, name="grace") as grace,
    ):
        rooms = [await me.join("lobby") for me in (ada, grace)]
        for n, pid in enumerate(children(server.pid)):
            os.kill(pid, signal.SIGKILL)
            await rooms[0].post(str(n))
        for room in rooms:
            async with asyncio.timeout(30):
                for n in range(WORKERS):
                    event = await anext(aiter(room))
                    assert (event.seq, getattr(event, "text", None)) == (n + 1, str(n))
        await until_written(server, "restarting it")
        async with asyncio.timeout(30):
            while sum(map(is_there, children(server.pid))) < WORKERS:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def told_away(output: list[str]) -> set[str]:
    """Which workers have said that they can't reach the database."""
    away = [line for line in output if "Can't look for events from other nodes" in line]
    return {number for line in away for number in re.findall(r"worker=(\d)", line)}


async def test_a_worker_that_crashes_while_the_database_is_away_is_started_until_it_can(
    tmp_path: Path,
) -> None:
    async with running() as postgres, several(postgres, tmp_path) as server:
        crashing, *others = children(server.pid)
        await postgres.stop(signal.SIGQUIT)
        os.kill(crashing, signal.SIGKILL)
        await until_written(server, "was killed by SIGKILL; restarting it in 1 s")
        await until_written(server, "status 70; restarting it in 2 s")
        assert all(map(is_there, others))
        async with asyncio.timeout(20):
            while len(told_away(server.output)) < len(others):  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.05)
        await postgres.start()
        async with asyncio.timeout(30):
            while len(children(server.pid)) < WORKERS:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.05)
        async with hubbub.connect(server.url, name="ada") as ada:
            assert (await (await ada.join("lobby")).post("back")).seq == 1
        assert await server.terminate() == 0


BEGINNING = """
import os, signal, time
from hubbub.server.workers import Supervisor

def work(*_):
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(60)

raise SystemExit(Supervisor(1, work, print).run())
"""


def test_a_worker_that_has_only_begun_when_all_are_stopped_has_not_failed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING], check=False, capture_output=True, timeout=50
    )
    assert (done.returncode, done.stdout) == (0, b"")


async def test_without_their_supervisor_workers_stop(postgres: Postgres, tmp_path: Path) -> None:
    async with several(postgres, tmp_path) as server:
        pids = children(server.pid)
        async with native(server.port) as client:
            os.kill(server.pid, signal.SIGKILL)
            assert await client.closed() == 1012
        await until_gone(pids)


async def test_they_start_where_one_that_did_not_share_has_just_ended(tmp_path: Path) -> None:
    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()  # the first to do so waits, and with it the port

    single = await asyncio.start_server(take, "127.0.0.1", 0, reuse_address=True)
    port = single.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    single.close()
    await single.wait_closed()
    sockets = listening.reserved("127.0.0.1", port)
    assert listening.port_of(sockets) == port
    listening.close(sockets)


async def test_the_port_that_is_taken_is_named(postgres: Postgres, tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    own = taken.sockets[0].getsockname()[1]
    flags = ("--workers", "2", "--worker-port", str(own))
    environment = {"HUBBUB_STORE": await postgres.fresh()}
    with pytest.raises(
        AssertionError, match=f"port {own} .*, the own port of a worker; .* --worker-port"
    ):
        await Server(tmp_path, *flags, environment=environment).start()
    taken.close()
    await taken.wait_closed()


async def test_what_keeps_one_from_starting_ends_all(postgres: Postgres, tmp_path: Path) -> None:
    async with several(postgres, tmp_path / "a") as server:
        environment = {"HUBBUB_STORE": await postgres.fresh()}
        flags = ("--workers", "2")
        with pytest.raises(AssertionError, match="Address already in use"):
            await Server(tmp_path / "b", *flags, environment=environment, port=server.port).start()
        nowhere = {"HUBBUB_STORE": "postgres://hubbub@127.0.0.1:1/none"}
        with pytest.raises(AssertionError, match="PostgreSQL: "):
            await Server(tmp_path / "c", *flags, environment=nowhere).start()
