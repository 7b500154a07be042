"""Backs up a database while a server writes to it, and restores one that no server uses."""

import logging
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from hubbub.domain.aspects import RULES
from hubbub.server.process.disk import flush
from hubbub.server.stores import queries
from hubbub.server.stores.base import Progress, StoreFailed
from hubbub.server.stores.sqlite.file import FILE_NAME, connect, locked
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.schema import check_is_ours, empty_index, prepare
from hubbub.server.stores.sqlite.tables import put_room
from hubbub.server.stores.tables import RoomState

Q = queries.load("sqlite_tables")
RETAKING = queries.load("retaking")

PAGES_AT_ONCE = 1000

log = logging.getLogger(__name__)


def back_up(directory: Path, target: Path, progress: Progress) -> None:
    """Write a consistent copy of the rooms to a new file, which only its owner may read.

    Raises:
        StoreFailed: there is no database, or `target` exists or can't be written.
    """
    source = directory / FILE_NAME
    if not source.exists():
        raise StoreFailed(f"No database in {directory}")
    part = new_file(target)
    try:
        with closing(apsw.Connection(str(source), apsw.SQLITE_OPEN_READONLY)) as database:
            check_is_ours(source)
            database.execute("BEGIN")  # the copy leaves out whatever is written from now on
            database.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            _copy(database, part, progress)
        _check_whole(part)
        os.link(part, target)  # unlike a rename, this never replaces an existing file
        flush(target.parent)
    except (apsw.Error, OSError) as error:
        raise StoreFailed(f"Can't back up {source} to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def restore(directory: Path, copy: Path, new_epoch: str, progress: Progress) -> Path | None:
    """Restore a copy into a directory, with a new epoch, since its numbers may have been used elsewhere.

    Returns where the replaced database is kept, if there was one.

    Raises:
        StoreFailed: a server uses the directory, or the copy is not hubbub's, or damaged.
    """
    check_copy(copy)
    with locked(directory):
        try:
            return _replace(directory / FILE_NAME, copy, new_epoch, progress)
        except (apsw.Error, OSError) as error:
            raise StoreFailed(f"Can't restore {copy} to {directory}: {error}") from error


def _replace(file: Path, copy: Path, new_epoch: str, progress: Progress) -> Path | None:
    part = new_file(file)
    try:
        with closing(apsw.Connection(str(copy), apsw.SQLITE_OPEN_READONLY)) as database:
            _copy(database, part, progress)
        with closing(connect(part)) as database:
            database.execute(Q.mark_origin)
            database.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (new_epoch,))
            prepare(database, lambda: "")
            database.execute(Q.end_sessions)
            empty_index(database)  # it may have words that are to be deleted again
            if file.exists():
                _take_again(database, file)
        kept = _put_aside(file) if file.exists() else None
        part.rename(file)
        flush(file.parent)
    finally:
        part.unlink(missing_ok=True)
    return kept


def _take_again(database: apsw.Connection, present: Path) -> None:
    """Repeat what was deleted and taken away in the replaced database, as far as that can be read."""
    what = "what was deleted since the backup"
    try:
        database.execute("ATTACH ? AS present", (f"{present.absolute().as_uri()}?mode=ro",))
        with database:
            _delete_again(database)
        what = "which rights were taken since the backup"
        with database:
            for query in vars(RETAKING).values():
                database.execute(query.format(here="main.", there="present."))
    except apsw.Error as error:
        log.warning("Can't read from %s %s (%s); it is as it was then", present, what, error)
    else:
        database.execute("DETACH present")
        database.execute("VACUUM")


def _delete_again(database: apsw.Connection) -> None:
    database.execute(Q.count_replies, (-1,))
    for query in (
        *(Q.delete_again, Q.erase_all_changes, Q.erase_again),
        *(Q.untitle, Q.erase_titles),
    ):
        database.execute(query)
    database.execute(Q.count_replies, (1,))
    for table in RULES.erased:
        SqliteRecords(database).forget(table)
    trimmed: list[Any] = database.execute(Q.trimmed_since).fetchall()
    for row in trimmed:
        put_room(database, RoomState(*row))


def _copy(source: apsw.Connection, target: Path, progress: Progress) -> None:
    with closing(apsw.Connection(str(target))) as database:
        with database.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(PAGES_AT_ONCE)
                progress("pages copied", backup.page_count - backup.remaining, backup.page_count)
        # A single file without a write-ahead log, until a server opens it.
        database.execute("PRAGMA journal_mode = DELETE").fetchall()
    flush(target)


def _put_aside(file: Path) -> Path:
    """Rename a database, together with its write-ahead log."""
    kept = file.with_name(f"{file.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    for beside in ("", "-wal"):
        part = file.with_name(file.name + beside)
        if part.exists():
            part.rename(kept.with_name(kept.name + beside))
    file.with_name(f"{file.name}-shm").unlink(missing_ok=True)
    return kept


def check_copy(copy: Path) -> None:
    """Raise StoreFailed if a file is not hubbub's, or damaged."""
    if not copy.is_file():
        raise StoreFailed(f"No such file: {copy}")
    try:
        check_is_ours(copy)
        _check_whole(copy)
    except apsw.Error as error:
        raise StoreFailed(f"Can't read {copy}: {error}") from error


def _check_whole(file: Path) -> None:
    with closing(apsw.Connection(str(file), apsw.SQLITE_OPEN_READONLY)) as database:
        if (found := database.execute("PRAGMA integrity_check(1)").get) != "ok":
            raise StoreFailed(f"{file} is damaged: {found}")


def new_file(target: Path) -> Path:
    """Create an empty file beside a target, which only its owner may read."""
    if target.exists() and target.name != FILE_NAME:
        raise StoreFailed(f"{target} exists and will not be overwritten; choose another file")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreFailed(f"Can't write {part}: {error.strerror}") from error
    return part
