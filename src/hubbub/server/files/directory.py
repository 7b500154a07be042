"""Files in a directory: one for each, written beside and renamed once it is whole. Nodes may share it."""

import asyncio
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from io import BufferedIOBase, FileIO
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from hubbub.doubling import doubled
from hubbub.protocol.files import HEAD_BYTES, THUMBNAIL_SIDES, is_file_key, thumbnail_of
from hubbub.server.files.base import BeingWritten, FilesFailed, Overtaken, StorageFull
from hubbub.server.process.disk import flush
from hubbub.server.process.handovers import closed, handed_over

T = TypeVar("T")

PARTS = "parts"  # the folder of unfinished files
FOLDER = 2  # characters of a key that name the folder of a whole file
READ_BYTES = 64 * 1024  # that are read at once
KEYS_AT_ONCE = 500
THREADS = 4
ATTEMPTS = 10  # to write to a file once nobody else does, in 4 s
READS = 3  # at once, for all downloads: fewer than threads, and so few that other connections take turns with them
RESERVE = 64 * 2**20  # bytes that stay free for what else is on the disk
HASHES = 256  # of unfinished files; others are read again at the end
_SIDES = {str(side) for side in THUMBNAIL_SIDES}
FULL = (errno.ENOSPC, errno.EDQUOT)


