"""The contract of what keeps the bytes of files. It knows keys, and nothing of people, messages or rights."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class FilesFailed(Exception):
    """The bytes can't be kept or read now. The message says why, for operators."""


class StorageFull(FilesFailed):
    """There is no space left for them."""


class BeingWritten(Exception):
    """Another request or node is writing to this file just now."""


class Overtaken(Exception):
    """Another request or node has added to this file, or it was finished or deleted."""


class Appending(Protocol):
    """Adds to one unfinished file, as long as nobody else does."""

    @property
    def size(self) -> int:
        """How many bytes were there at the beginning, with those that were added."""

    async def add(self, data: bytes) -> None:
        """Add some bytes. Raises Overtaken, BeingWritten and FilesFailed; what was added before stays."""


class Files(Protocol):
    """Keeps files by key. A whole file never changes. Any method may raise `FilesFailed`."""

    async def begin(self, file: str, size: int) -> None:
        """Begin a file that will have so many bytes. Raises StorageFull if they would leave too little space."""

    async def held(self, file: str) -> int | None:
        """Return how much of an unfinished file is there, durably; None if there is no such file, or it is whole."""

    def appending(self, file: str) -> AbstractAsyncContextManager[Appending]:
        """Add to an unfinished file for the length of a block. At its end, however it ends, all of it is durable.

        Several may do so at once: whoever adds first goes on, the others are overtaken. Raises Overtaken, BeingWritten.
        """

    async def finish(self, file: str) -> tuple[bytes, str]:
        """Make a file whole, durably. Returns its first bytes, and its SHA-256 in hexadecimal digits.

        It may be done again after a crash. Raises Overtaken if the file is gone, and BeingWritten.
        """

    async def keep(self, thumbnail: str, data: bytes) -> None:
        """Keep a thumbnail of a whole file, or nothing in place of one that can't be made. It is read like a file, and goes with its own."""

    def reading(self, file: str, first: int, count: int) -> AsyncGenerator[bytes]:
        """Yield `count` bytes of a whole file from `first` on, in parts, each read once it is asked for."""

    async def size(self, file: str) -> int | None:
        """Return the size of a whole file; None if there is none."""

    async def delete(self, files: list[str]) -> None:
        """Delete files, whole or not, with their thumbnails. Those that are not there don't matter."""

    def all(self) -> AsyncIterator[list[str]]:
        """Yield the keys of all files, whole or not, in parts; also of those of which only thumbnails are there."""

    async def close(self) -> None:
        """Finish what is being done."""
