"""Connections and sessions that are opened and held, without a token: from one address, and from many."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import hubbub
from hubbub.server.people.places import REQUESTS_OF_A_SESSION
from tests.abuse.doors import HANDSHAKE, SESSIONS, head, session
from tests.integration.raw import TEXT, Raw, Response, connected, frame
from tests.integration.test_session_owners import issued
from tests.support.server import Server

EVENTS = "/api/v1/rooms/lobby/events"
# What holds a place for as long as it is open.
HOLDING = {
    "/": HANDSHAKE,
    "/ws": HANDSHAKE,
    "/echo": HANDSHAKE,
    "/socket.io/?EIO=4&transport=websocket": HANDSHAKE,
    "/sockjs/websocket": HANDSHAKE,
    "/sockjs/000/held/websocket": HANDSHAKE,
    "/sockjs-plain/000/held/eventsource": (),
    EVENTS: ("Accept: text/event-stream",),
}
FLAGS = ("--guests", "on", "--echo", "--trusted-proxy", "127.0.0.1")
ALWAYS = ("/healthz", "/readyz")


def at(address: str) -> str:
    return f"X-Forwarded-For: {address}"


async def ask(raw: Raw, target: str, *headers: str) -> Response:
    raw.send(head(target, headers))
    return await raw.response()


async def status(server: Server, target: str, *headers: str) -> int:
    async with connected(server.port) as raw:
        return (await ask(raw, target, *headers)).status


@pytest.mark.parametrize("door", [*HOLDING, *SESSIONS])
async def test_one_address_without_a_token_can_not_take_everyones_room(
    tmp_path: Path, door: str
) -> None:
    token = await issued(tmp_path / "data", "ada")
    bearer = f"Authorization: Bearer {token}"
    async with (
        Server(tmp_path / "data", *FLAGS, "--max-per-address", "3") as server,
        AsyncExitStack() as crowd,
    ):

        async def hold(address: str) -> int:
            raw = await crowd.enter_async_context(connected(server.port))
            if door in SESSIONS:
                try:
                    await session(raw, door, [at(address)])
                except AssertionError:
                    return 503
                return 200
            target = door.replace("held", address.replace(".", "-") + str(id(raw)))
            return (await ask(raw, target, *HOLDING[door], at(address))).status

        assert {await hold("203.0.113.7") for _ in range(3)} <= {101, 200}
        assert await hold("203.0.113.7") == 503
        async with connected(server.port) as raw:
            refused = await ask(raw, "/api/v1/rooms", at("203.0.113.7"))
            problem = json.loads(refused.body)
            assert (refused.status, problem["code"]) == (503, "unavailable")
            assert "--max-per-address" in problem["hint"] and refused.headers["retry-after"]
        assert await status(server, "/api/v1/rooms", at("203.0.113.7"), bearer) == 200
        assert await hold("203.0.113.8") in {101, 200}
        for target in ALWAYS:
            assert await status(server, target, at("203.0.113.7")) == 200


async def test_strangers_from_many_addresses_leave_room_for_tokens(tmp_path: Path) -> None:
    token = await issued(tmp_path / "data", "ada")
    async with (
        Server(tmp_path / "data", *FLAGS, "--max-anonymous", "5") as server,
        AsyncExitStack() as crowd,
    ):
        for number in range(5):
            raw = await crowd.enter_async_context(connected(server.port))
            assert (await ask(raw, "/ws", *HANDSHAKE, at(f"203.0.113.{number}"))).status == 101
        assert await status(server, "/ws", *HANDSHAKE, at("203.0.113.9")) == 503
        for given, expected in ((token, 101), ("wrong", 401)):
            bearer = f"Authorization: Bearer {given}"
            found = await status(server, "/ws", *HANDSHAKE, at("203.0.113.9"), bearer)
            assert found == expected


async def test_the_sdk_comes_in_with_a_token_when_strangers_take_all_places(tmp_path: Path) -> None:
    token = await issued(tmp_path / "data", "ada")
    async with (
        Server(tmp_path / "data", *FLAGS, "--max-anonymous", "1", "--message-rate", "1") as server,
        connected(server.port) as stranger,
    ):
        assert (await ask(stranger, "/ws", *HANDSHAKE, at("203.0.113.7"))).status == 101
        grace = hubbub.connect(server.url, name="grace")
        statuses = grace.statuses()
        opening = asyncio.create_task(grace.open())
        assert "503" in (await anext(status.reason async for status in statuses if status.reason))
        opening.cancel()
        await asyncio.wait({opening})
        async with hubbub.connect(server.url, token=token) as ada:
            assert (await (await ada.join("lobby")).post("hi")).seq == 1


async def test_an_office_behind_one_address_is_not_one_person(tmp_path: Path) -> None:
    """Also where the token comes in a message, since browsers can't send headers."""
    names = [f"person-{number}" for number in range(4)]
    tokens = [await issued(tmp_path / "data", name) for name in names]
    async with (
        Server(
            tmp_path / "data", *FLAGS, "--max-per-address", "1", "--max-per-principal", "2"
        ) as server,
        AsyncExitStack() as crowd,
    ):

        async def come(token: str) -> str:
            raw = await crowd.enter_async_context(connected(server.port))
            assert (await ask(raw, "/ws", *HANDSHAKE, at("203.0.113.7"))).status == 101
            raw.send(frame_of({"id": 1, "do": "hello", "token": token}))
            return (await raw.frame()).payload.decode()

        for token in tokens:
            assert '"ok"' in await come(token)
        assert '"ok"' in await come(tokens[0])
        assert '"unavailable"' in await come(tokens[0])


