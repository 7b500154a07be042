"""The directory of files: nothing that was begun stays in it."""

import errno
from pathlib import Path

import pytest

from hubbub.protocol.files import thumbnail_of
from hubbub.server.files.base import StorageFull
from hubbub.server.files.directory import Directory

FILE = "0" * 24


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.rglob("*") if each.is_file())


async def test_a_thumbnail_without_space_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    files = Directory(tmp_path)
    files.path_of(FILE).parent.mkdir()
    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StorageFull):
        await files.keep(thumbnail_of(FILE, 360), b"small")
    assert names(tmp_path) == []
    await files.close()


async def test_what_a_killed_process_began_goes_with_its_file(tmp_path: Path) -> None:
    files = Directory(tmp_path)
    folder = files.path_of(FILE).parent
    folder.mkdir()
    (folder / f".{thumbnail_of(FILE, 360)}.0a1b2c3d").write_bytes(b"sma")
    assert [some async for some in files.all()] == [[FILE]]
    await files.delete([FILE])
    assert names(tmp_path) == []
    await files.close()
