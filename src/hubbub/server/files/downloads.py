"""Downloads: whoever may read a message that shows a file, at that moment, gets the file, or some of it. To others there is none."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.files import FILE_USE, FileUse
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.files import THUMBNAIL_TYPE, is_file_key, thumbnail_of
from hubbub.server.files.base import Files
from hubbub.server.files.thumbnails import Thumbnails
from hubbub.server.files.uploads import failing
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import Records

READ = Operation.READ
CHECKED_BYTES = 4 * 2**20  # that are sent before it is asked again whether they may be
NO_FILE = Refusal("not_found", "No such file, or no access to it")


class FilePart(NamedTuple):
    """Some bytes of a file. A range may be all of it, which some players ask for first, to see whether there are ranges."""

    first: int
    length: int
    is_range: bool = True


class Download(NamedTuple):
    """What is given for a file: itself, or a thumbnail of it. The key is that of its bytes; `digest` is empty if nobody took it."""

    file: str
    key: str
    name: str
    type: str
    size: int
    digest: str = ""


class Downloads:
    """Gives files to those who may read the messages that show them."""

    def __init__(
        self, store: Records, files: Files, thumbnails: Thumbnails, rights: Callable[[], Rights]
    ) -> None:
        """`rights` are there once somebody comes."""
        self._store = store
        self._files = files
        self._thumbnails = thumbnails
        self._rights = rights
        self.sent = 0  # bytes

    async def find(self, principal: Principal, file: str) -> Download:
        """Return a file that the principal may get now. Raises RefusalError, StoreFailed."""
        return _itself(await self._find(principal, file))

    async def find_thumbnail(self, principal: Principal, file: str, side: int) -> Download:
        """Return a thumbnail of a picture, or the picture if it has none. Raises RefusalError, StoreFailed."""
        use = await self._find(principal, file)
        if not use.type.startswith("image/"):
            raise RefusalError("not_found", "Not a picture: it has no thumbnail")
        with failing():
            size = await self._thumbnails.find(use, side)
        if size is None:
            return _itself(use)
        await self._find(principal, file)  # it may have taken long
        stem = use.name.rpartition(".")[0] or use.name
        key = thumbnail_of(file, side)
        return Download(file, key, f"{stem}.webp", THUMBNAIL_TYPE, size)

    async def _find(self, principal: Principal, file: str) -> FileUse:
        """Return a file as a message shows it that the principal may read now. Raises RefusalError, StoreFailed."""
        if not any(READ.is_given(principal.role, principal.scopes, kind) for kind in READ.rows):
            raise RefusalError("forbidden", f"Not allowed to {READ.label} with this token")
        uses = await self._store.by(FILE_USE, "file", [file]) if is_file_key(file) else []
        for use in uses:
            if await self._may_read(principal, use.room):
                return use
        raise RefusalError.of(NO_FILE)

    async def reading(
        self, principal: Principal, shown: Download, span: FilePart
    ) -> AsyncGenerator[bytes]:
        """Yield some bytes of a file, as long as the principal may read it. Raises RefusalError, StoreFailed."""
        unchecked = 0
        with failing():
            async with aclosing(self._files.reading(shown.key, span.first, span.length)) as parts:
                async for data in parts:
                    if unchecked >= CHECKED_BYTES:
                        await self._find(principal, shown.file)
                        unchecked = 0
                    unchecked += len(data)
                    self.sent += len(data)
                    yield data

    async def _may_read(self, principal: Principal, room: str) -> bool:
        try:
            await self._rights().require_at_head(principal, READ, room)
        except RefusalError as error:
            if error.refusal.code == "unauthenticated":
                raise
            return False
        return True


def _itself(use: FileUse) -> Download:
    return Download(use.file, use.file, use.name, use.type, use.size, use.digest)
