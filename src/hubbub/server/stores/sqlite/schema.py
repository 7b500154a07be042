"""The schema of a database: whether it is hubbub's, and its upgrade to the current version."""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from hubbub.domain.search import terms
from hubbub.server.stores import migrations, queries, search
from hubbub.server.stores.base import Progress, StoreFailed, untold

APPLICATION_ID = 0x68756262  # "hubb", in the file's header
ERASES = 4  # the first schema version that leaves no trace of deleted messages
TRACES = "has_traces"  # in meta, until traces of deleted messages have been removed from the file

SEARCH = queries.load("sqlite_search")

log = logging.getLogger(__name__)


def check_is_ours(file: Path) -> None:
    """Check a file before anything in it is changed.

    Raises:
        StoreFailed: another program or a newer hubbub wrote it.
    """
    with closing(apsw.Connection(str(file))) as database:
        is_empty = database.execute("SELECT count(*) FROM sqlite_schema").get == 0
        if database.pragma("application_id") != APPLICATION_ID and not is_empty:
            raise StoreFailed(f"{file} is not a hubbub database")
        version = database.pragma("user_version")
        if version > migrations.newest("sqlite"):
            raise StoreFailed(f"A newer hubbub wrote {file} (schema version {version})")


def prepare(
    database: apsw.Connection,
    new_epoch: Callable[[], str],
    progress: Progress = untold,
    added: Sequence[str] = (),
) -> str:
    """Upgrade the tables to the current version, in one transaction; return the epoch.

    `added` are the packages with the migrations of aspects that are not hubbub's own.
    """
    with database:
        _upgrade(database, progress)
        for package in added:
            _upgrade_added(database, package)
        _check_index(database)
        database.pragma("application_id", APPLICATION_ID)
        database.execute(
            "INSERT INTO meta (name, value) VALUES ('epoch', ?), ('ends', '0') ON CONFLICT DO NOTHING",
            (new_epoch(),),
        )
    if database.get_autocommit():
        _remove_traces(database)
    epoch: str = database.execute("SELECT value FROM meta WHERE name = 'epoch'").get
    return epoch


def _upgrade(database: apsw.Connection, progress: Progress) -> None:
    version = database.pragma("user_version")
    upgrade = migrations.upgrading("sqlite", version, "", progress)
    rows: Sequence[Any] | None = None
    try:
        while True:
            sql, values = upgrade.send(rows)  # type: ignore[arg-type]
            rows = database.execute(sql, values).fetchall()
    except StopIteration:
        database.pragma("user_version", migrations.newest("sqlite"))
    if 0 < version < ERASES:
        database.execute(
            "INSERT INTO meta SELECT ?, '' WHERE EXISTS (SELECT 1 FROM message WHERE is_deleted)",
            (TRACES,),
        )


def _check_index(database: apsw.Connection) -> None:
    """Have the index of messages made again if it holds other terms than this version does."""
    found = database.execute("SELECT value FROM meta WHERE name = ?", (search.VERSION,)).get
    if found != terms.VERSION:
        empty_index(database)
        query = "REPLACE INTO meta (name, value) VALUES (?, ?)"
        database.execute(query, (search.VERSION, terms.VERSION))


def empty_index(database: apsw.Connection) -> None:
    """Have the index of messages made again by the reactor."""
    for query in (SEARCH.clear_terms, SEARCH.clear, SEARCH.begin_again):
        database.execute(query)


def _upgrade_added(database: apsw.Connection, package: str) -> None:
    name = migrations.version_name(package)
    version = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).get
    for sql, number in migrations.due_of(package, "sqlite", version):
        database.execute(sql).fetchall()
        database.execute("REPLACE INTO meta (name, value) VALUES (?, ?)", (name, number))


def _remove_traces(database: apsw.Connection) -> None:
    """Rewrite a file if messages were deleted in it by a version that left traces of them."""
    if not database.execute("SELECT EXISTS (SELECT 1 FROM meta WHERE name = ?)", (TRACES,)).get:
        return
    log.info("Removing traces of deleted messages from the database file")
    try:
        database.execute("VACUUM")
        database.execute("DELETE FROM meta WHERE name = ?", (TRACES,))
    except apsw.Error as error:
        log.warning("Traces of deleted messages may remain in the database file: %s", error)
