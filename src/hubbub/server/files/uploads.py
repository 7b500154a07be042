"""Uploads: a file begins, its bytes come in as many requests as it takes, and once all are there it is told what it is.

The rows are the ledger's, the bytes are in `Files`. A row comes before the bytes and goes before them, so bytes without a row are
never wanted.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import NamedTuple

from hubbub.domain.aspects.files import BeginUpload, DropFile, FinishUpload
from hubbub.domain.facts import Accepted, Needs
from hubbub.domain.files import FILE, File, FileKey
from hubbub.domain.principals import Principal
from hubbub.doubling import doubled
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.files import KEY_BYTES, key_of, look_at, name_of
from hubbub.protocol.messages import Change
from hubbub.server.files.base import Appending, BeingWritten, Files, FilesFailed, StorageFull
from hubbub.server.files.quotas import Quotas
from hubbub.server.people.addresses import Submit
from hubbub.server.stores.base import Records

KEPT_SECONDS = 24 * 3600.0  # of what is not posted
AT_ONCE = 4  # uploads of one account that are received by a node
ALL_AT_ONCE = 64
ATTEMPTS = 10  # to add to an upload once another request no longer does, in 4 s
WRITTEN_BYTES = 128 * 1024  # that are gathered before they are written

log = logging.getLogger(__name__)


class UploadProgress(NamedTuple):
    """How far an upload is."""

    row: File
    held: int

    @property
    def until(self) -> float:
        """When it is dropped unless it is posted, in seconds since 1970."""
        return self.row.at + KEPT_SECONDS


class Uploads:
    """Takes files from accounts. All methods raise RefusalError for what the caller may not do, and StoreFailed."""

    def __init__(self, store: Records, files: Files, submit: Submit, quotas: Quotas) -> None:
        self._store = store
        self._files = files
        self._submit = submit
        self.quotas = quotas
        self._running = Counter[str]()
        self.received = 0  # bytes

    @property
    def running(self) -> int:
        """The number of requests that send files now."""
        return self._running.total()

    async def begin(self, principal: Principal, name: str, size: int) -> UploadProgress:
        """Begin an upload of so many bytes."""
        await self.quotas.require_space(principal.id, size)
        file = key_of(secrets.token_bytes(KEY_BYTES))
        begin = BeginUpload(room=principal.id, file=file, name=name_of(name), size=size)
        await self._do(principal, begin)
        self.quotas.add(size)
        with failing():
            try:
                await self.quotas.require_space(principal.id)  # others may have begun meanwhile
                await self._files.begin(file, size)
            except (RefusalError, FilesFailed):
                await self._do(principal, DropFile(room=principal.id, file=file))
                self.quotas.add(-size)
                raise
        return await self.find(principal, file)

    async def find(self, principal: Principal, file: str) -> UploadProgress:
        """Return how far an own upload is; it need not be complete."""
        key = FileKey(principal.id, file)
        wanted = Needs()
        wanted.row(FILE, key)
        row: File | None = (await self._store.find(wanted)).rows[FILE][key]
        if row is None:
            raise RefusalError("not_found", "No such upload")
        if row.is_whole:
            return UploadProgress(row, row.size)
        with failing():
            held = await self._files.held(file)
            if held is None and await self._files.size(file) is None:  # such as after a restore
                raise RefusalError("not_found", "No such upload")
            if held is not None and held < row.size:
                return UploadProgress(row, held)
            await self._no_longer_written(file)
        return await self._finish(principal, row)  # unless the request that received it has done so

    async def _no_longer_written(self, file: str) -> None:
        """Wait until no other request adds to an upload: then all of it is durable. Raises BeingWritten."""
        try:
            async with self._appending(file):
                pass
        except BeingWritten:
            if await self._files.held(file) is not None:
                raise

    @asynccontextmanager
    async def _appending(self, file: str) -> AsyncIterator[Appending]:
        """Add to an upload once no other request does: one whose connection was cut takes a moment to notice. Raises BeingWritten."""
        async with AsyncExitStack() as stack:
            for tries in range(ATTEMPTS):
                try:
                    part = await stack.enter_async_context(self._files.appending(file))
                    break
                except BeingWritten:
                    if await self._files.held(file) is None:  # it was finished or dropped
                        raise
                await asyncio.sleep(doubled(0.01, tries, 1.0))
            else:
                raise BeingWritten
            yield part

    async def receive(
        self, principal: Principal, file: str, at: int | None, chunks: AsyncIterator[bytes]
    ) -> UploadProgress:
        """Add bytes to an own upload, whose first so many are there by now, and finish it if these are the last."""
        progress = await self.find(principal, file)
        if at is not None and at != progress.held:
            raise _not_there(progress.held)
        if progress.row.is_whole:
            return progress
        with self._one_of_few(principal), failing():
            held = await self._append(progress, chunks)
        if held < progress.row.size:
            return UploadProgress(progress.row, held)
        return await self._finish(principal, progress.row)

    async def drop(self, principal: Principal, file: str) -> None:
        """Drop an own file that is not posted."""
        await self._do(principal, DropFile(room=principal.id, file=file))
        with failing():
            await self._files.delete([file])

    async def _append(self, progress: UploadProgress, chunks: AsyncIterator[bytes]) -> int:
        """Add bytes, whatever ends them, and return how many are there now."""
        row, gathered = progress.row, bytearray()
        async with self._appending(row.file) as part:
            if part.size != progress.held:
                raise _not_there(part.size)
            try:
                async for chunk in chunks:
                    if part.size + len(gathered) + len(chunk) > row.size:
                        why = "More bytes than the upload was to have: send no more than it lacks"
                        raise RefusalError("too_large", why)
                    gathered += chunk
                    if len(gathered) >= WRITTEN_BYTES:
                        await self._write(part.add, gathered)
            finally:
                if gathered:
                    await self._write(part.add, gathered)
            return part.size

    async def _write(self, add: Callable[[bytes], Awaitable[None]], gathered: bytearray) -> None:
        data = bytes(gathered)
        gathered.clear()
        await add(data)
        self.received += len(data)

    async def _finish(self, principal: Principal, row: File) -> UploadProgress:
        with failing():
            head, digest = await self._files.finish(row.file)
        look = look_at(head)
        finish = FinishUpload(
            room=principal.id,
            file=row.file,
            digest=digest,
            type=look.type,
            width=look.width,
            height=look.height,
        )
        await self._do(principal, finish)
        whole = row._replace(is_whole=True, digest=digest, type=look.type)
        return UploadProgress(whole._replace(width=look.width, height=look.height), row.size)

    async def _do(self, principal: Principal, change: Change) -> Accepted:
        answer = await self._submit(principal, change)
        if isinstance(answer, Refusal):
            raise RefusalError.of(answer)
        return answer

    @contextmanager
    def _one_of_few(self, principal: Principal) -> Iterator[None]:
        if self._running[principal.id] >= AT_ONCE:
            why = f"At most {AT_ONCE} uploads at once: wait for one to end"
            raise RefusalError("rate_limited", why, retry_after=1.0)
        if self._running.total() >= ALL_AT_ONCE:
            raise RefusalError("busy", "Too many uploads; try again later", retry_after=1.0)
        self._running[principal.id] += 1
        try:
            yield
        finally:
            self._running[principal.id] -= 1
            self._running += Counter()  # without those who have none


def _not_there(held: int) -> RefusalError:
    why = f"The upload goes on at byte {held}: ask for its offset, and send the rest from there"
    return RefusalError("conflict", why, offset=held)


@contextmanager
def failing() -> Iterator[None]:
    """Raise RefusalError in place of what keeps bytes from being kept or read, which operators get to know."""
    refusal = None
    try:
        yield
    except BeingWritten:
        refusal = Refusal("busy", "Another request is sending this file", retry_after=1.0)
    except StorageFull as error:
        log.error("%s", error)
        refusal = Refusal("storage_full", "The disk for files is full: tell an admin", 60.0)
    except FilesFailed as error:
        log.error("%s", error)
        refusal = Refusal("unavailable", "Files can't be kept or read; try again later", 1.0)
    if refusal is not None:
        raise RefusalError.of(refusal)
