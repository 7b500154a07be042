"""What a server keeps is its user's alone, whatever the umask is and whoever made the directory."""

import os
from functools import partial
from pathlib import Path

import pytest

from tests.integration.native import native
from tests.support import commands
from tests.support.server import Server

NO_UMASK = partial(os.umask, 0)


async def hubbub(*arguments: str | Path) -> str:
    """Run a command that keeps no bit from anyone; returns what it wrote to stdout."""
    ran = await commands.hubbub(*arguments, prepare=NO_UMASK)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def open_to_others(directory: Path) -> list[str]:
    """Whatever is in there, at any depth, that others could use."""
    return [str(path) for path in directory.rglob("*") if path.lstat().st_mode & 0o077]


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that everyone may read, made by somebody else."""
    place = tmp_path / "place"
    place.mkdir()
    place.chmod(0o755)
    return place


async def test_all_that_a_run_leaves_behind_is_private(place: Path) -> None:
    copy = place / "monday.db"
    await hubbub("token", "create", "--name", "ci", "--data", place)
    server = Server(place, prepare=NO_UMASK)
    async with server, native(server.port, "ada") as ada:
        await ada.ask("post", room="lobby", text="hello")
        await hubbub("backup", copy, "--data", place)
        (place / "audit.log").rename(place / "audit.log.1")
        await hubbub("token", "revoke", "ci", "--data", place)
        async with native(server.port) as guest:
            await guest.refused("hello", token="hubbub_x")  # which is written to a new log
        kept = {"hubbub.db", "hubbub.db-wal", "hubbub.db-shm", "lock", "audit.log", "monday.db"}
        assert kept <= names(place)
        assert open_to_others(place) == []
        await server.terminate()
    await hubbub("restore", copy, "--data", place)
    await hubbub("restore", copy, "--data", place / "new" / "data")
    await server.start()
    await server.terminate()
    assert any(name.startswith("hubbub.db.replaced-") for name in names(place))
    assert open_to_others(place) == []
    assert "Other users can read the data directory" in "".join(server.output)


@pytest.mark.parametrize(
    "mode, can", [(0o755, "read"), (0o730, "write to"), (0o777, "read and write to"), (0o711, "")]
)
async def test_a_directory_that_is_open_to_others_is_warned_of(
    place: Path, mode: int, can: str
) -> None:
    os.chmod(place, mode)
    async with Server(place) as server:
        await server.terminate()
    warned = f"Other users can {can} the data directory" in "".join(server.output)
    assert warned is bool(can)
    assert f"other users can {can} {place}" in await hubbub("doctor", "--data", place) or not can


async def test_files_that_others_could_read_are_taken_from_them_at_the_next_start(
    place: Path,
) -> None:
    async with Server(place) as server:
        await server.kill()  # so that the write-ahead log stays
    ours = {place / name for name in names(place)}
    for file in ours:
        os.chmod(file, 0o666)
    beside = place / "site.pem"
    beside.touch(0o644)
    elsewhere = place.parent / "elsewhere"
    elsewhere.touch(0o644)
    (place / "audit.log.9").symlink_to(elsewhere)
    said = await hubbub("doctor", "--data", place)
    assert all(f"other users can use {file}" in said for file in ours)
    ours &= {place / name for name in names(place)}  # a look has folded the write-ahead log
    await server.start()
    await server.terminate()
    assert all(f"{file} was open to other users" in "".join(server.output) for file in ours)
    assert set(open_to_others(place)) == {str(beside), str(place / "audit.log.9")}
    assert elsewhere.stat().st_mode & 0o777 == 0o644
