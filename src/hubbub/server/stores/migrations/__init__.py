"""Numbered migrations, NNNN_name.sql, applied in order, each once, and all that are due in one transaction.

A statement after a line `-- :parts TABLE` changes rows of `message` or `change` some at a time, so that one can tell
how far it is, and that it needs memory for these only. Its condition for the rows is `{part}`.
"""

import re
from collections.abc import Callable, Generator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from hubbub.server.stores.base import Progress

ROWS_AT_ONCE = 10_000
WHAT = "rows of the database upgraded"

_PARTED = re.compile(r"^-- :parts (\w+)\n(.*?;)$", re.MULTILINE | re.DOTALL)
_COMMENTS = re.compile(r"(\s*--[^\n]*\n)*\s*")  # and no statement
_PART = "(room, seq) > ($1, $2) AND (room, seq) <= ($3, $4)"
_NEXT = "SELECT room, seq FROM {} WHERE (room, seq) > ($1, $2) ORDER BY room, seq LIMIT 1 OFFSET $3"
_BEGIN, _END = (0, 0), (2**62, 0)


class Statement(NamedTuple):
    """SQL of a migration, and the table whose rows it changes some at a time, if it does."""

    sql: str
    table: str | None = None


class Query(NamedTuple):
    """What an upgrade asks of the database: a statement with values or, without any, several statements."""

    sql: str
    values: tuple[int, ...] | None = None


Upgrade = Generator[Query, Sequence[Any], None]


def steps_after(
    version: int, engine: str, package: str = __package__
) -> list[tuple[int, list[Statement]]]:
    """The numbers and statements of the steps that a database of this version has yet to take, for `sqlite` or `postgres`.

    They are hubbub's own, or an added aspect's. Those that it has taken are not read.
    """
    due = sorted(each for each in _files(engine, package).items() if each[0] > version)
    return [(number, _statements(file.read_text())) for number, file in due]


def newest(engine: str) -> int:
    """Return the number of the last step."""
    return max(_files(engine))


def _files(engine: str, package: str = __package__) -> dict[int, Traversable]:
    folder = resources.files(package) / engine
    return {int(f.name.split("_")[0]): f for f in folder.iterdir() if f.name.endswith(".sql")}


def version_name(package: str) -> str:
    """Return the name in `meta` of the last step that was taken for an added aspect."""
    return f"version of {package}"


def due_of(package: str, engine: str, version: str | None) -> list[tuple[str, str]]:
    """Return the SQL of an added aspect's steps after a version, and the version that each makes. None has parts."""
    due = steps_after(int(version or 0), engine, package)
    return [(statement.sql, str(number)) for number, step in due for statement in step]


def upgrading(engine: str, version: int, schema: str, progress: Progress) -> Upgrade:
    """Yield what to ask of a database of this version, whose tables' names begin with `schema`; take what it answers.

    `progress` counts the rows that are changed some at a time; nothing else takes long.
    """
    due = [each for _, step in steps_after(version, engine) for each in step]
    tables = [each.table for each in due if each.table] if version else []
    sizes: dict[str, int] = {}
    for table in set(tables):
        ((sizes[table],),) = yield Query(f"SELECT count(*) FROM {schema}{table}", ())
    done, total = 0, sum(sizes[table] for table in tables)
    if total:
        progress(WHAT, 0, total)
    for sql, parted in due:
        if parted is None:
            yield Query(sql)
        elif sizes.get(parted):
            yield from _in_parts(sql, schema + parted, done, lambda n: progress(WHAT, n, total))
            done += sizes[parted]
            progress(WHAT, done, total)


def _in_parts(sql: str, table: str, done: int, told: Callable[[int], None]) -> Upgrade:
    """Run a statement for all rows of a table. `done` rows were counted before; `told` hears how many are by now."""
    after = _BEGIN
    while rows := (yield Query(_NEXT.format(table), (*after, ROWS_AT_ONCE - 1))):
        ((room, seq),) = rows
        yield Query(sql.replace("{part}", _PART), (*after, room, seq))
        after, done = (room, seq), done + ROWS_AT_ONCE
        told(done)
    yield Query(sql.replace("{part}", _PART), (*after, *_END))


def _statements(text: str) -> list[Statement]:
    found, after = [], 0
    for parted in _PARTED.finditer(text):
        found += [Statement(text[after : parted.start()]), Statement(parted[2], parted[1])]
        after = parted.end()
    found.append(Statement(text[after:]))
    return [each for each in found if not _COMMENTS.fullmatch(each.sql)]
