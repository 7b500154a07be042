"""The files that people upload, beside backups: they are linked where that is possible, since a whole file never changes, or else copied."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from hubbub.domain.files import FILE_USE
from hubbub.server.files.directory import Directory, digest_of
from hubbub.server.stores.tables import Tables

BESIDE = ".files"  # after the name of a backup: the folder with its files
KEYS = "SELECT file FROM file_use UNION SELECT file FROM file WHERE is_whole"


class TakenAlong(NamedTuple):
    """How many files were taken along, and how many bytes are in them; and how many are not there."""

    files: int = 0
    size: int = 0
    missing: int = 0

    @property
    def told(self) -> str:
        """The same for people; empty if there were none."""
        found = f"{self.files:,} files, {self.size:,} bytes" if self.files else ""
        lost = f"{self.missing:,} files are missing" if self.missing else ""
        return "; ".join(filter(None, (found, lost)))


def beside(backup: Path) -> Path:
    """Return the folder with the files of a backup."""
    return backup.with_name(backup.name + BESIDE)


def save(files: Path, backup: Path) -> TakenAlong:
    """Put the files that a new backup names beside it. Raises OSError, FilesFailed."""
    return _take(Directory(files), Directory(beside(backup)), _keys_in(backup))


def bring_back(backup: Path, files: Path) -> TakenAlong:
    """Put the files of a backup back, as far as they are not there. Raises OSError, FilesFailed."""
    return _take(Directory(beside(backup)), Directory(files), _keys_in(backup))


async def faults(tables: Tables, files: Path) -> tuple[int, list[str]]:
    """Return how many files messages show, and what is wrong with any of them. Reads all of them."""
    directory, found = Directory(files), []
    uses = await tables.records(FILE_USE)
    for use in uses:
        path = directory.path_of(use.file)
        what = f"the file {use.file} of message {use.seq} in {use.room}"
        if not path.is_file():
            found.append(f"{what} is missing")
        elif digest_of(path) != use.digest:
            found.append(f"{what} is damaged")
    return len(uses), found


def _take(source: Directory, target: Directory, keys: Iterator[str]) -> TakenAlong:
    moved = TakenAlong()
    for key in keys:
        here, there = source.path_of(key), target.path_of(key)
        if here.is_file():
            if not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                _link(here, there)
            moved = moved._replace(files=moved.files + 1, size=moved.size + here.stat().st_size)
        elif not there.is_file():
            moved = moved._replace(missing=moved.missing + 1)
    if moved.files:
        os.sync()
    return moved


def _link(here: Path, there: Path) -> None:
    try:
        os.link(here, there)
    except OSError:  # on another disk, or where there are no links
        part = there.with_name(f".{there.name}.part")
        shutil.copyfile(here, part)
        part.rename(there)


def _keys_in(backup: Path) -> Iterator[str]:
    with closing(apsw.Connection(str(backup), apsw.SQLITE_OPEN_READONLY)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
        if "file_use" in tables:  # not in a backup by a former version
            yield from (key for (key,) in database.execute(KEYS))
