"""What is kept beside messages, as people ask about it. Who may not read a room is shown nothing of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from hubbub.domain.access import Operation
from hubbub.domain.aspects.conversation.pins import PINS
from hubbub.domain.facts import Head, MessageKey
from hubbub.domain.principals import Principal
from hubbub.protocol.conversation import ListPins, PinItem, PinsPage
from hubbub.protocol.messages import Question
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import Store

Answering = Callable[[Principal, Any], Awaitable[Any]]


class Questions:
    """Answers questions. All methods raise RefusalError and StoreFailed."""

    def __init__(self, store: Store, rights: Rights) -> None:
        self._store = store
        self._rights = rights
        self.answering: dict[type[Question], Answering] = {ListPins: self.pins}

    async def answer(self, principal: Principal, question: Question) -> Any:
        """Return the answer to any question."""
        return await self.answering[type(question)](principal, question)

    async def pins(self, principal: Principal, asked: ListPins) -> PinsPage:
        """Return pinned messages of a room, the last pinned first."""
        room = asked.room
        await self._rights.require(principal, Operation.READ, room)
        rows = sorted(await self._store.rows(PINS, room), key=lambda row: row.seq, reverse=True)
        rest = [row for row in rows if asked.before is None or row.seq < asked.before]
        keys = [MessageKey(room, row.message) for row in rest[: asked.limit]]
        heads, found = await self._store.messages(keys)
        head = heads.get(room, Head()).seq
        await self._rights.require(principal, Operation.READ, room, head)
        items = [
            PinItem(row.seq, row.at, row.by, each.message)
            for row, each in zip(rest, found, strict=False)
            if each and not each.message.deleted  # or it was deleted, or trimmed, just now
        ]
        return PinsPage(room, self._store.epoch, head, items, len(found) < len(rest))
