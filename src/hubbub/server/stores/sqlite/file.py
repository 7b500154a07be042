"""The file of the database: opening and checking it, and the lock by which one server at a time uses its directory."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import apsw

from hubbub import events
from hubbub.server.stores.base import Progress, StoreFailed, untold
from hubbub.server.stores.sqlite.schema import check_is_ours, prepare

WRITING = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
FILE_NAME = "hubbub.db"
CHECK_SECONDS = 2.0  # at start
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's virtual machine, which take some milliseconds
WAY_OUT = "Restore a backup: hubbub restore FILE"
BUSY_MS = 5000  # to wait for other processes, such as one that issues a token


def open_database(
    directory: Path,
    new_epoch: Callable[[], str] = lambda: token_hex(8),
    progress: Progress = untold,
) -> apsw.Connection:
    """Connect to the database, and create or upgrade it if need be. Raises StoreFailed and apsw.Error."""
    check_is_ours(directory / FILE_NAME)
    database = connect_in(directory)
    prepare(database, new_epoch, progress)
    return database


def meta(database: apsw.Connection) -> dict[str, str]:
    """Return the metadata."""
    rows: list[Any] = database.execute("SELECT name, value FROM meta").fetchall()
    return dict(rows)


def connect(file: Path, flags: int = WRITING) -> apsw.Connection:
    """Open a connection that erases deleted data from the file's pages."""
    database = apsw.Connection(str(file), flags)
    database.execute("PRAGMA secure_delete = ON").fetchall()
    database.create_scalar_function("erased", _erased, 1, deterministic=True)
    database.create_scalar_function("former", _former, 1, deterministic=True)
    return database


def _erased(*body: Any) -> bytes:
    return events.erased(*body)


def _former(*body: Any) -> bytes:
    return events.former(*body)


def connect_in(directory: Path, *pragmas: str) -> apsw.Connection:
    """Connect to the database of a directory, which other processes may use as well."""
    database = connect(directory / FILE_NAME)
    database.set_busy_timeout(BUSY_MS)
    for pragma in ("PRAGMA journal_mode = WAL", *pragmas):
        database.execute(pragma).fetchall()
    return database


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Lock a directory for this process during the block. Raises StoreFailed if another process holds it."""
    lock = lock_directory(directory)
    try:
        yield
    finally:
        os.close(lock)


def open_lock(directory: Path) -> int:
    """Open the file by which servers lock the directory, which is made if need be. Raises StoreFailed."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreFailed(f"Can't use the data directory {directory}: {error.strerror}") from error


def lock_directory(directory: Path) -> int:
    """Lock the directory for this process until it ends. Raises StoreFailed if another process holds it."""
    lock = open_lock(directory)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(lock, 20).decode(errors="replace").strip()
        os.close(lock)
        raise StoreFailed(
            f"The data directory {directory} is in use by another hubbub (process {owner}); "
            "stop it, or choose another directory with --data"
        ) from None
    os.truncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def check_soundness(file: Path) -> None:
    """Check the integrity of a database before use; of a large one, as much as time allows.

    Raises:
        StoreFailed: it is damaged.
    """
    until = time.monotonic() + CHECK_SECONDS
    with closing(apsw.Connection(str(file))) as database:
        database.set_progress_handler(lambda: time.monotonic() > until, STEPS_BETWEEN_LOOKS)
        try:
            found = database.execute("PRAGMA quick_check(1)").get
        except apsw.InterruptError:
            return  # sound so far
    if found != "ok":
        raise StoreFailed(f"{file} is damaged: {found}. {WAY_OUT}")
