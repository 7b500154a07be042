"""Who is too fast: refused with when to come back, then shown out; plain clients are slowed instead."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect

from hubbub.domain.access import RoomKind
from hubbub.domain.principals import GUEST_SCOPES, Role
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.native import Json, Native, native
from tests.integration.raw import connected
from tests.support.paths import filled
from tests.support.server import Server

PER_SECOND, BURST = 5, 10
HURRY = 60  # less than what one is shown out for


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    data = tmp_path_factory.mktemp("rates") / "data"
    async with Server(data, "--message-rate", str(PER_SECOND)) as server:
        yield server


def is_rate_limited(error: Json) -> bool:
    assert error["code"] == "rate_limited"
    assert error["temporary"] is True
    assert 0 < error["retry_after"] <= 1 / PER_SECOND
    return True


async def test_the_limit_is_in_hello(server: Server) -> None:
    async with native(server.port) as client:
        assert (await client.ask("hello"))["limits"]["messages_per_s"] == PER_SECOND


async def hurried(client: Native, do: str, **fields: Any) -> tuple[int, Json]:
    """Say something so often at once that the last of it comes too soon, however slow the machine is.

    Returns how often that was taken, and the last refusal.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    for n in range(HURRY):
        await client.send({"id": n, "do": do, **fields})
    replies = sorted([await client.reply() for _ in range(HURRY)], key=lambda reply: reply["re"])
    accepted = [reply["re"] for reply in replies if "ok" in reply]
    refused = [reply["error"] for reply in replies if "error" in reply]
    assert accepted[:BURST] == list(range(BURST))
    assert len(accepted) <= BURST + (loop.time() - began) * PER_SECOND + 1
    assert all(map(is_rate_limited, refused))
    return len(accepted), refused[-1]


async def test_beyond_a_burst_each_command_is_refused_with_when_to_come_back(
    server: Server, room: str
) -> None:
    async with native(server.port, "ada") as client:
        await hurried(client, "post", room=room, text="hi")


async def test_a_client_that_waits_as_told_gets_in(server: Server, room: str) -> None:
    async with native(server.port, "grace") as client:
        taken, error = await hurried(client, "post", room=room, text="too fast")
        await asyncio.sleep(error["retry_after"] + 0.01)  # as the server asks
        assert (await client.ask("post", room=room, text="in time"))["seq"] == taken + 1


async def test_one_persons_haste_is_not_anothers(server: Server, room: str) -> None:
    async with native(server.port, "hasty") as hasty, native(server.port, "calm") as calm:
        taken, _ = await hurried(hasty, "post", room=room, text="x")
        assert (await calm.ask("post", room=room, text="x"))["seq"] == taken + 1


async def test_signals_count_too(server: Server, room: str) -> None:
    async with native(server.port, "signaller") as client:
        await hurried(client, "signal", room=room, key="k", value=0)


async def test_who_goes_on_and_on_is_shown_out(server: Server, room: str) -> None:
    async with native(server.port, "flood") as client:
        for n in range(BURST + 150):
            await client.send({"id": n, "do": "post", "room": room, "text": str(n)})
        assert await client.closed() == 4429
        refused = [reply for reply in client.replies if "error" in reply]
        assert 100 <= len(refused) <= 102
        assert all(is_rate_limited(reply["error"]) for reply in refused)


async def test_over_http_the_header_says_when_to_come_back(server: Server, room: str) -> None:
    url = f"{server.url}/api/v1/rooms/{room}/messages?name=curl"
    loop, accepted = asyncio.get_running_loop(), 0
    async with aiohttp.ClientSession() as http:
        began = loop.time()
        while True:
            async with http.post(url, json={"text": "hi"}) as response:
                answer = await response.json(content_type=None)
                if response.status == 429:
                    break
                assert response.status == 201
            accepted += 1
            assert accepted <= BURST + (loop.time() - began) * PER_SECOND + 1
    assert accepted >= BURST
    assert response.headers["Retry-After"] == "1"
    assert response.content_type == "application/problem+json"
    assert is_rate_limited(answer)


