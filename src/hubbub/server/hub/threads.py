"""Threads as people ask about them: those of a room, and those that one follows."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import UNSET, structs

from hubbub.domain import threads
from hubbub.domain.access import Operation
from hubbub.domain.facts import Head, MessageKey
from hubbub.domain.principals import Principal
from hubbub.domain.threads import Thread
from hubbub.protocol.commands.threads import (
    PAGE,
    ListMyThreads,
    ListThreads,
    MyThread,
    MyThreadsPage,
    ThreadItem,
    ThreadsPage,
)
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import is_thread_key
from hubbub.protocol.messages import Question
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.turns import Turns
from hubbub.server.stores.base import Activity, OwnThread, Store


class Threads:
    """Lists threads, those with the newest replies first. All methods raise RefusalError and StoreFailed."""

    def __init__(self, store: Store, rights: Rights, authors: Authors, turns: Turns) -> None:
        """A turn is taken while the threads that somebody follows are looked up."""
        self._store = store
        self._rights = rights
        self._authors = authors
        self._turns = turns
        self.answering: dict[type[Question], Callable[[Principal, Any], Awaitable[Any]]] = {
            ListThreads: self.of_room,
            ListMyThreads: self.mine,
        }

    async def of_room(self, principal: Principal, asked: ListThreads) -> ThreadsPage:
        """Return threads of a room, with the messages that they are about."""
        room, after = asked.room, _place(asked.before)
        await self._rights.require(principal, Operation.READ, room)
        rows = await self._store.newest_threads(room, after, asked.limit + 1)
        keys = [MessageKey(room, row.message) for row in rows[: asked.limit]]
        heads, found = await self._store.messages(keys)
        messages = [each.message if each else None for each in found]
        named = [name for row in rows for name in row.people.split()]
        people = await self._authors.of(filter(None, messages), named)
        await self._rights.require(principal, Operation.READ, room, heads.get(room, Head()).seq)
        items = [
            ThreadItem(**_fields(row), thread=row.thread, message=message)
            for row, message in zip(rows, messages, strict=False)
        ]
        return ThreadsPage(room, self._store.epoch, items, len(items) < len(rows), people)

    async def mine(self, principal: Principal, asked: ListMyThreads) -> MyThreadsPage:
        """Return threads that an account follows, as far as it may read them."""
        if not principal.is_account:
            raise RefusalError("forbidden", "Only accounts have lists of their own")
        await self._rights.require(principal, Operation.READ, principal.id)
        async with self._turns.of(principal):
            return await self._mine(principal, asked)

    async def unread(self, principal: Principal) -> MyThreadsPage:
        """Return the first threads with something unread, for an account that has taken its turn."""
        return await self._mine(principal, ListMyThreads(unread=True, limit=PAGE))

    async def _mine(self, principal: Principal, asked: ListMyThreads) -> MyThreadsPage:
        after = _place(asked.before)
        found = await self._store.own_threads(
            principal.id, after, asked.limit, only_unread=asked.unread
        )
        rooms = {row.thread.room for row in found.threads}
        readable = await self._rights.readable(principal, rooms) if rooms else set()
        items = [_item(row) for row in found.threads if row.thread.room in readable]
        then = "/".join(found.upto) if found.upto else UNSET
        return MyThreadsPage(self._store.epoch, items, found.upto is not None, then)


def _fields(row: Thread) -> dict[str, Any]:
    """Return what lists and rooms show of a thread."""
    return structs.asdict(threads.shown(row))


def _item(row: OwnThread) -> MyThread:
    return MyThread(
        **_fields(row.thread),
        thread=row.thread.thread,
        room=row.thread.room,
        message=row.thread.message,
        head=row.head,
        read=row.read,
        read_nth=row.read_nth,
        unread=row.unread,
        mentions=row.mentions,
        marked=bool(row.is_marked),
        level=row.level,
        muted_until=row.muted_until,
        starred=bool(row.starred),
    )


def _place(before: str | None) -> Activity:
    """Return a place in a list from what a page said of it. Raises RefusalError."""
    if before is None:
        return Activity()
    at, _, thread = before.partition("/")
    if not is_thread_key(thread):
        raise RefusalError(
            "bad_request",
            "Invalid `before`: use the `at` and the `thread` of an item, with a slash between them",
        )
    return Activity(at, thread)
