"""Uploads: a file begins, its bytes come in as many requests as it takes, and once all are there it is told what it is.

The rows are the ledger's, the bytes are in `Files`. A row comes before the bytes and goes before them, so bytes without a row are
never wanted.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import NamedTuple

from hubbub.domain.aspects.files import BeginUpload, DropFile, FinishUpload
from hubbub.domain.facts import Accepted, Needs
from hubbub.domain.files import FILE, File, FileKey
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.files import KEY_BYTES, key_of, look_at, name_of
from hubbub.protocol.messages import Change
from hubbub.server.files.base import BeingWritten, Files, FilesFailed, Overtaken, StorageFull
from hubbub.server.files.quotas import Quotas
from hubbub.server.people.addresses import Submit
from hubbub.server.process.handovers import handed_over
from hubbub.server.stores.base import Records

KEPT_SECONDS = 24 * 3600.0  # of what is not posted
AT_ONCE = 4  # uploads of one account that are received by a node
ALL_AT_ONCE = 64
WRITTEN_BYTES = 128 * 1024  # that are gathered before they are written
NO_UPLOAD = Refusal("not_found", "No such upload")

log = logging.getLogger(__name__)


class UploadProgress(NamedTuple):
    """How far an upload is."""

    row: File
    held: int

    @property
    def until(self) -> float:
        """When it is dropped unless it is posted, in seconds since 1970."""
        return self.row.at + KEPT_SECONDS


class _Reception:
    """A request that adds to an upload, until a newer one goes on with it."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.is_over = False
        self.ended = asyncio.Event()
        self.timeout = asyncio.timeout(None)

    async def end(self) -> None:
        """Let it write nothing more, and wait until that is so."""
        if not self.is_over:
            self.is_over = True
            self.timeout.reschedule(asyncio.get_running_loop().time())
        await self.ended.wait()


class Uploads:
    """Takes files from accounts. All methods raise RefusalError for what the caller may not do, and StoreFailed."""

    def __init__(self, store: Records, files: Files, submit: Submit, quotas: Quotas) -> None:
        self._store = store
        self._files = files
        self._submit = submit
        self.quotas = quotas
        self._receptions: dict[FileKey, _Reception] = {}
        self.received = 0  # bytes

    @property
    def running(self) -> int:
        """The number of requests that send files now."""
        return len(self._receptions)

    async def begin(self, principal: Principal, name: str, size: int) -> UploadProgress:
        """Begin an upload of so many bytes. If whoever asks for it is gone by then, it is dropped: nobody else knows of it."""
        return await handed_over(
            self._begin(principal, name, size), partial(self._take_back, principal)
        )

    async def take(
        self, principal: Principal, name: str, size: int, chunks: AsyncIterator[bytes]
    ) -> UploadProgress:
        """Take a file of so many bytes in one request. Whatever breaks that off, nothing of the file stays."""
        begun, taken = await self.begin(principal, name, size), None
        try:
            taken = await self.receive(principal, begun.row.file, None, chunks)
        finally:
            if taken is None:
                await asyncio.shield(self._take_back(principal, begun))
        return taken

    async def _take_back(self, principal: Principal, begun: UploadProgress) -> None:
        await self.drop(principal, begun.row.file)
        self.quotas.add(-begun.row.size)

    async def _begin(self, principal: Principal, name: str, size: int) -> UploadProgress:
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
            raise RefusalError.of(NO_UPLOAD)
        if row.is_whole:
            return UploadProgress(row, row.size)
        with failing():
            held = await self._files.held(file)
            if held is None and await self._files.size(file) is None:  # such as after a restore
                raise RefusalError.of(NO_UPLOAD)
            if held is not None and held < row.size:
                return UploadProgress(row, held)
        return await self._finish(principal, row)  # unless the request that received it has done so

    async def receive(
        self, principal: Principal, file: str, at: int | None, chunks: AsyncIterator[bytes]
    ) -> UploadProgress:
        """Add bytes to an own upload, whose first so many are there by now, and finish it if these are the last.

        A newer request for the same upload takes over: whoever sends it has given up this one.
        """
        async with self._receiving(FileKey(principal.id, file)) as reception:
            progress = await self.find(principal, file)
            if at is not None and at != progress.held:
                raise _not_there(progress.held)
            if progress.row.is_whole:
                return progress
            try:
                with failing():
                    held = await self._append(progress, chunks, reception)
            except Overtaken:  # by a request to another node
                raise _not_there((await self.find(principal, file)).held) from None
        if held < progress.row.size:
            return UploadProgress(progress.row, held)
        return await self._finish(principal, progress.row)

    async def drop(self, principal: Principal, file: str) -> None:
        """Drop an own file that is not posted."""
        if reception := self._receptions.get(FileKey(principal.id, file)):
            await reception.end()
        await self._do(principal, DropFile(room=principal.id, file=file))
        with failing():
            await self._files.delete([file])

    async def _append(
        self, progress: UploadProgress, chunks: AsyncIterator[bytes], reception: _Reception
    ) -> int:
        """Add bytes, whatever ends them, and return how many are there now. Raises Overtaken."""
        row, gathered = progress.row, bytearray()
        async with self._files.appending(row.file) as part:
            if part.size != progress.held:
                raise Overtaken
            try:
                async for chunk in chunks:
                    if part.size + len(gathered) + len(chunk) > row.size:
                        why = "More bytes than the upload was to have: send no more than it lacks"
                        raise RefusalError("too_large", why)
                    gathered += chunk
                    if len(gathered) >= WRITTEN_BYTES:
                        await self._write(part.add, gathered)
            finally:
                if gathered and not reception.is_over:
                    await self._write(part.add, gathered)
            return part.size

    async def _write(self, add: Callable[[bytes], Awaitable[None]], gathered: bytearray) -> None:
        data = bytes(gathered)
        gathered.clear()
        await add(data)
        self.received += len(data)

    async def _finish(self, principal: Principal, row: File) -> UploadProgress:
        try:
            with failing():
                head, digest = await self._files.finish(row.file)
        except Overtaken:  # it was dropped meanwhile
            raise RefusalError.of(NO_UPLOAD) from None
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

    @asynccontextmanager
    async def _receiving(self, key: FileKey) -> AsyncIterator[_Reception]:
        """Add to an upload for the length of a block, once an older request that does so has ended. Raises RefusalError."""
        older = self._receptions.get(key)
        if older is None:
            self._require_room(key.account)
        reception = self._receptions[key] = _Reception(key.account)
        try:
            async with reception.timeout:
                if older is not None:
                    await older.end()
                yield reception
        except TimeoutError:
            if not reception.is_over:
                raise
            raise RefusalError(
                "conflict", "A newer request took over this upload, or the upload was dropped"
            ) from None
        finally:
            reception.ended.set()
            if self._receptions.get(key) is reception:
                del self._receptions[key]

    def _require_room(self, account: str) -> None:
        """Raise RefusalError if too many uploads are being received."""
        if sum(reception.account == account for reception in self._receptions.values()) >= AT_ONCE:
            why = f"At most {AT_ONCE} uploads at once: wait for one to end"
            raise RefusalError("rate_limited", why, retry_after=1.0)
        if len(self._receptions) >= ALL_AT_ONCE:
            raise RefusalError("busy", "Too many uploads; try again later", retry_after=1.0)


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