async def test_a_plain_client_is_slowed_and_nothing_is_lost(server: Server, room: str) -> None:
    loop = asyncio.get_running_loop()
    texts = [str(n) for n in range(BURST + 5)]
    async with connect(f"ws://127.0.0.1:{server.port}/?room={room}&name=plain") as client:
        began = loop.time()
        for text in texts:
            await client.send(text)
        async with asyncio.timeout(30):
            assert [await client.recv() for _ in texts] == texts
        assert loop.time() - began > 0.8 * 5 / PER_SECOND
        assert client.close_code is None


BYTE_RATE = 10_000


def is_for_guests(operation: HttpOperation[Any]) -> bool:
    """Whether guests may do it, so that their bodies are read."""
    return operation.needs.is_given(Role.GUEST, GUEST_SCOPES, RoomKind.FREE)


@pytest.mark.parametrize(
    "operation",
    [o for o in operations_of(ROUTES) if o.body is not None and is_for_guests(o)],
    ids=lambda o: o.name,
)
async def test_who_sends_too_many_bytes_is_refused_before_they_are_read(
    tmp_path: Path, operation: HttpOperation[Any]
) -> None:
    assert operation.body is not None
    async with Server(tmp_path / "data", "--byte-rate", str(BYTE_RATE)) as server:
        path = filled(operation.path, room="lobby", seq=1)
        line = f"{operation.method} {path}?name=ada HTTP/1.1"
        headers = {
            "Host": "localhost",
            "Content-Type": operation.body.content_type,
            "Content-Length": "60000",
        }
        answers = []
        for body in (b" " * 60_000, b" " * 60_000, b""):
            async with connected(server.port) as raw:
                raw.send_request(line, headers)
                raw.send(body)
                answers.append(await raw.response())
    assert [answer.status for answer in answers] == [400, 400, 429]
    assert int(answers[-1].headers["retry-after"]) <= 60_000 / BYTE_RATE


# Doors without a form for a refusal: how to open each, and what a text looks like there.
SLOWED: dict[str, tuple[str, str, str]] = {
    "plain": ("/?name=plain&room=plain", "", "{}"),
    "sockjs": ("/sockjs-plain/websocket?name=sockjs", "", "{}"),
    "socket.io": ("/socket.io/?EIO=4&transport=websocket&name=sio", "40", '42["message","{}"]'),
}
REFUSED = ["/ws?name=native", "/sockjs/websocket?name=raw"]


@pytest.fixture(scope="module")
async def narrow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that takes 100,000 bytes per second, and twice as many at once."""
    data = tmp_path_factory.mktemp("narrow") / "data"
    async with Server(data, "--byte-rate", "100000") as server:
        yield server


@pytest.mark.parametrize("door", SLOWED)
async def test_who_sends_too_many_bytes_is_slowed_down(narrow: Server, door: str) -> None:
    path, opening, form = SLOWED[door]
    loop, text = asyncio.get_running_loop(), "x" * 50_000
    async with (
        asyncio.timeout(30),
        connect(f"ws://127.0.0.1:{narrow.port}{path}") as client,
    ):
        if opening:
            await client.send(opening)
        begin = loop.time()
        for _ in range(7):
            await client.send(form.replace("{}", text))
        found = 0
        while found < 7:
            found += text in str(await client.recv())
        assert loop.time() - begin > 0.8


@pytest.mark.parametrize("path", REFUSED)
async def test_who_sends_too_many_bytes_in_commands_is_told_so(narrow: Server, path: str) -> None:
    post = json.dumps({"id": 7, "do": "post", "room": "told", "text": "x" * 50_000})
    async with (
        asyncio.timeout(30),
        connect(f"ws://127.0.0.1:{narrow.port}{path}") as client,
    ):
        codes: list[str] = []
        while "rate_limited" not in codes:
            await client.send(post)
            codes.append(json.loads(await client.recv()).get("error", {}).get("code", "taken"))
        assert codes[:3] == ["taken"] * 3
