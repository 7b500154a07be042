"""Records every write and flush of a database, and makes the files that a power cut could leave.

A cut keeps what was flushed; of each later write it keeps all, nothing, or some sectors.
"""

import random
from pathlib import Path
from typing import Any, NamedTuple

import apsw

SECTOR = 512  # bytes that a disk writes whole


class Write(NamedTuple):
    """Bytes that were put somewhere; without bytes the file ends there."""

    file: str
    offset: int
    content: bytes | None


class Flush(NamedTuple):
    """All that was written to a file before is safe."""

    file: str


class Recording:
    """A VFS, by its `name`, for one connection at a time: `trace` is what it did to the files of `directory`."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.base = {p.name: p.read_bytes() for p in directory.glob("hubbub.db*")}
        self.trace: list[Write | Flush] = []
        trace = self.trace

        class File(apsw.VFSFile):
            def __init__(self, vfs: str, name: Any, flags: list[int]) -> None:
                super().__init__(vfs, name, flags)
                path = name.filename() if isinstance(name, apsw.URIFilename) else name
                self._file = Path(path).name

            def xWrite(self, data: bytes, offset: int) -> None:
                trace.append(Write(self._file, offset, bytes(data)))
                super().xWrite(data, offset)

            def xTruncate(self, size: int) -> None:
                trace.append(Write(self._file, size, None))
                super().xTruncate(size)

            def xSync(self, flags: int) -> None:
                super().xSync(flags)
                trace.append(Flush(self._file))

        class Files(apsw.VFS):
            def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
                return File("unix", name, flags)

        self._vfs = Files(name, "unix")

    def cut(self, moment: int, directory: Path, dice: random.Random) -> None:
        """Leave in `directory` what a cut after so many steps might leave."""
        flushed = {step.file: at for at, step in enumerate(self.trace[:moment]) if _is_flush(step)}
        keep = dice.choice((0.0, 0.5, 1.0))
        files = {name: bytearray(content) for name, content in self.base.items()}
        for at, step in enumerate(self.trace[:moment]):
            if isinstance(step, Write):
                content = files.setdefault(step.file, bytearray())
                if at < flushed.get(step.file, -1):
                    _apply(content, step)
                else:
                    _apply_some(content, step, keep, dice)
        for old in directory.glob("hubbub.db*"):
            old.unlink()
        for name, content in files.items():
            (directory / name).write_bytes(content)


def _is_flush(step: Write | Flush) -> bool:
    return isinstance(step, Flush)


def _apply(content: bytearray, write: Write) -> None:
    if write.content is None:
        del content[write.offset :]
        return
    content.extend(bytes(max(0, write.offset - len(content))))
    content[write.offset : write.offset + len(write.content)] = write.content


def _apply_some(content: bytearray, write: Write, keep: float, dice: random.Random) -> None:
    """Apply each sector of it, or don't: so later writes may be there and earlier ones not."""
    if write.content is None:
        if dice.random() < keep:
            _apply(content, write)
        return
    start, end = 0, len(write.content)
    while start < end:
        upto = min(end, start + SECTOR - (write.offset + start) % SECTOR)
        if dice.random() < keep:
            part = Write(write.file, write.offset + start, write.content[start:upto])
            _apply(content, part)
        start = upto
