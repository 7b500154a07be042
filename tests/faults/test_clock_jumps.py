"""The wall clock of a running server jumps: only what expires by it cares."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.raw import TEXT, Raw, frame, opened
from tests.support.clocks import set_wrong
from tests.support.commands import hubbub
from tests.support.quick_server import QuickServer

SECRET = "correct horse battery staple, and one more"
HOUR = 3600
RATE = 5


class Site:
    """A server, and its wall clock."""

    def __init__(self, folder: Path) -> None:
        self.clock, secret = folder / "clock", folder / "secret"
        self.set_clock(0)
        secret.write_text(SECRET)
        flags = ("--message-rate", str(RATE), "--jwt-secret-file", str(secret))
        sabotage = f"wall_clock:{self.clock}"
        self.server = QuickServer(folder / "data", *flags, sabotage=sabotage)

    def set_clock(self, offset: float) -> None:
        """Let the server's wall clock be wrong by so many seconds."""
        set_wrong(self.clock, offset)

    async def token(self, name: str, *flags: str) -> str:
        """A token that the server gave out."""
        data = ("--data", self.server.data)
        return (await hubbub("token", "create", "--name", name, *data, *flags)).out.strip()

    async def person(self, stack: AsyncExitStack, **hello: str) -> "Person":
        """Someone who connects, and says hello."""
        socket = await stack.enter_async_context(connect(f"ws://{self.server.address}/ws"))
        person = Person(socket)
        person.welcome = await person.ask("hello", **hello)
        return person


class Person:
    """A native client, one command at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.welcome: dict[str, Any] = {}

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """The reply."""
        await self._socket.send(json.dumps({"id": 1, "do": do, **fields}))
        reply: dict[str, Any] = json.loads(await self._socket.recv())
        return reply

    async def post(self) -> dict[str, Any]:
        """The reply to a post."""
        return await self.ask("post", room="lobby", text="hi")

    async def close_code(self) -> int | None:
        """What it is closed with, which must be within some seconds."""
        async with asyncio.timeout(30):
            with pytest.raises(ConnectionClosed):
                await self._socket.recv()
        return self._socket.close_code


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_tokens_end_by_the_wall_clock_and_who_has_none_does_not_notice(site: Site) -> None:
    exp = time.time() + 3 * HOUR
    short = await site.token("short", "--expires-in", "1h")
    signed = jwt.encode({"sub": "7", "name": "ada", "exp": exp}, SECRET, "HS256")
    eternal_token = await site.token("eternal")
    async with site.server, AsyncExitStack() as stack:
        eternal = await site.person(stack, token=eternal_token)
        guest = await site.person(stack, name="grace")
        silent = await stack.enter_async_context(opened(site.server.port, "/echo"))
        leaving = [await site.person(stack, token=token) for token in (short, signed)]
        assert all("ok" in person.welcome for person in (eternal, guest, *leaving))
        site.set_clock(2 * HOUR)
        assert await leaving[0].close_code() == 4401
        assert (await leaving[1].post())["ok"]
        site.set_clock(24 * HOUR)
        assert await leaving[1].close_code() == 4401
        for token in (short, signed):
            late = await site.person(stack, token=token)
            assert late.welcome["error"]["code"] == "unauthenticated"
        site.set_clock(-24 * HOUR)
        for token in (short, signed):
            assert (await site.person(stack, token=token)).welcome["ok"]
        for stayed in (eternal, guest):
            assert (await stayed.post())["ok"]
        await nothing_but_its_echo(silent)


async def nothing_but_its_echo(silent: Raw) -> None:
    """No ping came, as it would if the silence were measured by the wall clock, and no close."""
    silent.send(frame(TEXT, b"still here"))
    assert (await silent.frame())[:2] == (TEXT, b"still here")


async def test_rates_go_by_a_clock_that_does_not_jump(site: Site) -> None:
    async with site.server, AsyncExitStack() as stack:
        hasty = await site.person(stack, name="ada")
        refused = await until_refused(hasty)
        site.set_clock(24 * HOUR)
        posted = 0
        while "ok" in (reply := await hasty.post()):
            posted += 1
        assert posted <= 2 and reply["error"]["code"] == "rate_limited"
        site.set_clock(-24 * HOUR)
        refused = await until_refused(hasty)
        assert refused["retry_after"] <= 1 / RATE
        await asyncio.sleep(refused["retry_after"])  # as one was told
        assert (await hasty.post())["ok"]


async def until_refused(hasty: Person) -> dict[str, Any]:
    while "ok" in (reply := await hasty.post()):
        pass
    error: dict[str, Any] = reply["error"]
    assert error["code"] == "rate_limited"
    return error
