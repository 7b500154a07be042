"""What is kept beside messages, as people ask about it. Who may not read a room is shown nothing of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from hubbub.domain.access import Operation
from hubbub.domain.aspects.conversation.drafts import DRAFTS
from hubbub.domain.aspects.conversation.own import OwnEntry
from hubbub.domain.aspects.conversation.pins import PINS
from hubbub.domain.aspects.conversation.saved import SAVED
from hubbub.domain.facts import Head, MessageKey
from hubbub.domain.principals import Principal
from hubbub.events import Reference, outline
from hubbub.protocol.commands.conversation import (
    DraftItem,
    DraftsPage,
    EditsPage,
    GetEdits,
    GetMessage,
    GetSource,
    ListDrafts,
    ListPins,
    ListSaved,
    MessageSource,
    OneMessage,
    PinItem,
    PinsPage,
    SavedItem,
    SavedPage,
    Version,
)
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Message, Question
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.turns import Turns
from hubbub.server.stores.base import Store, StoredMessage

E = TypeVar("E", bound=OwnEntry)

Answering = Callable[[Principal, Any], Awaitable[Any]]

MAX_DRAFT_BYTES = 256 * 1024  # in one answer, which is queued as a whole
DRAFTS_AT_ONCE = 4  # read from the store, since each may be large

decode_version = msgspec.json.Decoder(
    Version
).decode  # of the event, whose other fields it leaves out


class Questions:
    """Answers questions. All methods raise RefusalError and StoreFailed."""

    def __init__(
        self,
        store: Store,
        rights: Rights,
        authors: Authors,
        turns: Turns,
        others: Mapping[type[Question], Answering],
    ) -> None:
        """`others` are answered elsewhere. A turn is taken while messages of many rooms are looked up."""
        self._store = store
        self._rights = rights
        self._authors = authors
        self._turns = turns
        self.answering: dict[type[Question], Answering] = {
            ListPins: self.pins,
            ListSaved: self.saved,
            ListDrafts: self.drafts,
            GetMessage: self.message,
            GetSource: self.source,
            GetEdits: self.edits,
            **others,
        }

    async def answer(self, principal: Principal, question: Question) -> Any:
        """Return the answer to any question."""
        return await self.answering[type(question)](principal, question)

    async def pins(self, principal: Principal, asked: ListPins) -> PinsPage:
        """Return pinned messages of a room, the last pinned first."""
        room = asked.room
        await self._rights.require(principal, Operation.READ, room)
        rest = _newest(await self._store.rows(PINS, room), asked.before)
        keys = [MessageKey(room, row.message) for row in rest[: asked.limit]]
        heads, found = await self._store.messages(keys)
        head = (heads.get(room, Head()) if keys else await self._store.head(room)).seq
        people = await self._authors.of(each.message for each in found if each)
        await self._rights.require(principal, Operation.READ, room, head)
        items = [
            PinItem(row.seq, row.at, row.by, each.message)
            for row, each in zip(rest, found, strict=False)
            if each and not each.message.deleted  # or it was deleted, or trimmed, just now
        ]
        return PinsPage(room, self._store.epoch, head, items, len(found) < len(rest), people)

    async def saved(self, principal: Principal, asked: ListSaved) -> SavedPage:
        """Return saved messages, the last saved first."""
        await self._require_own(principal)
        async with self._turns.of(principal):
            rest = _newest(await self._store.rows(SAVED, principal.id), asked.before)
            keys = [MessageKey(row.room, row.message) for row in rest[: asked.limit]]
            shown = await self._readable(principal, keys)
        items = [
            SavedItem(Reference(*key), row.seq, row.at, message, row.note)
            for row, key, message in zip(rest, keys, shown, strict=False)
        ]
        people = await self._authors.of(message for message in shown if message)
        return SavedPage(self._store.epoch, items, len(items) < len(rest), people)

    async def drafts(self, principal: Principal, asked: ListDrafts) -> DraftsPage:
        """Return drafts by their rooms, as many as fit into one answer."""
        await self._require_own(principal)
        items: list[DraftItem] = []
        after, size = asked.after, 0
        while size < MAX_DRAFT_BYTES and (left := asked.limit - len(items)):
            limit = min(DRAFTS_AT_ONCE, left)
            rows = await self._store.page(DRAFTS, principal.id, after=after, limit=limit)
            for row in rows:
                items.append(DraftItem(row.room, row.seq, row.at, row.text, row.reply_to))
                size += len(row.text.encode())
                after = row.room
            if len(rows) < limit:
                break
        rest = await self._store.page(DRAFTS, principal.id, after=after, limit=1)
        return DraftsPage(self._store.epoch, items, bool(rest))

    async def message(self, principal: Principal, asked: GetMessage) -> OneMessage:
        """Return a message, and some around it."""
        room, seq, around = asked.room, asked.seq, asked.around
        await self._rights.require(principal, Operation.READ, room)
        heads, (found,) = await self._store.messages([MessageKey(room, seq)])
        head, before, after = heads.get(room, Head()).seq, list[Message](), list[Message]()
        if around:
            head, before, *_ = await self._store.history(room, seq, None, around)
            head, after, *_ = await self._store.history(room, None, seq, around)
        shown = [*before, *([found.message] if found else ()), *after]
        people = await self._authors.of(shown)
        await self._rights.require(principal, Operation.READ, room, head)
        message, nth = _there(found, MessageKey(room, seq))
        url = f"/r/{quote(room, safe='@')}/{seq}"
        return OneMessage(
            *(room, self._store.epoch, head, nth, url, message), before, after, people
        )

    async def source(self, principal: Principal, asked: GetSource) -> MessageSource:
        """Return the message to which another refers."""
        one = await self.message(principal, GetMessage(room=asked.room, seq=asked.seq))
        of = one.message.of
        if of is None:
            raise RefusalError("not_found", f"Message {asked.seq} does not forward another")
        (shown,) = await self._readable(principal, [MessageKey(of.room, of.message)])
        return MessageSource(of, shown, await self._authors.of([shown] if shown else ()))

    async def edits(self, principal: Principal, asked: GetEdits) -> EditsPage:
        """Return the texts that a message has had, as many as fit into one answer."""
        room, seq, key = asked.room, asked.seq, MessageKey(asked.room, asked.seq)
        await self._rights.require(principal, Operation.READ, room)
        posted = (await self._store.read(room, seq - 1, seq)).bodies if asked.after < seq else []
        bodies = await self._store.edits(key, asked.after, asked.limit - len(posted))
        last = outline(bodies[-1]).seq if bodies else max(asked.after, seq)
        more = bool(await self._store.edits(key, last, 1))
        heads, (found,) = await self._store.messages([key])
        await self._rights.require(principal, Operation.READ, room, heads.get(room, Head()).seq)
        _there(found, key)
        versions = [decode_version(body) for body in (*posted, *bodies)]
        return EditsPage(room, self._store.epoch, seq, versions, more)

    async def _require_own(self, principal: Principal) -> None:
        if not principal.is_account:
            raise RefusalError("forbidden", "Only accounts have lists of their own")
        await self._rights.require(principal, Operation.READ, principal.id)

    async def _readable(self, principal: Principal, keys: list[MessageKey]) -> list[Message | None]:
        """Return messages, as many as fit: None for each that isn't there, or that a principal may not read now."""
        rooms = {key.room for key in keys}
        known = {room for room in rooms if await self._rights.may_read(principal, room)}
        asked = [key for key in keys if key.room in known]
        heads, found = await self._store.messages(asked)
        upto = {room: heads.get(room, Head()).seq for room in known}
        known = {room for room in known if await self._rights.may_read(principal, room, upto[room])}
        messages = {
            key: each.message if each and key.room in known else None
            for key, each in zip(asked, found, strict=False)
        }
        whole = next((n for n, key in enumerate(keys) if key in asked[len(found) :]), len(keys))
        return [messages.get(key) for key in keys[:whole]]


def _newest(rows: Iterable[E], before: int | None) -> list[E]:
    """Return entries before an event, the last kept first."""
    rest = (row for row in rows if before is None or row.seq < before)
    return sorted(rest, key=lambda row: row.seq, reverse=True)


def _there(found: StoredMessage | None, key: MessageKey) -> StoredMessage:
    """Return a message that is there and was not deleted. Raises RefusalError."""
    if found is None:
        raise RefusalError("not_found", f"No message {key.seq} in {key.room}")
    if found.message.deleted:
        raise RefusalError("gone", f"Message {key.seq} was deleted")
    return found
