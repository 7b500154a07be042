"""Reading: questions that get a single answer."""

import asyncio
import math
from typing import NamedTuple

from hubbub.domain.access import Operation, RoomKind
from hubbub.domain.aspects.document import Document
from hubbub.domain.patterns import spans
from hubbub.domain.principals import Principal
from hubbub.domain.threads import by_message
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import History, Page, Snapshot
from hubbub.server.engine.fanout import FanOut
from hubbub.server.hub.authors import Authors, replied_in
from hubbub.server.hub.positions import Positions
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.snapshots import Snapshots
from hubbub.server.stores.base import RoomRow, Store

CHECK_SECONDS = 0.8  # seconds for one check of the database; load balancers usually wait one
SLOW_SECONDS = 5.0  # for which a database that answered may be silent and still count as there


class EventPage(NamedTuple):
    """A page of a room's log, as long-polling returns it."""

    epoch: str
    head: int
    bodies: list[bytes]


class Lookup:
    """Answers questions about rooms: their history, events and state, and which there are."""

    def __init__(
        self,
        store: Store,
        fanout: FanOut,
        positions: Positions,
        snapshots: Snapshots,
        rights: Rights,
        authors: Authors,
    ) -> None:
        self._store = store
        self._authors = authors
        self._fanout = fanout
        self._positions = positions
        self._snapshots = snapshots
        self._rights = rights
        self._is_stopping = False
        self._checking: asyncio.Task[None] | None = None
        self._checked = -math.inf  # when the database last answered a check

    @property
    def epoch(self) -> str:
        """The identity of the logs."""
        return self._store.epoch

    async def check(self) -> None:
        """Read from and write to the database. Raises StoreFailed; TimeoutError if it has not answered for SLOW_SECONDS.

        There is one check at a time, which all who ask meanwhile wait for, and which goes on when they stop waiting. A database
        that is slow for a moment is there: were it not, a load balancer would take all nodes away at once.
        """
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())
        try:
            await asyncio.wait_for(asyncio.shield(self._checking), CHECK_SECONDS)
        except TimeoutError:
            if asyncio.get_running_loop().time() - self._checked > SLOW_SECONDS:
                raise

    async def _check(self) -> None:
        await self._store.check()
        self._checked = asyncio.get_running_loop().time()

    async def snapshot(self, principal: Principal, room: str) -> Snapshot:
        """Return the room as it is now. Raises RefusalError."""
        await self._rights.require(principal, Operation.READ, room)
        with self._fanout.pinned(room) as feed:
            await self._fanout.meet([feed])
            stored = await self._snapshots.read(feed)
            people = await self._snapshots.people(feed, stored)
            await self._rights.require(principal, Operation.READ, room, stored.page.head)
            return self._snapshots.show(feed, stored, people)

    async def history(self, principal: Principal, history: History) -> Page:
        """Return the messages just before or after a seq. Raises RefusalError."""
        await self._rights.require(principal, Operation.READ, history.room)
        if history.before is not None and history.after is not None:
            raise RefusalError("bad_request", "Use either `before` or `after`, not both")
        head, messages, more, threads = await self._store.history(
            history.room, history.before, history.after, history.limit
        )
        people = await self._authors.of(messages, replied_in(threads))
        await self._rights.require(principal, Operation.READ, history.room, head)
        return Page(
            room=history.room,
            epoch=self.epoch,
            head=head,
            messages=messages,
            more=more,
            people=people,
            threads=by_message(threads),
        )

    async def document(self, principal: Principal, room: str) -> Document:
        """Return the room's state document. Raises RefusalError."""
        await self._rights.require(principal, Operation.READ, room)
        document = await self._store.document(room)
        await self._rights.require(principal, Operation.READ, room, document.seq)
        return document

    async def rooms(
        self, principal: Principal, after: str, limit: int
    ) -> list[tuple[RoomRow, int]]:
        """Return the rooms that a principal may list, by name, and how many people are in each. Raises RefusalError.

        Rooms that the principal may not know of are not even read; see `spans`.
        """
        if not Operation.READ.is_given(principal.role, principal.scopes, RoomKind.FREE):
            raise RefusalError("forbidden", f"Not allowed to {Operation.READ.label}")
        rows: list[RoomRow] = []
        while len(rows) < limit:
            count = limit - len(rows)
            found = await self._store.rooms(after, count, spans(principal.rooms))
            rows += [row for row in found if await self._rights.may_know(principal, row.room)]
            if len(found) < count:
                break
            after = found[-1].room
        counts = await self._fanout.counts([row.room for row in rows])
        return list(zip(rows, counts, strict=True))

    async def events(
        self,
        principal: Principal,
        room: str,
        since: int | None,
        epoch: str | None,
        wait: float,
    ) -> EventPage:
        """Return events after a position; if there are none yet, wait up to `wait` seconds for some.

        Raises RefusalError: `reset` if the log can't be read from there, `bad_position` if no log can.
        """
        await self._rights.require(principal, Operation.READ, room)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        with self._fanout.pinned(room) as feed, feed.followers.polling(principal) as poll:
            head = await self._fanout.head(feed)
            since = head if since is None else since
            if self._positions.is_of_another_log(since, epoch):
                raise self._reset(head, "The log was replaced by another")
            await self._positions.check(feed, since)
            while since >= head and not self._is_stopping and (left := until - loop.time()) > 0:
                poll.check(since)
                await feed.moved(left)
                head = await self._fanout.head(feed)
            poll.check(since)
            head = poll.upto(head)
            page = await self._store.read(room, since, head)
            if page.kept > since + 1:
                raise self._reset(
                    head, "The log no longer has the events after `since`", truncated=page.kept
                )
            return EventPage(self.epoch, max(since, head), page.bodies)

    def stop(self) -> None:
        """End waits for events, now and from now on."""
        self._is_stopping = True
        for feed in self._fanout:
            feed.wake()

    def _reset(self, head: int, why: str, **facts: int) -> RefusalError:
        hint = "Take a snapshot, and continue from its head"
        return RefusalError("reset", why, hint=hint, epoch=self.epoch, head=head, **facts)
