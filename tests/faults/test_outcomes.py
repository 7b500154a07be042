"""A post whose reply was lost is asked again with the same key: it is there once, and the answer is the first."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.support.checker import read_log
from tests.support.quick_server import QuickServer

SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))
FAST: dict[str, Any] = {"compression": None, "ping_interval": None, "close_timeout": 0.1}
NAMES = ["ada", ""]  # the nameless share one set of keys


class Answer(NamedTuple):
    """What a post was answered with."""

    seq: int
    at: str
    is_duplicate: bool


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QuickServer]:
    async with QuickServer(tmp_path / "data", "--message-rate", "0") as server:
        yield server


@pytest.mark.parametrize("name", NAMES)
async def test_the_first_answer_comes_again_over_any_door_and_after_a_restart(
    name: str, server: QuickServer
) -> None:
    first = await by_websocket(server, name, "key 1", "hello")
    assert not first.is_duplicate
    again = first._replace(is_duplicate=True)
    for _ in range(2):
        assert await by_websocket(server, name, "key 1", "hello") == again
        assert await over_http(server, name, "key 1", "hello") == again
        await server.kill()
        await server.start()
    second = await over_http(server, name, "key 2", "hello")
    assert second.seq == first.seq + 1 and not second.is_duplicate
    assert await by_websocket(server, name, "key 2", "hello") == second._replace(is_duplicate=True)


async def test_a_key_belongs_to_its_author_and_its_room(server: QuickServer) -> None:
    answers = [
        await over_http(server, "ada", "key", "hello"),
        await over_http(server, "grace", "key", "hello"),
        await over_http(server, "", "key", "hello"),
        await over_http(server, "ada", "key", "hello", room="kitchen"),
    ]
    assert [answer.is_duplicate for answer in answers] == [False] * 4
    assert [answer.seq for answer in answers] == [1, 2, 3, 1]


@pytest.mark.parametrize("name", NAMES)
async def test_posts_that_were_cut_off_at_any_moment_are_there_once(
    name: str, server: QuickServer
) -> None:
    print(f"TEST_SEED={SEED}")
    dice = random.Random(SEED)
    answers, keys, were_there = list[Answer](), list[str](), 0
    for patience in (1, 4, 16, 64):  # on a busy machine nothing is committed within 20 ms
        keys = [f"key {patience}/{n}" for n in range(60)]
        async with AsyncExitStack() as stack:
            opened = [connect(f"ws://{server.address}/ws", **FAST) for _ in keys]
            sockets = [await stack.enter_async_context(socket) for socket in opened]
            async with asyncio.TaskGroup() as tasks:
                for socket, key in zip(sockets, keys, strict=True):
                    after = patience * dice.uniform(0, 0.03)
                    tasks.create_task(cut_off(socket, name, key, after))
                tasks.create_task(restart(server, patience * dice.uniform(0.02, 0.04)))
        answers = [await over_http(server, name, key, key) for key in keys]
        if were_there := sum(answer.is_duplicate for answer in answers):
            break
    await server.kill()
    log = [json.loads(body) for body in read_log(server.data / "hubbub.db", "lobby")]
    newest = log[-len(keys) :]
    assert sorted(event["text"] for event in newest) == sorted(keys)
    by_text = {event["text"]: (event["seq"], event["at"]) for event in newest}
    assert by_text == {key: answer[:2] for key, answer in zip(keys, answers, strict=True)}
    print(f"{were_there} of {len(keys)} were there")
    assert were_there, "no cut came after a commit"


async def test_many_who_send_the_same_post_at_once_get_the_same_answer(server: QuickServer) -> None:
    answers = await asyncio.gather(
        *(over_http(server, "ada", "key", "hello") for _ in range(20)),
    )
    assert {answer.seq for answer in answers} == {1}
    assert len({answer.at for answer in answers}) == 1
    assert sum(not answer.is_duplicate for answer in answers) == 1


async def by_websocket(server: QuickServer, name: str, key: str, text: str) -> Answer:
    async with connect(f"ws://{server.address}/ws", **FAST) as socket:
        for command in commands(name, key, text):
            await socket.send(command)
        while (reply := json.loads(await socket.recv())).get("re") != "post":
            pass
    return answer_from(reply["ok"])


async def over_http(
    server: QuickServer, name: str, key: str, text: str, room: str = "lobby"
) -> Answer:
    url = f"http://{server.address}/api/v1/rooms/{room}/messages" + (
        f"?name={name}" if name else ""
    )
    headers = {"Idempotency-Key": key}
    if name:
        headers["Hubbub-Key"] = f"the secret of {name}"
    async with (
        ClientSession() as session,
        session.post(url, json={"text": text}, headers=headers) as response,
    ):
        assert response.status == 201, await response.text()
        return answer_from(await response.json())


async def cut_off(socket: ClientConnection, name: str, key: str, after: float) -> None:
    """Post some time later, and cut the connection a little after that."""
    with suppress(OSError, WebSocketException):
        await asyncio.sleep(after)
        for command in commands(name, key, key):
            await socket.send(command)
        await asyncio.sleep(after / 10)
        socket.transport.abort()


async def restart(server: QuickServer, after: float) -> None:
    await asyncio.sleep(after)
    await server.kill()
    await server.start()


def commands(name: str, key: str, text: str) -> list[str]:
    hello = {"id": "hello", "do": "hello", "name": name, "key": f"the secret of {name}"}
    post = {"id": "post", "do": "post", "room": "lobby", "text": text, "client_message_id": key}
    return [json.dumps(command) for command in ([hello, post] if name else [post])]


def answer_from(ok: dict[str, Any]) -> Answer:
    return Answer(ok["seq"], ok["at"], ok.get("duplicate", False))
