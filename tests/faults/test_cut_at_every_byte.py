"""A connection may be cut after any byte that a client sends: nothing of it is left behind."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import connect

from tests.abuse.doors import HANDSHAKE, JSON, head
from tests.integration.raw import TEXT, connected, frame
from tests.support.quick_server import QuickServer

ROOM = "/api/v1/rooms/lobby"
BODY = b'{"text": "hi"}'


def said(**command: Any) -> bytes:
    return frame(TEXT, json.dumps(command).encode())


TALKS: dict[str, bytes] = {
    "native": head("/ws", HANDSHAKE)
    + said(id=1, do="hello", name="ada", key="the secret of ada")
    + said(id=2, do="join", room="lobby", since=0)
    + said(id=3, do="post", room="lobby", text="hi")
    + said(id=4, do="signal", room="lobby", signal="typing"),
    "plain": head("/?room=lobby&name=ada", HANDSHAKE) + frame(TEXT, b"hi") * 3,
    "stream": head(f"{ROOM}/events?since=0&name=ada", ["Accept: text/event-stream"]),
    "long-poll": head(f"{ROOM}/events?wait=60"),
    "post": head(
        f"{ROOM}/messages", [JSON, f"Content-Length: {len(BODY)}"], line="POST {} HTTP/1.1"
    )
    + BODY,
}
LAST_WORDS = {"native": b'"re":4', "plain": b"\x02hi", "post": b'"seq"'}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QuickServer]:
    async with QuickServer(tmp_path, "--message-rate", "0") as server:
        yield server


@pytest.mark.parametrize("talk", TALKS)
async def test_nothing_is_left_of_a_talk_that_is_cut_at_any_byte(
    talk: str, server: QuickServer
) -> None:
    files = await until_all_are_gone(server)
    for count in range(len(TALKS[talk]) + 1):
        async with connected(server.port) as raw:
            raw.send(TALKS[talk][:count])
            if count % 2:  # it hears all, and then that there is no more; else perhaps nothing
                raw.writer.close()
                await raw.writer.wait_closed()
    if talk in LAST_WORDS:
        await until_all_are_gone(server)  # or a name may still be taken
        async with connected(server.port) as raw:
            raw.send(TALKS[talk])
            await raw.until(LAST_WORDS[talk])
    await until_all_are_gone(server, files)
    await someone_else_is_alone_and_served(server)


async def until_all_are_gone(server: QuickServer, at_most: int = 1000) -> int:
    """Wait until nobody is connected, follows, or is waited for; returns how many files are open."""
    async with asyncio.timeout(30), ClientSession() as session:
        while True:
            async with session.get(f"http://{server.address}/metrics") as response:
                figures = await response.text()
            gauges = re.findall(
                r"^hubbub_(?:connections|cursors|waiting|queued)\S* (\S+)$", figures, re.MULTILINE
            )
            assert len(gauges) > 5
            if set(gauges) == {"0.0"} and open_files(server) <= at_most:
                return open_files(server)


def open_files(server: QuickServer) -> int:
    return len(os.listdir(f"/proc/{server.pid}/fd"))


async def someone_else_is_alone_and_served(server: QuickServer) -> None:
    async with connect(f"ws://{server.address}/ws") as other:
        await other.send('{"id": 1, "do": "hello", "name": "ada", "key": "the key of another ada"}')
        assert json.loads(await other.recv())["ok"]["user"] == "ada"
        await other.send('{"id": 2, "do": "join", "room": "lobby"}')
        joined = json.loads(await other.recv())["ok"]
        assert (joined["members"]["count"], joined["members"]["names"]) == (1, ["ada"])
        await other.send('{"id": 3, "do": "post", "room": "lobby", "text": "hi"}')
        while (answer := json.loads(await other.recv())).get("re") != 3:
            pass
        assert answer["ok"]["seq"] > joined["head"]
