"""`hubbub backup` and `hubbub restore`."""

import secrets
import sys
from pathlib import Path

from hubbub.server.audit import audit
from hubbub.server.config import Settings
from hubbub.server.logs import open_audit
from hubbub.server.stores import sqlite_backup
from hubbub.server.stores.base import StoreFailed


class CannotCopy(Exception):
    """The message says why, and what would do."""


def _directory(settings: Settings, instead: str) -> Path:
    if settings.store != "sqlite":
        raise CannotCopy(f"the store is PostgreSQL, which has tools of its own: {instead}")
    return settings.data


def back_up(settings: Settings, target: Path) -> None:
    """Copy the database to a new file, while a server may be using it. Raises CannotCopy."""
    data = _directory(settings, "pg_dump --schema=hubbub")
    try:
        sqlite_backup.back_up(data, target, _show)
    except StoreFailed as error:
        raise CannotCopy(str(error)) from error
    open_audit(data)
    audit("backed up", file=str(target))
    print(f"{target}: {target.stat().st_size:,} bytes", file=sys.stderr)


def restore(settings: Settings, copy: Path) -> None:
    """Put a copy in the place of the database, which no server may be using. Raises CannotCopy."""
    data = _directory(settings, "pg_restore; and then DELETE FROM hubbub.meta WHERE name = 'epoch'")
    try:
        kept = sqlite_backup.restore(data, copy, secrets.token_hex(8), _show)
    except StoreFailed as error:
        raise CannotCopy(str(error)) from error
    open_audit(data)
    audit("restored", file=str(copy))
    if kept is not None:
        print(f"what was there is kept: {kept}", file=sys.stderr)
    print("restored; clients will take a new snapshot of each room", file=sys.stderr)


def _show(done: int, pages: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == pages else ""
        print(f"\r{done:,} of {pages:,} pages", end=end, file=sys.stderr, flush=True)