async def test_a_session_goes_on_when_strangers_take_all_places(tmp_path: Path) -> None:
    """Its requests need not carry the token: Socket.IO's clients say it once, in a message."""
    async with (
        Server(tmp_path / "data", *FLAGS, "--max-anonymous", "5") as server,
        AsyncExitStack() as crowd,
    ):
        own = await crowd.enter_async_context(connected(server.port))
        targets = [await session(own, door) for door in SESSIONS]
        for _ in range(5 - len(targets)):
            raw = await crowd.enter_async_context(connected(server.port))
            await ask(raw, "/ws", *HANDSHAKE)
        assert await status(server, "/ws", *HANDSHAKE) == 503
        for target in targets:
            body = b"40" if "socket.io" in target else b'["{}"]'
            own.send(post(target, len(body)) + body)
            assert (await own.response()).status in (200, 204), target


@pytest.mark.parametrize("held", ["websocket", "slow body"])
async def test_one_session_does_not_open_the_door_to_a_crowd(tmp_path: Path, held: str) -> None:
    async with (
        Server(tmp_path / "data", *FLAGS, "--max-anonymous", "5") as server,
        AsyncExitStack() as crowd,
    ):
        opener = await crowd.enter_async_context(connected(server.port))
        target = await session(opener, "GET /socket.io/?EIO=4&transport=polling")
        for _ in range(5 + REQUESTS_OF_A_SESSION):
            raw = await crowd.enter_async_context(connected(server.port))
            if held == "websocket":
                answer = await ask(raw, target.replace("polling", "websocket"), *HANDSHAKE)
                if answer.status == 503:
                    break
            else:
                raw.send(post(target, 9) + b"4")
        assert await status(server, "/api/v1/rooms") == 503


def post(target: str, length: int) -> bytes:
    return head(target, [f"Content-Length: {length}"], line="POST {} HTTP/1.1")


def frame_of(command: dict[str, object]) -> bytes:
    return frame(TEXT, json.dumps(command).encode())


@pytest.mark.parametrize("door", ["/ws", "silent", "/healthz"])
async def test_whatever_is_held_open_health_gets_through(tmp_path: Path, door: str) -> None:
    most = 10
    async with (
        Server(tmp_path / "data", "--max-connections", str(most)) as server,
        AsyncExitStack() as crowd,
    ):
        for _ in range(5 * most):
            raw = await crowd.enter_async_context(connected(server.port))
            if door == "/ws":
                await ask(raw, door, *HANDSHAKE)
            elif door == "/healthz":
                await ask(raw, door)
        for target in (*ALWAYS, "/metrics"):
            assert await status(server, target) == 200
        expected = 503 if door == "/ws" else 200  # who only waits makes way
        assert await status(server, "/api/v1/rooms") == expected
