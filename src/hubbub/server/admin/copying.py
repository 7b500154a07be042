"""`hubbub backup`, `hubbub restore` and `hubbub db copy`."""

import asyncio
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import apsw

from hubbub.server.addresses import BadAddress
from hubbub.server.admin import files
from hubbub.server.audit import audit
from hubbub.server.config import BadSettings, Settings
from hubbub.server.files.base import FilesFailed
from hubbub.server.process.logs import open_audit
from hubbub.server.process.progress import Shown
from hubbub.server.stores import registry
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.copier import Copier
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.tables import Tables

REPEATED = (
    "What the replaced data says was deleted or taken away since the backup is deleted and taken away again:"
    " messages, memberships, roles, tokens, invites and passwords"
)
NOTHING_TO_REPEAT = (
    "There was no data to replace, so messages that were deleted and rights that were taken since the backup"
    " are back: check `hubbub user list`, `hubbub token list`, the invites, and who is in your rooms"
)

T = TypeVar("T")


class CannotCopy(Exception):
    """Copying failed. The message says why, and what to do."""


def back_up(settings: Settings, target: Path) -> None:
    """Copy the store's data to a new file, while servers may be using it. Raises CannotCopy."""
    where = settings.store, settings.data
    _run(kind_of(settings.store).back_up(*where, target, Shown(time.monotonic)))
    moved = _with_files(files.save, settings.files, target)
    open_audit(settings.data)
    audit("backed up", file=str(target))
    print(f"{target}: {target.stat().st_size:,} bytes", file=sys.stderr)
    if moved.told:
        print(f"{files.beside(target)}: {moved.told}", file=sys.stderr)


def restore(settings: Settings, copy: Path) -> None:
    """Replace a store's data with a copy. No server may be using the store. Raises CannotCopy."""
    where = settings.store, settings.data
    kept = _run(
        kind_of(settings.store).restore(*where, copy, secrets.token_hex(8), Shown(time.monotonic))
    )
    moved = _with_files(files.bring_back, copy, settings.files)
    open_audit(settings.data)
    audit("restored", file=str(copy))
    if moved.told:
        print(f"{settings.files}: {moved.told}", file=sys.stderr)
    if kept:
        print(f"Kept the replaced data: {kept}", file=sys.stderr)
    print(REPEATED if kept else NOTHING_TO_REPEAT, file=sys.stderr)
    print("All sessions have ended: everyone must log in again", file=sys.stderr)
    print("Restored the backup; clients will load a new snapshot of each room", file=sys.stderr)


def _with_files(
    take: Callable[[Path, Path], files.TakenAlong], here: Path, there: Path
) -> files.TakenAlong:
    try:
        return take(here, there)
    except (apsw.Error, OSError, FilesFailed) as error:
        raise CannotCopy(
            f"The database is complete, but not the files beside it: {error}"
        ) from error


def copy(source: str, target: str) -> None:
    """Bring another store up to date with this one, with its numbers and epoch. Raises BadSettings, CannotCopy."""
    for which, address in (("source", source), ("target", target)):
        try:
            kind_of(address).check_end(address)
        except BadAddress as error:  # the address may hold a password and is not shown
            forms = " or ".join(kind.end_form for kind in registry.KINDS)
            raise BadSettings(f"Invalid {which}: use {forms}; {error}") from None
    _run(_copy(source, target))


async def _copy(source: str, target: str) -> None:
    async with AsyncExitStack() as stack:
        there = await _opened(stack, source, is_source=True)
        here = await _opened(stack, target, is_source=False)
        copier = Copier(there, here, Shown(time.monotonic))
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


async def _opened(stack: AsyncExitStack, address: str, *, is_source: bool) -> Tables:
    return await stack.enter_async_context(
        await kind_of(address).open_tables(address, is_source=is_source)
    )


def _run(act: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(act)
    except (StoreFailed, OSError) as error:
        raise CannotCopy(str(error)) from error
