"""Backs up a database to a file, which is SQLite's, and restores one from such a file."""

import os
from pathlib import Path

from hubbub.server.process.disk import flush
from hubbub.server.stores.base import Progress
from hubbub.server.stores.copier import Copier
from hubbub.server.stores.postgres.tables import PostgresTables
from hubbub.server.stores.sqlite.backup import check_copy, new_file
from hubbub.server.stores.sqlite.tables import SqliteTables


async def back_up(url: str, target: Path, progress: Progress) -> None:
    """Copy the tables to a new file, as of one point in time. Raises StoreFailed, OSError."""
    part = new_file(target)
    try:
        async with (
            await PostgresTables.source(url) as source,
            SqliteTables(part, is_source=False) as copy,
        ):
            copier = Copier(source, copy, progress)
            await copier.copy()
            await copier.sums()
            await copier.seal()
        flush(part)
        os.link(part, target)  # unlike a rename, this never replaces a file
        flush(target.parent)
    finally:
        part.unlink(missing_ok=True)


async def restore(url: str, copy: Path, epoch: str, progress: Progress) -> str:
    """Replace the tables with those of a file. Raises StoreFailed.

    Returns the schema that keeps the replaced data, or an empty string if there was none.
    """
    check_copy(copy)
    async with (
        SqliteTables(copy, is_source=True) as source,
        await PostgresTables.replacement(url) as target,
    ):
        copier = Copier(source, target, progress)
        await copier.copy()
        await copier.sums()
        await target.end_sessions()
        await target.delete_again()
        await target.take_again()
        await copier.seal(epoch)
        return target.kept and f"the schema {target.kept}"
