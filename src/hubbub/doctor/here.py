"""Checks this machine: settings, data directory, limits, and the store as its kind says."""

import asyncio
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hubbub.domain.notifying.quiet import knows_time_zones
from hubbub.server.config import BadSettings, Settings
from hubbub.server.findings import Finding, ok, problem, warning
from hubbub.server.process.privacy import exposed_files, openness
from hubbub.server.sources import gather, load
from hubbub.server.stores.registry import kind_of

MIB = 2**20
FEW_FILES = 1024


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
    yield from _openness(settings)
    yield from _directory(settings)
    yield from kind_of(settings.store).examine(settings.store, settings.data)
    if settings.broker:
        from hubbub.doctor.broker import examine_broker  # takes some megabytes

        yield asyncio.run(examine_broker(settings.broker))
    if settings.oidc_issuer:
        from hubbub.doctor.provider import examine_provider  # takes some megabytes

        yield from asyncio.run(examine_provider(settings))
    yield from _uploads(settings)
    yield _files()
    if not knows_time_zones():
        fix = "install tzdata, as a system package or with pip"
        yield warning(
            "time zones", "this machine has no database of them, so nobody can choose one", fix
        )


def _openness(settings: Settings) -> Iterator[Finding]:
    """Warn of what others could do who reach the server over the network."""
    if settings.is_local:
        return
    if settings.has_guests:
        fix = "set --guests off, unless the rooms are meant for everyone"
        found = "anyone who reaches the server may come in without an account or a token"
        yield warning("guests", found, fix)
    if not (settings.tls_cert or settings.public_url.lower().startswith("https:")):
        fix = "set --tls-cert and --tls-key or, behind a proxy with TLS, --public-url https://NAME"
        found = "browsers send the cookies of sessions without TLS, so others on the network can take them over"
        yield warning("cookies", found, fix)


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


def _uploads(settings: Settings) -> Iterator[Finding]:
    """Look at the directory of the files that people upload."""
    files = settings.files
    if settings.files_dir is None and kind_of(settings.store).is_shared:
        fix = "let all nodes share a directory with --files-dir"
        only = f"only this machine has those in {files}"
        yield warning("files", only, fix) if settings.broker else ok("files", f"{only}; {fix}")
    if not files.exists():
        yield ok("files", f"{files} does not exist yet; the first upload creates it")
        return
    if not os.access(files, os.W_OK | os.X_OK):
        fix = f"give it to the user that runs hubbub: chown -R USER {files}"
        yield problem("files", f"can't write to {files}", fix)
        return
    free = shutil.disk_usage(files).free
    if free < settings.max_file_size + MIB * 64:
        fix = "free some space, or set a lower --max-file-size"
        yield warning("files", f"only {free // MIB:,} MiB free at {files}", fix)
    else:
        yield ok("files", f"{files}, {free // MIB:,} MiB free")


def _files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < FEW_FILES:
        fix = "raise the limit: LimitNOFILE=65536 in the systemd unit, or ulimit -Hn in the shell"
        return warning(
            "open files", f"at most {hard}, which allows about {max(hard - 96, 1)} connections", fix
        )
    return ok("open files", f"at most {hard:,}; each connection takes one")
