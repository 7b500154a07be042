"""`hubbub backup`, `hubbub restore` and `hubbub db copy`."""

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from hubbub.server.addresses import BadAddress, check
from hubbub.server.admin.copier import Copier
from hubbub.server.audit import audit
from hubbub.server.config import POSTGRES, BadSettings, Settings
from hubbub.server.logs import open_audit
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.registry import SQLITE, open_tables
from hubbub.server.stores.sqlite import backup as sqlite_backup
from hubbub.server.stores.sqlite.tables import SqliteTables
from hubbub.server.stores.tables import Tables

T = TypeVar("T")


class CannotCopy(Exception):
    """Copying failed. The message says why, and what to do."""


def back_up(settings: Settings, target: Path) -> None:
    """Copy the store's data to a new file, while servers may be using it. Raises CannotCopy."""
    if settings.store == SQLITE:
        _run(asyncio.to_thread(sqlite_backup.back_up, settings.data, target, _show))
    else:
        _run(_back_up_postgres(settings.store, target))
    open_audit(settings.data)
    audit("backed up", file=str(target))
    print(f"{target}: {target.stat().st_size:,} bytes", file=sys.stderr)


def restore(settings: Settings, copy: Path) -> None:
    """Replace a store's data with a copy. No server may be using the store. Raises CannotCopy."""
    epoch = secrets.token_hex(8)
    kept: object
    if settings.store == SQLITE:
        kept = _run(asyncio.to_thread(sqlite_backup.restore, settings.data, copy, epoch, _show))
    else:
        kept = _run(_restore_postgres(settings.store, copy, epoch))
    open_audit(settings.data)
    audit("restored", file=str(copy))
    if kept:
        print(f"Kept the replaced data: {kept}", file=sys.stderr)
    print("Restored the backup; clients will load a new snapshot of each room", file=sys.stderr)


def copy(source: str, target: str) -> None:
    """Bring another store up to date with this one, with its numbers and epoch. Raises BadSettings, CannotCopy."""
    for which, address in (("source", source), ("target", target)):
        try:
            if not address.startswith(f"{SQLITE}:"):
                check(address, POSTGRES, needs_host=False)
        except BadAddress as error:  # the address may hold a password and is not shown
            what = f"Invalid {which}: use sqlite:DIRECTORY or postgres://USER@HOST/DATABASE"
            raise BadSettings(f"{what}; {error}") from None
    _run(_copy(source, target))


async def _copy(source: str, target: str) -> None:
    async with AsyncExitStack() as stack:
        there = await _opened(stack, open_tables(source, is_source=True))
        here = await _opened(stack, open_tables(target, is_source=False))
        copier = Copier(there, here, _show)
        await copier.copy()
        sums = await copier.sums()
        if not (why := await _why_unfinished(copier, there)):
            await copier.seal()
        print(
            f"Source and copy are identical: rooms {sums.rooms:,}, events {sums.events:,},"
            f" tokens {sums.tokens:,}, SHA-256 {sums.digest}"
        )
        if why:
            print(f"{why}. Until then no server will start on the copy", file=sys.stderr)
        else:
            print(
                "The copy is complete: start the server on it. Never start a server on the source again:"
                " it would give new events the same numbers",
                file=sys.stderr,
            )


async def _why_unfinished(copier: Copier, source: Tables) -> str:
    """Return why a copy may lack part of its source, and what to do; empty if it is complete."""
    await source.renew()
    is_in_use = await source.is_in_use()  # checked only now, since reading all rooms may take long
    is_current = await copier.is_current()
    if is_in_use:
        return (
            "A server is using the source and may add events. Stop it and run this command again,"
            " which will take a moment"
        )
    if not is_current:
        return (
            "The source changed during the copy. Run this command again, which will take a moment"
        )
    if waiting := await source.waiting():
        return (
            f"Messages still waiting in hubbub.outbox: {waiting:,}. Start a server on the source"
            " to post them, stop it, and run this command again"
        )
    return ""


async def _back_up_postgres(url: str, target: Path) -> None:
    from hubbub.server.stores.postgres.tables import PostgresTables

    part = sqlite_backup.new_file(target)
    try:
        async with AsyncExitStack() as stack:
            source = await _opened(stack, PostgresTables.source(url))
            copier = Copier(source, await _opened(stack, _file(part, is_source=False)), _show)
            await copier.copy()
            await copier.sums()
            await copier.seal()
        sqlite_backup.flush(part)
        os.link(part, target)  # unlike a rename, this never replaces a file
        sqlite_backup.flush(target.parent)
    finally:
        part.unlink(missing_ok=True)


async def _restore_postgres(url: str, copy: Path, epoch: str) -> str:
    """Return the schema that keeps the replaced data, or an empty string if there was none."""
    from hubbub.server.stores.postgres.tables import PostgresTables

    sqlite_backup.check_copy(copy)
    async with AsyncExitStack() as stack:
        source = await _opened(stack, _file(copy, is_source=True))
        target = await stack.enter_async_context(await PostgresTables.replacement(url))
        copier = Copier(source, target, _show)
        await copier.copy()
        await copier.sums()
        await target.delete_again()
        await copier.seal(epoch)
        return target.kept and f"the schema {target.kept}"


async def _file(file: Path, *, is_source: bool) -> Tables:
    return SqliteTables(file, is_source=is_source)


async def _opened(stack: AsyncExitStack, opening: Awaitable[Tables]) -> Tables:
    return await stack.enter_async_context(await opening)


def _run(act: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(act)
    except (StoreFailed, OSError) as error:
        raise CannotCopy(str(error)) from error


def _show(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done:,} of {total:,} {what} ", end=end, file=sys.stderr, flush=True)
