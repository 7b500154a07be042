"""Sweeps up files: drops those that nobody posted in time, and deletes the bytes that no row names any more.

So whatever takes a row takes the file: a message that is deleted or erased, one that is no longer kept, an account that is removed,
an upload that was given up. It goes through all files, and sooner the fewer there are.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress

from hubbub import events
from hubbub.domain.aspects.files import DropFile
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.facts import Batch
from hubbub.domain.files import FILE, FILE_USE
from hubbub.protocol.names import is_reserved
from hubbub.server.files.base import Files, FilesFailed
from hubbub.server.files.uploads import KEPT_SECONDS
from hubbub.server.people.addresses import Submit
from hubbub.server.stores.base import Records, by_account

SOON = 0.5  # seconds after something was deleted
SHARE = 20  # how many times as long as a sweep took nothing is swept after it
LATEST = 600.0  # seconds: whatever else took rows is found then

log = logging.getLogger(__name__)


class Sweeper:
    """Sweeps soon after something was deleted by this node, and from time to time."""

    def __init__(self, store: Records, files: Files, submit: Submit) -> None:
        self._store = store
        self._files = files
        self._submit = submit
        self._stir = asyncio.Event()
        self._stir.set()
        self._rest = 0.0  # seconds
        self.swept = 0  # files

    def heed(self, batches: Iterable[Batch]) -> None:
        """Note what a commit deleted."""
        made = (batch for batch in batches if is_reserved(batch.room))  # free rooms have no files
        if any(events.gone_in(batch.bodies) for batch in made):
            self._stir.set()

    async def sweep_when_due(self) -> None:
        """Wait until something may be to sweep up, the first time not at all, and sweep. Fails with `StoreFailed`."""
        await asyncio.sleep(self._rest)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stir.wait(), LATEST)
        began = time.monotonic()
        try:
            await self.sweep()
        except FilesFailed as error:
            log.warning("Can't sweep up files: %s", error)
        except Exception:
            self._stir.set()  # it is still to be done
            raise
        finally:
            self._rest = max(SOON, SHARE * (time.monotonic() - began))

    async def sweep(self) -> None:
        """Sweep once, unless another node does. Raises StoreFailed, FilesFailed."""
        self._stir.clear()
        async with self._store.turn("files") as turn:
            if turn is None:
                return
            await self._drop_expired()
            async for some in self._files.all():
                await self._delete_unnamed(some)

    async def _drop_expired(self) -> None:
        before = time.time() - KEPT_SECONDS
        async for row in by_account(self._store, FILE):
            if row.at < before:
                await self._submit(OPERATOR, DropFile(room=row.account, file=row.file))

    async def _delete_unnamed(self, some: list[str]) -> None:
        named = {row.file for row in await self._store.by(FILE, "file", some)}
        named |= {row.file for row in await self._store.by(FILE_USE, "file", some)}  # posted since
        if unnamed := [file for file in some if file not in named]:
            await self._files.delete(unnamed)
            self.swept += len(unnamed)
