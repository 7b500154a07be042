"""Disks that fail, put under SQLite before a server opens its database: a VFS each.

`insert("die_at_flush:7")`: the name of a disk, and what it needs to know.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import apsw

SLOW_FLUSH_SECONDS = 0.03

Disk = Callable[..., type[apsw.VFSFile]]
_disks: dict[str, Disk] = {}
_inserted: list[apsw.VFS] = []  # SQLite must find them as long as the process lives


def insert(order: str) -> None:
    """Let every database file that is opened from now on be on this disk."""
    name, *arguments = order.split(":")
    kind = _disks[name](*arguments)

    class Files(apsw.VFS):
        def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
            return kind("unix", name, flags)

        def xDelete(self, name: str, sync: bool) -> None:
            _images.pop(name, None)
            super().xDelete(name, sync)

    _inserted.append(Files(name, "unix", makedefault=True))


def disk(make: Disk) -> Disk:
    """Register what can be inserted."""
    _disks[make.__name__] = make
    return make


@disk
def die_at_flush(number: str) -> type[apsw.VFSFile]:
    """Kill the process inside the nth flush: odd ones before it is done, even ones after."""
    left = int(number)

    class Mortal(apsw.VFSFile):
        def xSync(self, flags: int) -> None:
            nonlocal left
            left -= 1
            if left == 0 and int(number) % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            super().xSync(flags)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return Mortal


@disk
def full_while(flag: str) -> type[apsw.VFSFile]:
    """As long as a file of that name exists, nothing can be written."""

    class Full(apsw.VFSFile):
        def xWrite(self, data: bytes, offset: int) -> None:
            if os.path.exists(flag):
                raise apsw.FullError("no space is left")
            super().xWrite(data, offset)

    return Full


@disk
def no_flush_while(flag: str) -> type[apsw.VFSFile]:
    """As long as a file of that name exists, every flush fails."""

    class Flushless(apsw.VFSFile):
        def xSync(self, flags: int) -> None:
            if os.path.exists(flag):
                raise apsw.IOError("the flush failed")
            super().xSync(flags)

    return Flushless


@disk
def troubled_by(folder: str) -> type[apsw.VFSFile]:
    """As long as a file of that name is in the folder: unreadable, full, broken, flushless, stuck or slow."""

    def is_now(trouble: str) -> bool:
        return os.path.exists(f"{folder}/{trouble}")

    def fail(**troubles: type[apsw.Error]) -> None:
        for trouble, error in troubles.items():
            if is_now(trouble):
                raise error(f"the disk is {trouble}")

    class Troubled(apsw.VFSFile):
        def xRead(self, amount: int, offset: int) -> bytes:
            fail(unreadable=apsw.IOError)
            return super().xRead(amount, offset)

        def xWrite(self, data: bytes, offset: int) -> None:
            fail(full=apsw.FullError, broken=apsw.IOError)
            super().xWrite(data, offset)

        def xSync(self, flags: int) -> None:
            fail(flushless=apsw.IOError)
            if is_now("slow"):
                time.sleep(SLOW_FLUSH_SECONDS)
            while is_now("stuck"):
                time.sleep(0.005)
            super().xSync(flags)

    return Troubled


class FailingDisk:
    """A disk for this process alone, not for all that opens a file; fails when it is told to.

    `failed` are the acts that did: `read`, `write` or `flush`.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._left: dict[str, int] = {}
        self._error: type[apsw.Error] = apsw.IOError
        self._files = _files_of(self)

    @property
    def name(self) -> str:
        """What a connection calls it by."""
        return self._files.name

    def fail(self, act: str, number: int, error: type[apsw.Error]) -> None:
        """The nth act from now on fails, and no other."""
        self._left, self._error = {act: number}, error

    def work(self) -> None:
        """Fail no more."""
        self._left = {}

    def try_to(self, act: str) -> None:
        """Raise if it is the one that fails."""
        self._left[act] = left = self._left.get(act, 0) - 1
        if left == 0:
            self.failed.append(act)
            raise self._error("the disk failed")


class _Files(apsw.VFS):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name, "unix")


def _files_of(disk: FailingDisk) -> _Files:
    class File(apsw.VFSFile):
        def xRead(self, amount: int, offset: int) -> bytes:
            disk.try_to("read")
            return super().xRead(amount, offset)

        def xWrite(self, data: bytes, offset: int) -> None:
            disk.try_to("write")
            super().xWrite(data, offset)

        def xSync(self, flags: int) -> None:
            disk.try_to("flush")
            super().xSync(flags)

    class Files(_Files):
        def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
            return File("unix", name, flags)

    return Files(f"failing {id(disk)}")


class Image:
    """A file as this process sees it, and what of it is not yet flushed."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        self.unflushed: list[Callable[[], None]] = []


_images: dict[str, Image] = {}


@disk
def volatile() -> type[apsw.VFSFile]:
    """What is not flushed is only in this process's memory: a kill is a power cut."""

    class Volatile(apsw.VFSFile):
        def __init__(self, vfs: str, name: Any, flags: list[int]) -> None:
            super().__init__(vfs, name, flags)
            path = name.filename() if isinstance(name, apsw.URIFilename) else name
            if path not in _images:
                _images[path] = Image(super().xRead(super().xFileSize(), 0))
            self._image = _images[path]

        def xRead(self, amount: int, offset: int) -> bytes:
            return bytes(self._image.content[offset : offset + amount])

        def xWrite(self, data: bytes, offset: int) -> None:
            content, write = self._image.content, super().xWrite
            data = bytes(data)
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
            self._image.unflushed.append(lambda: write(data, offset))

        def xTruncate(self, size: int) -> None:
            truncate = super().xTruncate
            del self._image.content[size:]
            self._image.unflushed.append(lambda: truncate(size))

        def xFileSize(self) -> int:
            return len(self._image.content)

        def xSync(self, flags: int) -> None:
            for act in self._image.unflushed:
                act()
            self._image.unflushed.clear()
            super().xSync(flags)

    return Volatile
