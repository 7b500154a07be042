"""SIGTERM: what was done is answered, everyone is told, and the server is out in a few seconds."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.checker import read_log
from tests.support.quick_server import QuickServer

FAST: dict[str, Any] = {"compression": None, "ping_interval": None, "max_queue": None}
STALLED: dict[str, Any] = {**FAST, "max_queue": 1, "close_timeout": 0.1}
WINDOW = 32  # commands in flight on each connection
BIG = "x" * 60_000


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QuickServer]:
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        yield server


@dataclass
class Story:
    """What one client sent and was told until the end."""

    sent: int = 0
    acknowledged: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None


async def test_nothing_is_done_in_silence_and_natives_are_told_when_to_return(
    server: QuickServer,
) -> None:
    natives, others = await stop_under_load(server)
    acknowledged = set().union(*(story.acknowledged for story in natives + others))
    assert acknowledged == done(server)
    for story in natives:
        assert [notice["reason"] for notice in story.notices] == ["restarting"]
        assert 0 < story.notices[0]["reconnect_after"] < 5
        assert story.close_code == 1012
    assert set().union(*(story.refused for story in natives + others)) <= {"unavailable"}


async def test_that_would_not_hold_if_it_closed_before_it_answered(tmp_path: Path) -> None:
    """Now and then nobody happens to wait for an answer just then; not each time."""
    flags = ("--message-rate", "0")
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        async with QuickServer(folder, *flags, sabotage="stop_before_answering") as server:
            natives, others = await stop_under_load(server)
            if done(server) - set().union(*(story.acknowledged for story in natives + others)):
                return
    pytest.fail("each time all that was done was answered")


async def test_it_stops_rather_than_go_on_with_people_who_may_not_stay(tmp_path: Path) -> None:
    async with QuickServer(tmp_path, sabotage="break_the_door") as server:
        assert await server.gone() == 1
        told = "".join(server.output)
    assert "The server stopped after an unexpected failure" in told and "LookupError at" in told


async def stop_under_load(server: QuickServer) -> tuple[list[Story], list[Story]]:
    """Stop it while natives and HTTP clients post as fast as they can; returns their stories."""
    async with asyncio.TaskGroup() as tasks:
        natives = [tasks.create_task(native(server, f"native {n}")) for n in range(6)]
        others = [tasks.create_task(over_http(server, f"http {n}")) for n in range(4)]
        await until_head(server, 2000)
        assert await server.kill(signal.SIGTERM) == 0
    return [task.result() for task in natives], [task.result() for task in others]


def done(server: QuickServer) -> set[str]:
    """The texts in the log."""
    return {json.loads(body)["text"] for body in read_log(server.data / "hubbub.db", "lobby")}


async def test_plain_clients_streams_and_long_polls_end_well(server: QuickServer) -> None:
    events = f"http://{server.address}/api/v1/rooms/lobby/events"
    async with ClientSession() as session, connect(f"ws://{server.address}/", **FAST) as plain:
        stream = await session.get(events, headers={"Accept": "text/event-stream"})
        assert await stream.content.readline()  # it is open
        poll = asyncio.create_task(session.get(f"{events}?since=0&wait=50"))
        await until_followed(server, "another-room")  # many round trips: the poll has come
        began = time.monotonic()
        assert await server.kill(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10, "they held it up"
        with pytest.raises(ConnectionClosed):
            await plain.recv()
        assert plain.close_code == 1012
        await stream.read()  # it has an end
        answer = await poll
        assert answer.status == 200
        assert (await answer.json())["events"] == []


async def test_one_who_does_not_read_delays_it_only_by_seconds(server: QuickServer) -> None:
    async with (
        connect(f"ws://{server.address}/ws", **STALLED) as stalled,
        ClientSession() as session,
    ):
        await stall(server, session, stalled)
        began = time.monotonic()
        assert await server.kill(signal.SIGTERM) == 0
        assert time.monotonic() - began < 25


async def test_a_second_signal_ends_it_at_once(server: QuickServer) -> None:
    async with (
        connect(f"ws://{server.address}/ws", **STALLED) as stalled,
        ClientSession() as session,
    ):
        await stall(server, session, stalled)
        stopping = asyncio.create_task(server.kill(signal.SIGTERM))
        await asyncio.wait_for(server.stopping.wait(), 30)
        server.signal(signal.SIGTERM)
        began = time.monotonic()
        assert await stopping == -signal.SIGTERM
        assert time.monotonic() - began < 4, "it waited for one who does not read"


async def native(server: QuickServer, name: str) -> Story:
    """Post as fast as the window allows until told to stop, and read to the end."""
    story = Story()
    window = asyncio.Semaphore(WINDOW)
    async with connect(f"ws://{server.address}/ws", **FAST) as socket:

        async def speak() -> None:
            while not story.notices:
                await window.acquire()
                post = {"id": story.sent, "do": "post", "room": "lobby"}
                story.sent += 1
                await socket.send(json.dumps({**post, "text": f"{name} {post['id']}"}))

        speaking = asyncio.create_task(speak())
        with suppress(ConnectionClosed):
            while True:
                push = json.loads(await socket.recv())
                window.release()
                if "notice" in push:
                    story.notices.append(push)
                elif "ok" in push:
                    story.acknowledged.add(f"{name} {push['re']}")
                else:
                    story.refused.append(push["error"]["code"])
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        story.close_code = socket.close_code
    return story


async def over_http(server: QuickServer, name: str) -> Story:
    """Post one after the other until nobody answers."""
    story = Story()
    url = f"http://{server.address}/api/v1/rooms/lobby/messages"
    try:
        async with ClientSession() as session:
            while True:
                story.sent += 1
                text = f"{name} {story.sent}"
                async with session.post(url, json={"text": text}) as response:
                    answer = await response.json()
                if response.status == 201:
                    story.acknowledged.add(text)
                else:
                    story.refused.append(answer["code"])
    except (ClientError, OSError):
        return story


async def until_head(server: QuickServer, head: int) -> None:
    """Wait until the log is so long."""
    url = f"http://{server.address}/api/v1/rooms/lobby/events"
    async with ClientSession() as session:
        since = 0
        while since < head:
            async with session.get(f"{url}?since={since}&wait=10") as response:
                since = (await response.json())["head"]


async def until_followed(server: QuickServer, room: str) -> None:
    """Wait until a message reaches one who comes after all others."""
    async with connect(f"ws://{server.address}/?room={room}", **FAST) as last:
        await last.send("hello")
        assert await last.recv() == "hello"


async def stall(server: QuickServer, session: ClientSession, socket: Any) -> None:
    """Let a client follow and not read, until much more is due than its buffers hold."""
    await socket.send('{"do": "join", "room": "lobby", "since": 0}')
    url = f"http://{server.address}/api/v1/rooms/lobby/messages"
    for _ in range(300):
        async with session.post(url, json={"text": BIG}) as response:
            assert response.status == 201
