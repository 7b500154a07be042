"""Portraits: small squares that stand for people and rooms, made of pictures that people uploaded."""

from collections.abc import Callable
from functools import partial

from hubbub.domain.access import Operation, RoomKind
from hubbub.domain.files import File
from hubbub.domain.pictures import NO_PICTURES, PORTRAIT, SEE_PICTURES
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.files import is_file_key
from hubbub.protocol.keys import is_made_key
from hubbub.server.files.base import Files
from hubbub.server.files.jobs import Job
from hubbub.server.files.shrinker import Picture, Shrinker
from hubbub.server.files.uploads import Uploads, failing
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import Records

AT_ONCE = 16  # that are being made, or wait for that; one for each account


class Portraits:
    """Makes and finds them. All methods raise RefusalError for what the caller may not do, and StoreFailed."""

    def __init__(
        self,
        store: Records,
        files: Files,
        uploads: Uploads,
        shrinker: Shrinker | None,
        rights: Callable[[], Rights],
    ) -> None:
        """`rights` are there once somebody comes."""
        self._store = store
        self._files = files
        self._uploads = uploads
        self._shrinker = shrinker
        self._rights = rights
        self._making: set[str] = set()  # whose portraits

    @property
    def can_make(self) -> bool:
        """Whether it has what makes pictures smaller."""
        return self._shrinker is not None

    async def make(self, principal: Principal, file: str) -> bytes:
        """Return a portrait, made of a picture that the principal uploaded."""
        if self._shrinker is None:
            raise RefusalError("unsupported", NO_PICTURES)
        if not is_file_key(file):
            raise RefusalError("not_found", "No such upload")
        row = (await self._uploads.find(principal, file)).row
        if not row.is_whole:
            raise RefusalError(
                "conflict", "This file is not uploaded completely: send the rest first"
            )
        made = await self._made(self._shrinker, row) if row.type.startswith("image/") else []
        if made is None:
            raise RefusalError("busy", "Too many pictures; try again later", retry_after=1.0)
        if not made:
            why = "Can't take this picture: use PNG, JPEG, GIF, WebP or AVIF, undamaged"
            raise RefusalError("bad_request", why)
        return made[0]

    async def _made(self, shrinker: Shrinker, row: File) -> list[bytes] | None:
        if len(self._making) >= AT_ONCE or row.account in self._making:
            return None
        self._making.add(row.account)
        try:
            with failing():
                reading = partial(self._files.reading, row.file, 0, row.size)
                return await shrinker.shrink(Job.PORTRAIT, Picture(row.account, row.size, reading))
        finally:
            self._making.discard(row.account)

    async def find(self, principal: Principal, avatar: str) -> bytes:
        """Return the portrait with this key. That of a room is there for those who may know of the room."""
        if not SEE_PICTURES.is_given(principal.role, principal.scopes, RoomKind.FREE):
            raise RefusalError("forbidden", f"Not allowed to {SEE_PICTURES.label}")
        rows = await self._store.by(PORTRAIT, "avatar", [avatar]) if is_file_key(avatar) else []
        if not rows or not await self._may_see(principal, rows[0].whose):
            raise RefusalError("not_found", "No such picture")
        return rows[0].data

    async def _may_see(self, principal: Principal, whose: str) -> bool:
        if not is_made_key(whose):
            return True
        try:
            await self._rights().require_at_head(principal, Operation.KNOW, whose)
        except RefusalError as error:
            if error.refusal.code == "unauthenticated":
                raise
            return False
        return True
