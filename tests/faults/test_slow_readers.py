"""One that stops reading costs the server at most its cap, nobody else notices, and it misses nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, islice, repeat
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout
from websockets.asyncio.client import ClientConnection, connect

from tests.support.memory import MIB, resident_bytes
from tests.support.quick_server import QuickServer
from tests.support.resting import until_stuck

TEXT = "x" * 60_000
POSTS = 900  # 54 MB
MAX_GROWTH = 16 * MIB  # of the server: seven times the cap, and a little
MUCH = 128 * MIB
JOURNAL = 32 * MIB  # where no rate is set, one client's posts may fill it
pytestmark = pytest.mark.timeout(240)
SLOW: dict[str, Any] = {
    "compression": None,
    "ping_interval": None,
    "max_queue": 1,
    "max_size": None,
    "close_timeout": 0.1,
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QuickServer]:
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        yield server


async def test_who_stops_reading_costs_little_and_gets_all_in_the_end(server: QuickServer) -> None:
    ordeal = await endure(server)
    show(ordeal)
    assert ordeal.growth < MAX_GROWTH
    assert usual(ordeal.latencies) < 1.0
    assert len(ordeal.latencies) == POSTS
    for name, texts in ordeal.texts.items():
        assert texts == ordeal.posted, f"{name} did not get all"


@pytest.mark.parametrize("bug", ["queue_without_bound", "drop_what_a_slow_reader_cannot_take"])
async def test_a_server_with_this_bug_would_fail(bug: str, tmp_path: Path) -> None:
    async with QuickServer(tmp_path, "--message-rate", "0", sabotage=bug) as server:
        ordeal = await endure(server, to_the_end=bug == "queue_without_bound")
    show(ordeal)
    if bug == "queue_without_bound":
        assert ordeal.growth > MAX_GROWTH
    else:
        assert any(texts != ordeal.posted for texts in ordeal.texts.values())


def usual(seconds: list[float]) -> float:
    """What is not exceeded in nine cases of ten, as the machine itself may pause now and then."""
    return sorted(seconds)[len(seconds) * 9 // 10]


def show(ordeal: "Ordeal") -> None:
    slowest = max(ordeal.latencies)
    print(f"grew by {ordeal.growth / MIB:.1f} MiB, slowest delivery {slowest:.3f} s")


@dataclass
class Ordeal:
    """What came of posting much while some did not read."""

    growth: int = 0
    posted: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)


async def endure(server: QuickServer, *, to_the_end: bool = True) -> Ordeal:
    """Post 54 MB to a watcher and to seven who read only when it is over: to the end, or as long as something comes."""
    ordeal = Ordeal()
    async with AsyncExitStack() as stack:
        poster = await stack.enter_async_context(connect(f"ws://{server.address}/ws", **SLOW))
        watcher = await native(stack, server)
        readers = {f"native {i}": await native(stack, server) for i in range(3)}
        readers |= {f"plain {i}": await plain(stack, server) for i in range(2)}
        readers |= {f"sse {i}": await sse(stack, server) for i in range(2)}
        watching = asyncio.create_task(watch(watcher, ordeal.latencies))
        await post_all(server, poster, ordeal)
        await watching
        drains = drain_all(readers, ordeal)
        await (drains if to_the_end else until_stuck(drains, server.pid))
    return ordeal


async def post_all(server: QuickServer, poster: ClientConnection, ordeal: Ordeal) -> None:
    before = 0
    for number in range(POSTS):
        text = f"{number} {time.monotonic()} {TEXT}"
        ordeal.posted.append(text)
        await poster.send(json.dumps({"id": number, "do": "post", "room": "lobby", "text": text}))
        reply = json.loads(await poster.recv())
        assert reply["ok"]["seq"] == number + 1
        if number == POSTS // 10:  # all that is needed anyway is there
            before = resident_bytes(server.pid)
        ordeal.growth = max(ordeal.growth, resident_bytes(server.pid) - before if before else 0)


async def watch(texts: AsyncIterator[str], latencies: list[float]) -> None:
    """Take each text at once, and note how long ago it was posted."""
    while len(latencies) < POSTS:
        number, at, _ = (await anext(texts)).split(" ")
        assert int(number) == len(latencies)
        latencies.append(time.monotonic() - float(at))


async def drain_all(readers: dict[str, AsyncIterator[str]], ordeal: Ordeal) -> None:
    """Take all texts up to the last, at each of them."""
    async with asyncio.TaskGroup() as tasks:
        for name, texts in readers.items():
            taken = ordeal.texts[name] = []
            tasks.create_task(drain(texts, taken, ordeal.posted[-1]))


async def drain(texts: AsyncIterator[str], taken: list[str], last: str) -> None:
    while not taken or taken[-1] != last:
        taken.append(await anext(texts))


async def native(stack: AsyncExitStack, server: QuickServer) -> AsyncIterator[str]:
    socket = await stack.enter_async_context(connect(f"ws://{server.address}/ws", **SLOW))
    await socket.send('{"id": 0, "do": "join", "room": "lobby", "since": 0}')
    assert json.loads(await socket.recv())["ok"]["mode"] == "resumed"

    async def texts() -> AsyncIterator[str]:
        seq = 0
        async for frame in socket:
            push = json.loads(frame)
            if "event" in push:
                seq += 1
                assert push["seq"] == seq
                yield push["text"]

    return texts()


async def plain(stack: AsyncExitStack, server: QuickServer) -> AsyncIterator[str]:
    socket = await stack.enter_async_context(connect(f"ws://{server.address}/", **SLOW))

    async def texts() -> AsyncIterator[str]:
        async for frame in socket:
            yield str(frame)

    return texts()


async def sse(stack: AsyncExitStack, server: QuickServer) -> AsyncIterator[str]:
    session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(None)))
    response = await stack.enter_async_context(
        session.get(
            f"http://{server.address}/api/v1/rooms/lobby/events?since=0",
            headers={"Accept": "text/event-stream"},
        )
    )

    async def texts() -> AsyncIterator[str]:
        async for line in response.content:
            if line.startswith(b"data: ") and "text" in (push := json.loads(line[6:])):
                yield push["text"]

    return texts()


@pytest.mark.parametrize("ask", ["post", "history", "join"])
async def test_who_asks_and_reads_no_answers_is_listened_to_no_more(
    ask: str, server: QuickServer
) -> None:
    more: dict[str, dict[str, Any]] = {"post": {"text": "y" * 200}, "history": {"limit": 200}}
    command = {"do": ask, "room": "lobby", **more.get(ask, {})}
    async with (
        connect(f"ws://{server.address}/ws", **SLOW) as neighbour,
        connect(f"ws://{server.address}/ws", **SLOW) as asker,
    ):
        for _ in range(60):
            await posted(neighbour, TEXT)
        before = resident_bytes(server.pid)
        commands = (json.dumps({"id": number, **command}) for number in count())
        sent = await send_until_stuck(server, asker, commands, 100_000 if ask == "post" else 300)
        growth, delays = 0, []
        for _ in range(50):
            began = time.monotonic()
            await posted(neighbour, "hi")
            delays.append(time.monotonic() - began)
            growth = max(growth, resident_bytes(server.pid) - before)
        print(f"{sent} sent; grew by {growth / MIB:.1f} MiB, slowest reply {max(delays):.3f} s")
        assert growth < MAX_GROWTH + (JOURNAL if ask == "post" else 0)
        assert usual(delays) < 2.0
        for number in range(sent):
            while (reply := json.loads(await asker.recv())).get("re") is None:
                pass
            assert reply["re"] == number and "ok" in reply


async def test_plain_who_sends_and_reads_nothing_costs_little_and_gets_all(
    server: QuickServer,
) -> None:
    """It is sent all that it says, too."""
    text = "z" * 20_000
    async with (
        connect(f"ws://{server.address}/ws", **SLOW) as neighbour,
        connect(f"ws://{server.address}/", **SLOW) as plain_one,
    ):
        await posted(neighbour, "hi")
        before = resident_bytes(server.pid)
        sent = await send_until_stuck(server, plain_one, repeat(text), MUCH // len(text))
        growth, delays = 0, []
        for _ in range(50):
            began = time.monotonic()
            await posted(neighbour, "hi")
            delays.append(time.monotonic() - began)
            growth = max(growth, resident_bytes(server.pid) - before)
        print(f"{sent} sent; grew by {growth / MIB:.1f} MiB, slowest {max(delays):.3f} s")
        assert sent < MUCH // len(text)  # it is listened to no more
        assert growth < MAX_GROWTH + JOURNAL
        assert usual(delays) < 2.0
        for _ in range(sent):
            while (got := await plain_one.recv()) == "hi":
                pass
            assert got == text


async def posted(socket: ClientConnection, text: str) -> None:
    await socket.send(json.dumps({"id": "post", "do": "post", "room": "lobby", "text": text}))
    assert "ok" in json.loads(await socket.recv())


async def send_until_stuck(
    server: QuickServer, socket: ClientConnection, frames: Iterator[str], at_most: int
) -> int:
    """Send and read nothing, until nothing more is taken and the server rests; returns how many went."""
    sent = 0

    async def send() -> None:
        nonlocal sent
        for frame in islice(frames, at_most):
            await socket.send(frame)
            sent += 1

    await until_stuck(send(), server.pid)
    return sent
