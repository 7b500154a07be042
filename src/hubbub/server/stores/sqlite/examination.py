"""Checks a database for `hubbub doctor`: the file, its clock, and the version of SQLite."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw

from hubbub.server.findings import (
    Finding,
    of_accounts,
    of_reserved_names,
    of_reserved_people,
    ok,
    problem,
    warning,
)
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite.file import check_soundness
from hubbub.server.stores.sqlite.schema import check_is_ours
from hubbub.server.stores.tables import IS_RESERVED, RESERVED_TOKENS

MIB = 2**20
FIXED_IN = (3, 51, 3)  # the version of SQLite that fixes the WAL-reset bug
RESERVED_PEOPLE = f"SELECT name FROM token WHERE {RESERVED_TOKENS} ORDER BY name LIMIT 10"
RESERVED_ROOMS = f"SELECT name FROM room WHERE {IS_RESERVED} ORDER BY name LIMIT 10"


def examine(file: Path) -> Iterator[Finding]:
    """Check a database file, and the SQLite that would open it."""
    yield from _database(file)
    yield _sqlite()


def _database(file: Path) -> Iterator[Finding]:
    if not file.exists():
        yield ok("database", "none yet")
        return
    try:
        check_is_ours(file)
        check_soundness(file)
    except (StoreFailed, apsw.Error) as error:
        yield problem("database", str(error), "restore a backup with `hubbub restore FILE`")
    else:
        yield ok("database", f"{file.stat().st_size / MIB:,.1f} MiB, no damage found")
        with closing(apsw.Connection(str(file))) as database:
            findings = [*_names(database), *_accounts(database)]
        yield from findings
    yield _clock(file.stat().st_mtime)


def _names(database: apsw.Connection) -> Iterator[Finding]:
    yield from of_reserved_names([name for (name,) in database.execute(RESERVED_ROOMS)])
    yield from of_reserved_people([name for (name,) in database.execute(RESERVED_PEOPLE)])


def _accounts(database: apsw.Connection) -> Iterator[Finding]:
    if database.table_exists(None, "owner"):  # else it was last used by an older version
        counts = "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM owner)"
        yield from of_accounts(*database.execute(counts).get)


def _clock(written_at: float) -> Finding:
    now = time.time()
    if written_at > now + 5:
        fix = "synchronize the clock with NTP (timedatectl set-ntp true); the order of events does not depend on it"
        return warning(
            "clock", f"it is {written_at - now:.0f} s behind the last write to the database", fix
        )
    return ok("clock", f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}")


def _sqlite() -> Finding:
    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < FIXED_IN:
        return problem(
            "SQLite",
            f"version {version} has a bug that can lose data",
            "install the version of apsw that hubbub needs: make install",
        )
    return ok("SQLite", f"version {version}")
