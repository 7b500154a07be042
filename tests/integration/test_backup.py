"""A copy while the server writes, and a restore that everyone sees: no number means two things."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from tests.integration.native import native
from tests.support import commands
from tests.support.server import Server


async def hubbub(*arguments: str | Path) -> tuple[int, str]:
    """Run a command; returns its exit code and what it said."""
    ran = await commands.hubbub(*arguments)
    return ran.code, ran.out + ran.err


def files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def test_after_a_restore_old_positions_say_nothing_and_clients_take_a_snapshot(
    tmp_path: Path,
) -> None:
    data, copy = tmp_path / "data", tmp_path / "monday.db"
    async with Server(data) as server:
        async with native(server.port, "ada") as ada:
            for n in range(3):
                await ada.ask("post", room="lobby", text=str(n))
            assert (await hubbub("backup", copy, "--data", data))[0] == 0
            for n in range(3, 6):
                await ada.ask("post", room="lobby", text=str(n))
            before = await ada.ask("join", room="lobby")
        assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600
        code, said = await hubbub("restore", copy, "--data", data)
        assert (code, "in use by another hubbub" in said) == (1, True)
        await server.terminate()
        code, said = await hubbub("restore", copy, "--data", data)
        assert (code, "Kept the replaced data" in said) == (0, True)
        assert "All sessions have ended: everyone must log in again" in said
        await server.start()
        async with native(server.port, "ada") as ada:
            position = {"since": before["head"], "epoch": before["epoch"]}
            after = await ada.ask("join", room="lobby", **position)
            assert (after["mode"], after["head"]) == ("snapshot", 3)
            assert after["epoch"] != before["epoch"]
            assert [m["text"] for m in after["messages"]] == ["0", "1", "2"]
            assert (await ada.ask("post", room="lobby", text="new"))["seq"] == 4
    (kept,) = data.glob("hubbub.db.replaced-*Z")
    assert (await hubbub("restore", kept, "--data", tmp_path / "other"))[0] == 0
    async with Server(tmp_path / "other") as server, native(server.port, "ada") as ada:
        assert (await ada.ask("join", room="lobby"))["head"] == 6


async def test_a_copy_is_of_one_moment_although_others_write(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "busy.db"
    async with Server(data, "--message-rate", "0") as server, native(server.port, "ada") as ada:
        for _ in range(3000):  # some megabytes, so that copying takes a while
            await ada.send({"do": "post", "room": "lobby", "text": "x" * 2000})
        await ada.ask("post", room="lobby", text="first")
        copying = asyncio.create_task(hubbub("backup", copy, "--data", data))
        posted = 0
        while not copying.done():
            await ada.ask("post", room="kitchen", text=str(posted))
            posted += 1
        assert (await copying)[0] == 0
        assert posted > 10
    assert (await hubbub("restore", copy, "--data", tmp_path / "other"))[0] == 0
    async with Server(tmp_path / "other") as server, native(server.port, "ada") as ada:
        assert (await ada.ask("join", room="lobby"))["head"] == 3001
        assert (await ada.ask("join", room="kitchen"))["head"] <= posted


async def test_nothing_is_written_over_and_nothing_is_left_behind(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    assert (await hubbub("backup", copy, "--data", data))[0] == 1
    async with Server(data):
        pass
    copy.write_text("precious")
    code, said = await hubbub("backup", copy, "--data", data)
    assert (code, "will not be overwritten" in said, copy.read_text()) == (1, True, "precious")
    before = files(data)
    code, said = await hubbub("restore", copy, "--data", data)
    assert (code, "Traceback" in said) == (1, False)
    code, said = await hubbub("restore", tmp_path / "nothing", "--data", data)
    assert (code, "No such file" in said) == (1, True)
    assert files(data) == before
    assert files(tmp_path) == [copy, data]


@pytest.mark.parametrize("where", ["header", "page"])
async def test_a_damaged_database_is_noticed_at_the_start(tmp_path: Path, where: str) -> None:
    data = tmp_path / "data"
    async with Server(data) as server:
        async with native(server.port, "ada") as ada:
            for n in range(200):
                await ada.ask("post", room="lobby", text=f"{n}" * 100)
        await server.terminate()
    file = data / "hubbub.db"
    content = bytearray(file.read_bytes())
    at = 0 if where == "header" else len(content) // 2 // 4096 * 4096
    content[at : at + 64] = b"\xa5" * 64
    file.write_bytes(content)
    code, said = await hubbub("serve", "--port", "0", "--data", data)
    assert code == 1
    assert "hubbub restore FILE" in said
    assert "Traceback" not in said
    assert file.read_bytes() == content
