"""What may be wrong on this machine: settings, the data directory, the database, limits, the clock."""

import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from hubbub.doctor.findings import Finding, ok, problem, warning
from hubbub.server.config import BadSettings, Settings, gather, load
from hubbub.server.privacy import exposed_files, openness
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite import FILE_NAME, check_is_ours, check_soundness

MIB = 2**20
FIXED_IN = (3, 51, 3)  # SQLite's WAL-reset bug
FEW_FILES = 1024


def examine(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None
) -> Iterator[Finding]:
    """Look at what a server here would have."""
    try:
        settings = load(flags, environment, file)
    except BadSettings as error:
        yield problem("settings", str(error), "`hubbub serve --help` shows what there is")
        return
    made = gather(flags, environment, file)
    where = f", and {file} was read" if file else ""
    other = f"{len(made)} other than the default{where}"
    yield ok("settings", f"{other}; `hubbub config show --origin` shows all")
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
        yield ok("data directory", f"{data} is not there yet; the first start makes it")
        return
    try:
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        fix = f"let the user that runs hubbub write there: chown -R USER {data}"
        yield problem("data directory", f"{data} can't be written: {error.strerror}", fix)
        return
    if what := openness(data):
        yield warning("data directory", f"other users can {what} {data}", f"chmod 700 {data}")
    for file in exposed_files(data):
        yield warning("data directory", f"other users can use {file}", f"chmod 600 {file}")
    free = shutil.disk_usage(data).free // MIB
    if free < 1024:
        say = problem if free < 100 else warning
        fix = "make room: on a full disk nothing can be posted"
        yield say("data directory", f"only {free:,} MiB are free at {data}", fix)
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
        yield problem("database", str(error), "`hubbub restore FILE` brings a backup back")
    else:
        yield ok("database", f"{file.stat().st_size / MIB:,.1f} MiB, no damage found")
    yield _clock(file.stat().st_mtime)


def _cluster(settings: Settings) -> Iterator[Finding]:
    from hubbub.doctor.cluster import examine_cluster  # it takes some megabytes

    async def all_of_them() -> list[Finding]:
        return [finding async for finding in examine_cluster(settings.store, settings.broker)]

    yield from asyncio.run(all_of_them())


def _clock(written_at: float) -> Finding:
    now = time.time()
    if written_at > now + 5:
        fix = "set it by NTP (timedatectl set-ntp true); the order of events is right whatever it says"
        return warning(
            "clock", f"it was {written_at - now:.0f} s later when the database was written", fix
        )
    return ok("clock", f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}")


def _sqlite() -> Finding:
    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < FIXED_IN:
        return problem(
            "SQLite",
            f"{version} can lose what was written",
            "install hubbub's own apsw: make install",
        )
    return ok("SQLite", version)


def _files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < FEW_FILES:
        fix = "raise it: LimitNOFILE=65536 in the systemd unit, or ulimit -Hn in the shell"
        return warning(
            "open files", f"at most {hard}, and so about {max(hard - 96, 1)} connections", fix
        )
    return ok("open files", f"at most {hard:,}, one a connection")
