"""What a server writes down: enough to operate it, and nothing that is private."""

import json
import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.native import native
from tests.support import commands
from tests.support.server import Server

SECRET = "hunter2-hunter2-hunter2"


async def hubbub(*arguments: str) -> str:
    """Run a command; returns what it prints."""
    ran = await commands.hubbub(*arguments)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def audited(data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / "audit.log").read_text().splitlines()]


async def test_nothing_private_is_written_down(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = await hubbub("token", "create", "--name", "ci", "--data", str(data))
    async with Server(data, "--log-level", "debug", "--log-format", "json") as server:
        await use_every_door(server, token)
        await server.terminate()
    lines = [json.loads(line) for line in server.output if line.startswith("{")]
    assert {"connection opened", "connection closed", "refused"} <= {x["message"] for x in lines}
    assert all(line["at"].endswith("Z") and line["level"] for line in lines)
    written = "".join(server.output) + (data / "audit.log").read_text()
    assert SECRET not in written
    assert token not in written


async def use_every_door(server: Server, token: str) -> None:
    """Say the secret wherever one can, rightly and wrongly."""
    bearer = {"Authorization": f"Bearer {token}", "Hubbub-Key": SECRET}
    async with (
        aiohttp.ClientSession(server.url) as http,
        native(server.port, "ada", key=SECRET) as ada,
        native(server.port, token=token) as ci,
        http.ws_connect(f"/?name=plain&x={SECRET}") as plain,
    ):
        await ada.ask("post", room="lobby", text=SECRET)
        await ada.ask("signal", room="lobby", key=SECRET, value=SECRET)
        await ci.refused("edit", room="lobby", seq=1, text=SECRET)
        await ada.send(f'{{"do": "post", "room": "lobby", "text": {SECRET}}}')
        await plain.send_str(SECRET)
        for method, path, body in (
            ("POST", "messages", {"text": SECRET}),
            ("POST", "messages", {"text": 1, SECRET: SECRET}),
            ("GET", f"events?since=0&access_token={token}", None),
            ("GET", f"events?since={SECRET}&access_token={SECRET}", None),
            ("GET", f"{SECRET}?{SECRET}", None),
            ("POST", "signals", {"key": "k", "value": SECRET}),
        ):
            url = f"/api/v1/rooms/lobby/{path}"
            async with http.request(method, url, json=body, headers=bearer) as answer:
                await answer.read()


async def test_who_came_in_and_what_was_given_out_is_audited(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    token = await hubbub("token", "create", "--name", "ci", "--data", str(data))
    async with Server(data) as server:
        async with native(server.port, token=token) as ci:
            await hubbub("token", "revoke", "ci", "--data", str(data))
            assert await ci.closed() == 4401
        async with native(server.port) as guest:
            assert (await guest.refused("hello", token="hubbub_x"))["code"] == "unauthenticated"
        await hubbub("backup", str(copy), "--data", str(data))
        await server.terminate()
    await hubbub("restore", str(copy), "--data", str(data))
    lines = audited(data)
    assert [line["action"] for line in lines] == [
        *("token created", "started", "admitted", "token revoked", "disconnected", "refused"),
        *("backed up", "stopped", "restored"),
    ]
    created, entered = lines[0], lines[2]
    assert (created["who"], created["can"]) == ("ci", ["read", "post"])
    assert entered["owner"] == f"app/token/{created['token']}"
    assert entered["address"] == "127.0.0.1"
    assert stat.S_IMODE((data / "audit.log").stat().st_mode) == 0o600


async def test_a_log_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with Server(data) as server:
        (data / "audit.log").rename(data / "audit.log.1")
        async with native(server.port) as guest:
            await guest.refused("hello", token="hubbub_x")
        assert [line["action"] for line in audited(data)] == ["refused"]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_who_floods_does_not_fill_the_disk(tmp_path: Path, form: str) -> None:
    async with Server(tmp_path / "data", "--log-format", form) as server:
        async with aiohttp.ClientSession(server.url) as http:
            for _ in range(300):
                async with http.get("/nothing") as answer:
                    assert answer.status == 404
        await server.terminate()
    refusals = [line for line in server.output if "refused" in line]
    assert 0 < len(refusals) < 150
