"""Removes erased data from SQLite's files as well: from the write-ahead log, and from the gaps in pages.

`secure_delete` zeroes a row where it is, but not where it was before: when SQLite moves rows to another page, they stay
readable in the gap of the old page, between the pointers and the cells. SQLite never reads a gap (file format, section
1.6), so this module zeroes gaps in the file itself. Whether such a write succeeds or not, SQLite sees the same page.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from

import apsw

PAGES_AT_ONCE = 16_384  # 64 MB, which takes about 30 ms; commits wait for it
WAIT_MS = 100  # to wait for readers of the write-ahead log; commits wait, too
HEADER_BYTES = {2: 12, 5: 12, 10: 8, 13: 8}  # header size by kind of page; other kinds have no gap
FIRST_HEADER = 100  # bytes before the header of the first page
MAX_PAGES = 2 << 24  # an overflow page that names a later one looks like another kind


class Scrubber:
    """Belongs to the thread that writes.

    Keeps the file open, since closing it would release SQLite's locks: POSIX locks belong to the process.
    """

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        self._log = file.with_name(f"{file.name}-wal")
        self._is_due = True  # something may have been erased before this
        self._next_page: int | None = None  # position in the current pass

    def note(self) -> None:
        """Note that something was erased just now."""
        self._is_due = True

    def scrub(self, database: apsw.Connection) -> None:
        """Do the next part of the work, if there is any and nobody reads the write-ahead log."""
        if (self._is_due or self._next_page is not None) and _empty_log(database):
            database.execute("BEGIN IMMEDIATE")  # so that the log does not change meanwhile
            try:
                if self._log.stat().st_size == 0 and _has_simple_pages(database):
                    self._zero_gaps(database.pragma("page_size"))
            finally:
                database.execute("ROLLBACK")
            database.release_memory()  # otherwise SQLite writes its cached copies of these pages again

    def close(self) -> None:
        """Close the file. Call this only after SQLite has closed it too."""
        os.close(self._file)

    def _zero_gaps(self, page_bytes: int) -> None:
        if self._next_page is None:
            self._is_due, self._next_page = False, 0
        begin = self._next_page * page_bytes
        pages = os.pread(self._file, PAGES_AT_ONCE * page_bytes, begin)
        for start, end in gaps(pages, page_bytes, is_beginning=begin == 0):
            if pages.count(0, start, end) < end - start:
                os.pwrite(self._file, bytes(end - start), begin + start)
        is_last = len(pages) < PAGES_AT_ONCE * page_bytes
        self._next_page = None if is_last else self._next_page + PAGES_AT_ONCE


def gaps(pages: bytes, page_bytes: int, *, is_beginning: bool) -> Iterator[tuple[int, int]]:
    """Return where the gap of each of these pages begins and ends."""
    for page in range(0, len(pages), page_bytes):
        header = page + FIRST_HEADER * (is_beginning and page == 0)
        if size := HEADER_BYTES.get(pages[header]):
            cells, content = unpack_from(">HH", pages, header + 3)
            yield header + size + 2 * cells, page + (content or 65_536)


def _has_simple_pages(database: apsw.Connection) -> bool:
    """Whether a page's first byte tells its kind."""
    has_maps: int = database.pragma("auto_vacuum")
    count: int = database.pragma("page_count")
    return not has_maps and count <= MAX_PAGES


def _empty_log(database: apsw.Connection) -> bool:
    """Move the write-ahead log into the file and empty it. Returns False if it is being read."""
    wait = database.pragma("busy_timeout")
    database.set_busy_timeout(WAIT_MS)
    try:
        is_busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").get
    finally:
        database.set_busy_timeout(wait)
    return not is_busy
