"""The directory of files: nothing that was begun stays in it."""

import asyncio
import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hubbub.protocol.files import thumbnail_of
from hubbub.server.files import directory
from hubbub.server.files.base import BeingWritten, Overtaken, StorageFull
from hubbub.server.files.directory import PARTS, READ_BYTES, READS, Directory

FILE = "0" * 24


@contextmanager
def locked_part(folder: Path) -> Iterator[None]:
    """Lock an unfinished file as another process does."""
    with (folder / "parts" / FILE).open() as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        yield


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


async def test_what_two_requests_finish_at_once_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, sound = Directory(tmp_path), Path.rename
    await files.begin(FILE, 3)
    async with files.appending(FILE) as part:
        await part.add(b"new")

    def rename(path: Path, target: Path) -> None:
        sound(path, target)  # the other one is a little faster
        sound(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    digest = hashlib.sha256(b"new").hexdigest()
    assert await files.finish(FILE) == (b"new", digest)
    assert await files.finish(FILE) == (b"new", digest)
    with pytest.raises(Overtaken):
        async with files.appending(FILE):
            pass
    assert await files.size(FILE) == 3
    await files.close()


async def test_of_two_nodes_that_add_to_one_file_the_first_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ATTEMPTS", 1)
    one, other = Directory(tmp_path), Directory(tmp_path)
    await one.begin(FILE, 6)
    async with one.appending(FILE) as late, other.appending(FILE) as first:
        await first.add(b"abc")
        with pytest.raises(Overtaken):
            await late.add(b"abc")
        with locked_part(tmp_path), pytest.raises(BeingWritten):
            await first.add(b"def")
    async with one.appending(FILE) as kept:
        await kept.add(b"def")
        await other.delete([FILE])
        with pytest.raises(Overtaken):  # what is written there would be nowhere
            await kept.add(b"ghi")
    await one.begin(FILE, 6)
    async with one.appending(FILE) as begun:
        await begun.add(b"abc")
    async with other.appending(FILE) as going_on:
        await going_on.add(b"def")
    digest = hashlib.sha256(b"abcdef").hexdigest()
    for files in (one, other):
        assert await files.finish(FILE) == (b"abcdef", digest)
        await files.close()


async def test_only_what_is_open_for_writing_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS takes no other locks."""
    sound = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        sound(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    files = Directory(tmp_path)
    await files.begin(FILE, 3)
    async with files.appending(FILE) as part:
        await part.add(b"new")
    digest = hashlib.sha256(b"new").hexdigest()
    assert [await files.finish(FILE) for _ in range(2)] == 2 * [(b"new", digest)]
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


async def test_a_disk_that_reads_nothing_more_keeps_no_upload_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, gate, sound, begun = Directory(tmp_path), threading.Event(), os.pread, []

    def pread(*given: int) -> bytes:
        begun.append(given)
        gate.wait()
        return sound(*given)

    async def whole() -> bytes:
        return b"".join([data async for data in files.reading(FILE, 0, READ_BYTES + 1)])

    files.path_of(FILE).parent.mkdir()
    files.path_of(FILE).write_bytes(bytes(READ_BYTES) + b"!")
    monkeypatch.setattr(os, "pread", pread)
    async with asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(whole()) for _ in range(20)]
        while len(begun) < READS:  # noqa: ASYNC110 - threads have no event
            await asyncio.sleep(0)
        await files.begin("1" * 24, 3)
        async with files.appending("1" * 24) as part:
            await part.add(b"new")
        assert (await files.held("1" * 24), len(begun)) == (3, READS)
        gate.set()
    assert {reader.result() for reader in readers} == {bytes(READ_BYTES) + b"!"}
    await files.close()


async def test_all_of_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, Path]] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(descriptor: int) -> None:
        done.append(("flush", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def noted_rename(path: Path, target: Path) -> None:
        done.append(("rename", target))
        rename(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    files, parts = Directory(tmp_path), tmp_path / PARTS
    await files.begin(FILE, 6)
    for data in (b"hea", b"d, "):
        async with files.appending(FILE) as part:
            await part.add(data)
    monkeypatch.delattr(hashlib, "file_digest")  # it was hashed on the way
    assert await files.finish(FILE) == (b"head, ", hashlib.sha256(b"head, ").hexdigest())
    whole = files.path_of(FILE)
    at = done.index(("rename", whole))
    assert (done[0], {*done[1:at]}) == (("flush", parts), {("flush", parts / FILE)})
    assert {*done[at + 1 :]} >= {("flush", folder) for folder in (whole.parent, parts, tmp_path)}
    await files.close()
