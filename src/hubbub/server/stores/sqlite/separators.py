"""Takes deleted words out of FTS5's separators.

FTS5 finds the page of a term by a separator: the beginning of the first term on it, as long as it takes to tell it from the
term before. `secure-delete` takes a term out of the page, but leaves its separator. Here such a separator becomes the
beginning of what is first on the page now. See "FTS5 shadow tables" in SQLite's documentation, and `fts5_index.c`, whose own
check ('integrity-check') is used in the tests.
"""

import json
from collections.abc import Iterable
from struct import unpack_from
from typing import Any

import apsw

from hubbub.server.stores import queries

Q = queries.load("sqlite_separators")


def mend(database: apsw.Connection, terms: Iterable[str]) -> None:
    """Let no separator begin as terms do that were just taken out, unless another term does. Belongs to the same transaction."""
    database.execute(Q.flush)
    gone = json.dumps(list({*terms}))
    rows: list[Any] = database.execute(Q.beginnings, (gone,)).fetchall()
    for segment, separator, page in rows:
        first = first_term(page) if page else b""
        if not first.startswith(separator):
            changed = between(separator, first)
            database.execute(Q.change if changed else Q.drop, (segment, separator, changed))


def between(separator: bytes, first: bytes) -> bytes | None:
    """Return the shortest beginning of a term that comes after a separator, which isn't one; None if there is no term."""
    for n, (one, other) in enumerate(zip(separator, first, strict=False), 1):
        if one != other:
            return first[:n]
    return None


def first_term(page: bytes) -> bytes:
    """Return the first term on a page, which is whole; empty if there is none."""
    (footer,) = unpack_from(">H", page, 2)
    if footer >= len(page):
        return b""
    size, begin = _number(page, _number(page, footer)[0])
    return page[begin : begin + size]


def _number(page: bytes, at: int) -> tuple[int, int]:
    """Return a number (of variable length, as in SQLite's files), and where it ends."""
    value = 0
    while True:
        byte = page[at]
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            return value, at
