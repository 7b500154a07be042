"""Checks this machine: settings, data directory, database, limits and clock."""

import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from hubbub.doctor.findings import Finding, of_reserved_names, ok, problem, warning
from hubbub.server.config import BadSettings, Settings, gather, load
from hubbub.server.privacy import exposed_files, openness
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite.store import FILE_NAME, check_is_ours, check_soundness

MIB = 2**20
FIXED_IN = (3, 51, 3)  # the version of SQLite that fixes the WAL-reset bug
FEW_FILES = 1024
RESERVED_ROOMS = "SELECT name FROM room WHERE name >= '@' AND name < 'A' ORDER BY name LIMIT 10"


def examine(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None
) -> Iterator[Finding]:
    """Check what a server on this machine would use."""
    try:
        settings = load(flags, environment, file)
    except BadSettings as error:
        yield problem("settings", str(error), "see `hubbub serve --help` for all settings")
        return
    made = gather(flags, environment, file)
    where = f" (read {file})" if file else ""
    other = f"{len(made)} changed from the default{where}"
    yield ok("settings", f"{other}; `hubbub config show --origin` lists all")
    yield from _directory(settings)
    if settings.store == "sqlite":
        yield from _database(settings.data / FILE_NAME)
        yield _sqlite()
    else:
        yield from _cluster(settings)
    yield _files()


def _directory(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if not data.exists():
        yield ok("data directory", f"{data} does not exist yet; the first start creates it")
        return
    try:
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        fix = f"give it to the user that runs hubbub: chown -R USER {data}"
        yield problem("data directory", f"can't write to {data}: {error.strerror}", fix)
        return
    if what := openness(data):
        yield warning("data directory", f"other users can {what} {data}", f"chmod 700 {data}")
    for file in exposed_files(data):
        yield warning("data directory", f"other users can use {file}", f"chmod 600 {file}")
    free = shutil.disk_usage(data).free // MIB
    if free < 1024:
        say = problem if free < 100 else warning
        fix = "free some space: nothing can be posted while the disk is full"
        yield say("data directory", f"only {free:,} MiB free at {data}", fix)
    else:
        yield ok("data directory", f"{data}, {free:,} MiB free")


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
            names = [name for (name,) in database.execute(RESERVED_ROOMS)]
        yield from of_reserved_names(names)
    yield _clock(file.stat().st_mtime)


def _cluster(settings: Settings) -> Iterator[Finding]:
    from hubbub.doctor.cluster import examine_cluster  # takes some megabytes

    async def all_of_them() -> list[Finding]:
        return [finding async for finding in examine_cluster(settings.store, settings.broker)]

    yield from asyncio.run(all_of_them())


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


def _files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < FEW_FILES:
        fix = "raise the limit: LimitNOFILE=65536 in the systemd unit, or ulimit -Hn in the shell"
        return warning(
            "open files", f"at most {hard}, which allows about {max(hard - 96, 1)} connections", fix
        )
    return ok("open files", f"at most {hard:,}; each connection takes one")
