"""Emoji of the server, as clients ask for them: a list that is read and encoded once for all, and single images."""

import asyncio
import hashlib
from typing import NamedTuple, cast

import msgspec

from hubbub.domain.access import RoomKind
from hubbub.domain.aspects.emoji import KNOW
from hubbub.domain.facts import Head, Needs
from hubbub.domain.principals import Principal
from hubbub.domain.tables.emoji import EMOJI, EMOJI_IMAGE, Emoji, emoji_row
from hubbub.protocol.codec import encode
from hubbub.protocol.commands.emoji import EmojiItem, EmojiReply, ListEmoji, is_emoji_name
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.server.stores.base import Records

VERSION = 16  # hex digits


class _All(NamedTuple):
    """The list as of this event of the directory or later, in JSON."""

    seq: int
    version: str
    encoded: msgspec.Raw


class EmojiOfServer:
    """Lists emoji, and returns their images."""

    def __init__(self, store: Records) -> None:
        self._store = store
        self._reading = asyncio.Lock()  # one reads, and the others wait for it
        self._all: _All | None = None

    async def shown(self, principal: Principal, asked: ListEmoji) -> EmojiReply:
        """Return all emoji to someone who may see them, as `list` does. Raises RefusalError."""
        _require(principal)
        return await self.list(asked.version)

    async def list(self, version: str | None = None, seq: int | None = None) -> EmojiReply:
        """Return all emoji, or only their version if it is this one.

        `seq` is the directory's head, if it is known: the list is as of that event or later. Raises StoreFailed.
        """
        if seq is None:
            found = await self._store.find(Needs(logs={DIRECTORY}))
            seq = found.heads.get(DIRECTORY, Head()).seq
        async with self._reading:
            if self._all is None or self._all.seq < seq:
                self._all = await self._read(seq)
            known = self._all
        is_known = version == known.version
        shown = None if is_known else cast("dict[str, EmojiItem]", known.encoded)
        return EmojiReply(known.version, shown)

    def forget(self) -> None:
        """Forget what emoji are called, as it may have changed."""
        self._all = None

    async def image(self, principal: Principal, name: str, key: str) -> tuple[str, bytes]:
        """Return the media type and the bytes of an image. Raises RefusalError, StoreFailed."""
        _require(principal)
        row = await self._row(name)
        images = await self._store.rows(EMOJI_IMAGE, DIRECTORY, name) if row else []
        if row is None or row.image != key or not images:
            raise RefusalError("not_found", "No such emoji")
        return row.type, images[0].data

    async def _row(self, name: str) -> Emoji | None:
        if not is_emoji_name(name):
            return None
        wanted = Needs()
        wanted.row(EMOJI, emoji_row(name))
        row: Emoji | None = (await self._store.find(wanted)).rows[EMOJI][emoji_row(name)]
        return row

    async def _read(self, seq: int) -> _All:
        rows = await self._store.rows(EMOJI, DIRECTORY)
        items = {r.name: EmojiItem(r.image, r.type, r.width, r.height, r.by) for r in rows}
        encoded = encode(items)
        version = hashlib.sha256(encoded).hexdigest()[:VERSION]
        return _All(seq, version, msgspec.Raw(encoded))


def _require(principal: Principal) -> None:
    """Raise RefusalError unless the credential of someone who was let in allows reading."""
    if not KNOW.is_given(principal.role, principal.scopes, RoomKind.FREE):
        raise RefusalError("forbidden", f"Not allowed to {KNOW.label}")