class Directory:
    """See the contract in `base`. What reads or writes runs in threads of its own."""

    def __init__(self, path: Path) -> None:
        """The directory is made once something is put there."""
        self._path = path
        self._parts = path / PARTS
        self._threads = ThreadPoolExecutor(THREADS, "hubbub-files")
        self._reads = asyncio.Semaphore(READS)
        self._hashes: OrderedDict[str, tuple[int, Any]] = OrderedDict()  # and of how many bytes

    def prepare(self) -> None:
        """Make the directory now. Raises FilesFailed if it can't be used."""
        with _failing():
            self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def begin(self, file: str, size: int) -> None:
        """See the contract."""
        await self.run(self._begin, file, size)

    def _begin(self, file: str, size: int) -> None:
        self.prepare()
        if shutil.disk_usage(self._path).free < size + RESERVE:
            raise StorageFull(f"Too little space for files in {self._path}")
        os.close(os.open(self._parts / file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        flush(self._parts)

    async def held(self, file: str) -> int | None:
        """See the contract."""
        return await self.run(_size, self._parts / file)

    async def size(self, file: str) -> int | None:
        """See the contract."""
        return await self.run(_size, self.path_of(file))

    @asynccontextmanager
    async def appending(self, file: str) -> AsyncIterator["Appender"]:
        """See the contract."""
        appender = await handed_over(self.run(Appender, self, file), closed)
        try:
            yield appender
        finally:
            await asyncio.shield(appender.end())

    async def finish(self, file: str) -> tuple[bytes, str]:
        """See the contract."""
        return await self.once_unlocked(self._finish, file)

    def _finish(self, file: str) -> tuple[bytes, str]:
        part, whole = self._parts / file, self.path_of(file)
        read, is_unfinished = _opened(part, whole)
        with read:
            if is_unfinished:
                self.make_durable(file, read.fileno())
            head = read.read(HEAD_BYTES)
            digest = self.take_hash(file, os.fstat(read.fileno()).st_size)
            if digest is None:
                read.seek(0)
                digest = hashlib.file_digest(read, "sha256")
        whole.parent.mkdir(exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):  # another request or process has done so
            part.rename(whole)
        for each in (whole.parent, self._parts, self._path):
            flush(each)
        return head, digest.hexdigest()

    async def keep(self, thumbnail: str, data: bytes) -> None:
        """See the contract."""
        await self.run(self._keep, thumbnail, data)

    def _keep(self, thumbnail: str, data: bytes) -> None:
        whole = self.path_of(thumbnail)
        part = whole.with_name(f".{thumbnail}.{secrets.token_hex(4)}")
        try:
            part.write_bytes(data)
            part.chmod(0o600)
            part.rename(whole)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    async def reading(self, file: str, first: int, count: int) -> AsyncGenerator[bytes]:
        """See the contract."""
        path = self.path_of(file)
        with await handed_over(self.run(lambda: path.open("rb", 0)), closed) as read:
            while count > 0:
                async with self._reads:
                    data = await self.run(_read, read, first, min(count, READ_BYTES))
                if not data:
                    raise FilesFailed(f"{path} is shorter than it was")
                yield data
                first, count = first + len(data), count - len(data)

    async def delete(self, files: list[str]) -> None:
        """See the contract."""
        await self.run(self._delete, files)

    def _delete(self, files: list[str]) -> None:
        for file in files:
            self._hashes.pop(file, None)
            whole = self.path_of(file)
            begun = whole.parent.glob(f".{file}.*")  # when the process was killed
            made = (self.path_of(thumbnail_of(file, side)) for side in THUMBNAIL_SIDES)
            for path in (self._parts / file, whole, *made, *begun):
                path.unlink(missing_ok=True)

    async def all(self) -> AsyncIterator[list[str]]:
        """See the contract."""
        for folder in await self.run(_folders, self._path):
            names = await self.run(_names, folder)
            for start in range(0, len(names), KEYS_AT_ONCE):
                yield names[start : start + KEYS_AT_ONCE]

    async def close(self) -> None:
        """See the contract."""
        await asyncio.to_thread(self._threads.shutdown)

    def path_of(self, file: str) -> Path:
        """Return where a whole file or a thumbnail is. Raises FilesFailed for what is no key."""
        if not is_file_key(_file_of(file)):
            raise FilesFailed("Not the key of a file")
        return self._path / file[:FOLDER] / file

    def open_part(self, file: str) -> FileIO:
        """Open an unfinished file to add to it. Raises Overtaken if it was finished or deleted."""
        try:
            return FileIO(os.open(self._parts / file, os.O_WRONLY | os.O_APPEND), "wb")
        except FileNotFoundError:
            raise Overtaken from None

    def make_durable(self, file: str, descriptor: int) -> None:
        """Flush an unfinished file. If that fails, nobody knows what is on the disk, and the file is given up. Raises BeingWritten."""
        with locked(descriptor):
            try:
                os.fsync(descriptor)
            except OSError:
                (self._parts / file).unlink(missing_ok=True)
                raise

    def take_hash(self, file: str, size: int) -> Any:
        """Return the hash of so many bytes of an unfinished file, and keep it no longer; None if it isn't known."""
        hashed, digest = self._hashes.pop(file, (0, hashlib.sha256()))
        return digest if hashed == size else None

    def keep_hash(self, file: str, size: int, digest: Any) -> None:
        """Remember the hash of what there is of an unfinished file."""
        if digest is not None:
            self._hashes[file] = size, digest
        while len(self._hashes) > HASHES:
            self._hashes.popitem(last=False)

    async def once_unlocked(self, act: Callable[..., T], *args: Any) -> T:
        """Call what locks a file in a thread, again and again until nobody else has locked it. Raises BeingWritten, FilesFailed."""
        for tries in range(ATTEMPTS):
            try:
                return await self.run(act, *args)
            except BeingWritten:
                await asyncio.sleep(doubled(0.01, tries, 1.0))
        raise BeingWritten

    async def run(self, act: Callable[..., T], *args: Any) -> T:
        """Call something in a thread. Raises FilesFailed."""
        with _failing():
            return await asyncio.get_running_loop().run_in_executor(self._threads, act, *args)


class Appender:
    """Adds to an unfinished file. See the contract in `base`.

    It locks the file only while it writes, so somebody else can go on if nothing more comes here, and the system frees the lock of a
    process that dies.
    """

    def __init__(self, directory: Directory, file: str) -> None:
        self._directory = directory
        self._file = file
        self._part = directory.open_part(file)
        self._busy = Lock()  # a thread goes on even if nobody waits for it any more
        self.size = os.fstat(self._part.fileno()).st_size

    async def add(self, data: bytes) -> None:
        """See the contract."""
        await self._directory.once_unlocked(self._add, data)

    def _add(self, data: bytes) -> None:
        with self._busy, locked(self._part.fileno()) as found:
            if found.st_size != self.size or not found.st_nlink:
                raise Overtaken
            digest = self._directory.take_hash(self._file, self.size)
            view = memoryview(data)
            try:
                while view:
                    written = os.write(self._part.fileno(), view)
                    if digest is not None:
                        digest.update(view[:written])
                    self.size += written
                    view = view[written:]
            finally:
                self._directory.keep_hash(self._file, self.size, digest)

    async def end(self) -> None:
        """Make what was added durable, and close the file. Raises BeingWritten, FilesFailed."""
        try:
            await self._directory.once_unlocked(self._flush)
        finally:
            await self._directory.run(self.close)

    def _flush(self) -> None:
        with self._busy:
            self._directory.make_durable(self._file, self._part.fileno())

    def close(self) -> None:
        """Close the file. A thread that still waits then fails, rather than write to another file with the same descriptor."""
        with self._busy:
            self._part.close()


@contextmanager
def locked(descriptor: int) -> Iterator[os.stat_result]:
    """Lock a file, for this process and all others, and yield what it is then. Raises BeingWritten.

    It must be open for writing: over NFS, no other can be locked.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BeingWritten from None
    try:
        yield os.fstat(descriptor)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def _failing() -> Iterator[None]:
    """Raise FilesFailed in place of what the operating system says."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise FilesFailed(f"A file is gone: {error.filename}") from error
        kind = StorageFull if error.errno in FULL else FilesFailed
        raise kind(f"Files can't be kept or read: {error}") from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _opened(part: Path, whole: Path) -> tuple[BufferedIOBase, bool]:
    """Open a file, and say whether it is unfinished. Raises Overtaken if it is gone."""
    with suppress(FileNotFoundError):
        return part.open("r+b"), True
    with suppress(FileNotFoundError):
        return whole.open("rb"), False
    raise Overtaken


def _read(read: FileIO, first: int, count: int) -> bytes:
    return os.pread(read.fileno(), count, first)  # fails if it was closed meanwhile


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _folders(path: Path) -> list[Path]:
    if not path.exists():
        return []
    return [Path(each.path) for each in os.scandir(path) if each.is_dir()]


def _names(folder: Path) -> list[str]:
    return sorted({file for each in os.scandir(folder) if is_file_key(file := _file_of(each.name))})


def _file_of(name: str) -> str:
    """Return the key of a file, whether this is that, or one of its thumbnails, or the beginning of one."""
    file, _, side = name.removeprefix(".").partition(".")
    return file if not side or side in _SIDES or name.startswith(".") else ""
