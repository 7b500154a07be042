"""Nodes restarted one after the other behind each load balancer that is shipped: nobody loses anything."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

import hubbub
from tests.integration.native import native
from tests.support.balancers import KINDS, balancer, program, until_sent_to
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.server import Server

DRAIN = "3"  # seconds


class Visitors:
    """People behind a balancer: some who stay and post, and some who come and go."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posted = self.visits = 0
        self.more = asyncio.Condition()
        self.sent_away: list[Exception] = []
        self.is_over = asyncio.Event()

    async def stay(self, room: hubbub.Room) -> None:
        """Post again and again."""
        while not self.is_over.is_set():
            await room.post("x")
            self.posted += 1
            await self._tell()
            await asyncio.sleep(0.05)

    async def come_and_go(self) -> None:
        """Join again and again, by a new connection each time; by HTTP, too."""
        async with aiohttp.ClientSession() as http:
            while not self.is_over.is_set():
                try:
                    async with native(self.port) as client:
                        await client.ask("join", room="lobby")
                except (ConnectionClosed, InvalidStatus) as closed:
                    self.sent_away.append(closed)
                url = f"http://127.0.0.1:{self.port}/api/v1/rooms/lobby"
                async with http.get(url) as answer:
                    assert answer.status == 200
                self.visits += 1
                await self._tell()
                await asyncio.sleep(0.05)

    async def go_on(self) -> None:
        """Wait until they have posted more, and come and gone a few times."""
        posted, visits = self.posted + 30, self.visits + 3
        async with self.more:
            await self.more.wait_for(lambda: self.posted >= posted and self.visits >= visits)

    async def _tell(self) -> None:
        async with self.more:
            self.more.notify_all()


async def until_ready_is(status: int, port: int) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == status:
                    return
            await asyncio.sleep(0.01)


async def test_who_is_about_to_stop_says_so_first_and_serves_on(tmp_path: Path) -> None:
    flags = ("--drain-seconds", DRAIN)
    async with Server(tmp_path, *flags) as server, native(server.port, "ada") as ada:
        await ada.ask("join", room="lobby")
        await until_ready_is(200, server.port)
        stopping = asyncio.create_task(server.terminate())
        await until_ready_is(503, server.port)
        async with native(server.port, "grace") as grace:  # sent here by one that had not heard
            await grace.ask("post", room="lobby", text="still here")
            assert (await ada.event())["text"] == "still here"
            assert await grace.closed() == await ada.closed() == 1012
        assert await stopping == 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_notices_that_nodes_are_restarted_one_by_one(
    kind: str, postgres: Postgres, tmp_path: Path
) -> None:
    if program(kind) is None:
        pytest.skip(f"there is no {kind}")
    settings = {"STORE": await postgres.fresh(), "MESSAGE_RATE": "0", "DRAIN_SECONDS": DRAIN}
    settings |= {"TRUSTED_PROXY": "127.0.0.1", "GUESTS": "on"}
    environment = {f"HUBBUB_{name}": value for name, value in settings.items()}
    a, b = (Server(tmp_path / n, port=free_port(), environment=environment) for n in "ab")
    async with a, b, balancer(kind, tmp_path, (a.port, b.port)) as port:
        url = f"http://127.0.0.1:{port}"
        await until_ready_is(200, port)
        async with (
            hubbub.connect(url, name="ada") as ada,
            hubbub.connect(url, name="grace") as grace,
        ):
            rooms = [await me.join("lobby") for me in (ada, grace)]
            visitors = Visitors(port)
            async with asyncio.TaskGroup() as tasks:
                for act in (*map(visitors.stay, rooms), visitors.come_and_go()):
                    tasks.create_task(act)
                for node in (a, b):
                    await visitors.go_on()
                    assert await node.terminate() == 0
                    await node.start()
                    await until_sent_to(node.port, port)
                await visitors.go_on()
                visitors.is_over.set()
            for room in rooms:
                for seq in range(1, visitors.posted + 1):
                    event = await anext(aiter(room))
                    assert isinstance(event, hubbub.Posted) and event.seq == seq
    # nginx asks no node how it is: it may send somebody to one that stops just then.
    assert len(visitors.sent_away) <= (2 if kind == "nginx" else 0), visitors.sent_away
