"""Downloads: whoever may read a message that shows a file, at that moment, gets the file, or some of it. To others there is none."""

from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.files import FILE_USE, FileUse
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.files import is_file_key
from hubbub.server.files.base import Files
from hubbub.server.files.uploads import failing
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import Store

READ = Operation.READ
CHECKED_BYTES = 4 * 2**20  # that are sent before it is asked again whether they may be
NO_FILE = Refusal("not_found", "No such file, or no access to it")


class FilePart(NamedTuple):
    """Some bytes of a file."""

    first: int
    length: int


class Downloads:
    """Gives files to those who may read the messages that show them."""

    def __init__(self, store: Store, files: Files, rights: Callable[[], Rights]) -> None:
        """`rights` are there once somebody comes."""
        self._store = store
        self._files = files
        self._rights = rights
        self.sent = 0  # bytes

    async def find(self, principal: Principal, file: str) -> FileUse:
        """Return a file as a message shows it that the principal may read now. Raises RefusalError, StoreFailed."""
        if not any(READ.is_given(principal.role, principal.scopes, kind) for kind in READ.rows):
            raise RefusalError("forbidden", f"Not allowed to {READ.label} with this token")
        uses = await self._store.by(FILE_USE, "file", [file]) if is_file_key(file) else []
        for use in uses:
            if await self._may_read(principal, use.room):
                return use
        raise RefusalError.of(NO_FILE)

    async def reading(
        self, principal: Principal, file: str, span: FilePart
    ) -> AsyncGenerator[bytes]:
        """Yield some bytes of a file, as long as the principal may read it. Raises RefusalError, StoreFailed."""
        unchecked = 0
        with failing():
            async for data in self._files.reading(file, *span):
                if unchecked >= CHECKED_BYTES:
                    await self.find(principal, file)
                    unchecked = 0
                unchecked += len(data)
                self.sent += len(data)
                yield data

    async def _may_read(self, principal: Principal, room: str) -> bool:
        try:
            await self._rights().require(principal, READ, room)
        except RefusalError as error:
            if error.refusal.code == "unauthenticated":
                raise
            return False
        return True
