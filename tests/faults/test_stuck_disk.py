"""The disk stands still, or crawls: who posts is told so, memory is bounded, and all else goes on."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect

from hubbub.server.app import STOP_TIMEOUT
from hubbub.server.people.outside.jwts import LEEWAY
from tests.support.lines import UNHURRIED
from tests.support.memory import MIB, resident_bytes
from tests.support.quick_server import QuickServer

SECRET = "correct horse battery staple, and one more"
POSTS = 40_000  # more than may wait for a commit
MAX_GROWTH = 64 * MIB  # what may wait, and the objects around it
SOON = 20.0  # seconds, on a busy machine


class Site:
    """A server whose disk can be troubled."""

    def __init__(self, server: QuickServer, troubles: Path) -> None:
        self.server, self.troubles = server, troubles

    async def get(self, path: str) -> tuple[int, Any]:
        """The status and the answer, which must come soon."""
        url = f"http://{self.server.address}{path}"
        async with asyncio.timeout(SOON), ClientSession() as session, session.get(url) as response:
            return response.status, await response.json()

    async def post(self, room: str, text: str) -> int:
        """The status."""
        url = f"http://{self.server.address}/api/v1/rooms/{room}/messages"
        async with ClientSession() as session, session.post(url, json={"text": text}) as response:
            return response.status


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    sabotage = f"troubled_by:{tmp_path}"
    (tmp_path / "secret").write_text(SECRET)
    flags = ("--message-rate", "0", "--jwt-secret-file", str(tmp_path / "secret"))
    async with QuickServer(tmp_path / "data", *flags, sabotage=sabotage) as server:
        yield Site(server, tmp_path)


async def test_while_the_disk_stands_still_posts_are_refused_and_all_else_goes_on(
    site: Site,
) -> None:
    assert await site.post("kitchen", "before") == 201
    (site.troubles / "stuck").touch()
    before = resident_bytes(site.server.pid)
    async with connect(f"ws://{site.server.address}/ws", **UNHURRIED) as poster:
        refused = asyncio.Event()
        counting = asyncio.create_task(count_answers(poster, refused))
        await ask_for_many(poster)
        await refused.wait()
        await refuses(site)
        for _ in range(2):
            await everything_else_goes_on(site)
        growth = resident_bytes(site.server.pid) - before
        (site.troubles / "stuck").unlink()
        answers = await counting
    print(f"{answers}, grew by {growth / MIB:.1f} MiB")
    assert set(answers) == {"ok", "busy"}
    assert growth < MAX_GROWTH
    assert await site.post("kitchen", "after") == 201
    assert (await site.get("/api/v1/rooms/lobby/events"))[1]["head"] == answers["ok"]


async def ask_for_many(poster: ClientConnection) -> None:
    for number in range(POSTS):
        post = {"id": number, "do": "post", "room": "lobby", "text": f"{number} {'x' * 200}"}
        await poster.send(json.dumps(post))


async def count_answers(poster: ClientConnection, refused: asyncio.Event) -> Counter[str]:
    """How many posts were answered how, once all are; `refused` is set at the first that was refused."""
    answers: Counter[str] = Counter()
    while answers.total() < POSTS:
        reply = json.loads(await poster.recv())
        if error := reply.get("error"):
            refused.set()
            assert error["temporary"] and error["retry_after"] > 0
        answers[error["code"] if error else "ok"] += 1
    return answers


async def refuses(site: Site) -> None:
    """What may wait for a commit does, so the next post is refused."""
    async with asyncio.timeout(30), ClientSession() as session:
        url = f"http://{site.server.address}/api/v1/rooms/lobby/messages"
        async with session.post(url, json={"text": "one more"}) as response:
            assert response.status == 503
            assert (await response.json())["code"] == "busy"
            assert float(response.headers["Retry-After"]) > 0


async def everything_else_goes_on(site: Site) -> None:
    status, page = await site.get("/api/v1/rooms/kitchen/messages")
    assert status == 200 and [m["text"] for m in page["messages"]] == ["before"]
    assert (await site.get("/api/v1/rooms/kitchen/events?since=0"))[0] == 200
    assert (await site.get("/healthz"))[0] == 200
    async with asyncio.timeout(30):  # it may have answered just before
        while (await site.get("/readyz"))[0] != 503:
            pass
    began = time.monotonic()
    async with connect(f"ws://{site.server.address}/ws", **UNHURRIED) as newcomer:
        await newcomer.send('{"id": 1, "do": "join", "room": "kitchen"}')
        assert json.loads(await newcomer.recv())["ok"]["mode"] == "snapshot"
        await newcomer.send('{"id": 2, "do": "signal", "room": "kitchen", "signal": "typing"}')
        while json.loads(await newcomer.recv()).get("signal") != "typing":
            pass
    assert time.monotonic() - began < SOON


async def test_who_may_no_longer_be_here_is_shown_out_while_a_stop_waits_for_the_disk(
    site: Site,
) -> None:
    (site.troubles / "stuck").touch()
    async with connect(f"ws://{site.server.address}/ws", **UNHURRIED) as ada:
        token = jwt.encode({"sub": "ada", "exp": int(time.time()) + 3 - LEEWAY}, SECRET)
        await ada.send(json.dumps({"id": 1, "do": "hello", "token": token}))
        await ada.send('{"id": 2, "do": "post", "room": "lobby", "text": "it waits"}')
        await ada.send('{"id": 3, "do": "join", "room": "kitchen"}')
        assert [json.loads(await ada.recv())["re"] for _ in range(2)] == [1, 3]
        stopping = asyncio.create_task(site.server.kill(signal.SIGTERM))
        async with asyncio.timeout(STOP_TIMEOUT / 2):
            await ada.wait_closed()
        assert ada.close_code == 4401
        assert not stopping.done()
    (site.troubles / "stuck").unlink()
    assert await stopping == 0
