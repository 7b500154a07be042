"""Keeps what is known of an account's rooms and of people in step with the server, by following logs and heads."""

import asyncio
import logging
import weakref
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any

from msgspec.structs import replace

from hubbub.client.account.changes import Changes, MyChange
from hubbub.client.account.mine import Mine
from hubbub.client.errors import Closed, Refused, Unknown
from hubbub.client.rooms.inbox import Reset, Skipped
from hubbub.client.rooms.reading import Reading
from hubbub.client.rooms.rooms import Rooms, Watcher
from hubbub.client.wire.backoff import Backoff
from hubbub.client.wire.exchange import Exchange
from hubbub.client.wire.link import Outside
from hubbub.events import Event
from hubbub.events.people import RoleChanged
from hubbub.protocol.commands.starting import Started
from hubbub.protocol.commands.threads import ListMyThreads, MyThread, MyThreadsPage
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Resumed, RoomHead, Start

log = logging.getLogger("hubbub.client")

MOST_THREADS = 500  # of those that an account follows whose heads the server tells
LOOK_AGAIN = 30.0  # seconds, for replies in others
PAUSE = 0.5  # seconds between two readings of rows, however fast rooms change


class Keeper(Watcher):
    """Asks for everything once, then follows the own log, the directory, and the heads of rooms that nobody follows.

    What a head alone doesn't tell is asked for again. Listeners hold at most `limit` changes each.
    """

    def __init__(self, exchange: Exchange, rooms: Rooms, outside: Outside, limit: int) -> None:
        self._exchange = exchange
        self._rooms = rooms
        self._outside = outside
        self._limit = limit
        self._opening = asyncio.Lock()
        self._mine: Mine | None = None
        self._epoch = ""
        self._must_begin_again = False
        self._is_looking = self._looks_again = False  # for replies in threads that are not told
        self._looked_upto = ("", "")  # the times of the newest replies, at the last two readings
        self._logs: dict[str, Reading] = {}  # the own log and the directory
        self._watched: set[str] = set()  # the rooms whose heads, or events, the server tells
        self._tasks: set[asyncio.Task[None]] = set()
        self._stir = asyncio.Event()
        self._listeners: weakref.WeakSet[Changes] = weakref.WeakSet()
        self._end: tuple[Exception | None] | None = None

    @property
    def known(self) -> Mine:
        """What is known. Raises RuntimeError before `open`."""
        if self._mine is None:
            raise RuntimeError("Nothing is known yet; call `await client.me.open()` first")
        return self._mine

    async def open(self) -> None:
        """Begin. Safe to call again. Raises ValueError if a log is followed already, and as `Exchange.ask`."""
        async with self._opening:
            if self._mine is None:
                await self._begin(await self._exchange.ask(Start(), Started))

    def listen(self) -> Changes:
        """The changes from now on, for as long as the returned object is referenced."""
        listener = Changes(self._limit, self.open)
        if self._end is not None:
            listener.end(*self._end)
        self._listeners.add(listener)
        return listener

    def tell(self, change: MyChange) -> None:
        """Tell a change of what somebody else keeps."""
        for listener in self._listeners:
            listener.put(change)

    def end(self, error: Exception | None) -> None:
        """The client is closed. Iterating over changes ends, with `error` if there is one."""
        self._end = (error,)
        for task in self._tasks:
            task.cancel()
        for listener in self._listeners:
            listener.end(error)

    def heads(self) -> dict[str, int]:
        """The rooms that are not followed in full."""
        if self._mine is None:
            return {}
        heads = self._mine.heads
        return {key: heads[key] for key in heads if self._rooms.received(key) is None}

    def moved(self, heads: dict[str, RoomHead]) -> None:
        """Rooms have come that far."""
        if self._mine is not None:
            self._say(self._mine.moved(heads))

    def heard(self, event: Event | Skipped) -> None:
        """An event came, of a room that is followed in full."""
        if self._mine is not None:
            self._say(self._mine.of_room(event))

    def at_least(self, room: str, head: int) -> None:
        """A room has come at least that far."""
        if self._mine is not None:
            self._mine.at_least(room, head)
            self._tell([])

    def closed(self, room: str) -> None:
        """A room is not followed in full any more: be told its head again."""
        if self._mine is not None:
            self._watched.discard(room)
            self._tell([])

    async def _begin(self, started: Started) -> None:
        """Take in the first answer, and the threads as they are now."""
        self._attach(_positions(started), started.epoch)
        mine = self._mine = Mine(started)
        self._epoch = started.epoch
        try:
            await self._read_threads(mine)
        finally:
            self._do(self._keep(mine))
            self._tell([])

    def _attach(self, positions: dict[str, int], epoch: str) -> None:
        for reading in self._rooms.follow_all(positions, {}, epoch):
            self._logs[reading.room] = reading
            self._do(self._fold(reading))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):  # a bug of ours
            log.error("Internal error in the client", exc_info=error)
            self.end(Closed(None, f"Internal error in the client: {error!r}"))

    async def _fold(self, log: Reading) -> None:
        """Fold the events of a log in, until it ends."""
        while True:
            try:
                item = await log.take()
            except (StopAsyncIteration, Closed):
                return
            except Refused:  # as for the directory, if the account is a guest's now
                del self._logs[log.room]
                self._begin_again()
                return
            match item:
                case Reset():
                    self._begin_again()
                case Resumed():
                    pass
                case RoleChanged():  # it may follow the directory now
                    self._begin_again()
                case _:
                    mine = self.known
                    fold = mine.of_directory if log.room == DIRECTORY else mine.of_own
                    self._tell(fold(item))

    def _begin_again(self) -> None:
        self._must_begin_again = True
        self._stir.set()

    def _tell(self, changes: Iterable[MyChange]) -> None:
        """Tell changes, and be told the heads of rooms that are new."""
        self._watch()
        self._say(changes)

    def _say(self, changes: Iterable[MyChange]) -> None:
        """Tell changes, and see to what must be read again."""
        for change in changes:
            self.tell(change)
        if self.known.owes:
            self._stir.set()

    def _watch(self) -> None:
        """Be told the heads of the rooms and threads that are new."""
        heads = self.known.heads
        new = heads.keys() - self._watched
        self._watched = set(heads)
        for room in new:
            self.known.at_least(room, self._rooms.received(room) or 0)
        heads = {room: heads[room] for room in new if self._rooms.received(room) is None}
        if heads:
            self._rooms.follow_all({}, heads, self._epoch)

    async def _keep(self, mine: Mine) -> None:
        """Read what is owed again, whenever something is."""
        waits = Backoff(self._outside.draw)
        while True:
            await self._stir.wait()
            self._stir.clear()
            while self._must_begin_again or mine.owes or self._looks_again:
                try:
                    await self._read(mine)
                except (Unknown, Closed):
                    return
                except Refused as refusal:
                    if not refusal.temporary:
                        self.end(refusal)
                        return
                    await self._outside.sleep(waits.next())
                await self._outside.sleep(PAUSE)

    async def _look_again(self, mine: Mine) -> None:
        """Have the list of threads read now and then, for replies in those whose heads the server doesn't tell."""
        while mine.threads.has_others:
            await self._outside.sleep(LOOK_AGAIN)
            self._looks_again = True
            self._stir.set()
        self._is_looking = False

    async def _read(self, mine: Mine) -> None:
        """Ask for everything or, if only rows are owed, without the people."""
        if self._must_begin_again or mine.misses_people:
            start = Start(emoji=mine.emoji_version)
            await self._exchange.ask(start, Started, partial(self._replace, mine))
        elif mine.owed:
            known = self._logs.get(DIRECTORY)
            since = None if known is None else known.position.seq
            start = Start(directory=since, epoch=self._epoch, emoji=mine.emoji_version)
            await self._exchange.ask(start, Started, partial(self._take, mine))
        if mine.threads.owes:
            await self._read_threads(mine)
        elif self._looks_again:
            await self._read_moved_threads(mine)

    async def _read_moved_threads(self, mine: Mine) -> None:
        """Read the list of threads down to replies that are older than the last reading but one: clocks of nodes differ."""
        version, (upto, newest) = mine.threads.version, self._looked_upto
        first = page = await self._page()
        rows = page.threads[:]
        while page.next and page.next >= upto:
            page = await self._page(page.next)
            rows += page.threads
        if version == mine.threads.version:
            self._looks_again, self._looked_upto = False, (newest, _newest(first))
            self._tell(mine.threads.read_again(version, rows, is_all=False))

    async def _read_threads(self, mine: Mine) -> None:
        """Read the list of threads, the first page last: whatever moves meanwhile is there."""
        version = mine.threads.version
        rows: dict[str, MyThread] = {}
        try:
            first = page = await self._page()
            while page.next and len(rows) < MOST_THREADS:
                rows |= {row.thread: row for row in page.threads}
                page = await self._page(page.next)
        except Refused as refusal:
            if refusal.temporary:
                raise
            page = first = MyThreadsPage(self._epoch, [], more=False)  # an older server has none
        rows |= {row.thread: row for row in page.threads}
        if page is not first:
            rows |= {row.thread: row for row in (await self._page()).threads}
        self._looks_again, self._looked_upto = False, (_newest(first), _newest(first))
        self._tell(mine.threads.read_again(version, [*rows.values()], is_all=not page.more))
        if mine.threads.has_others and not self._is_looking:
            self._is_looking = True
            self._do(self._look_again(mine))

    async def _page(self, before: str | None = None) -> MyThreadsPage:
        page: MyThreadsPage = await self._exchange.ask(ListMyThreads(before=before), MyThreadsPage)
        return page

    def _replace(self, mine: Mine, started: Started) -> None:
        """Take everything from an answer, unless events have been told that it may not know of."""
        positions = _positions(started)
        logs = [log for log in self._logs.values() if log.position.epoch == started.epoch]
        if any(log.position.seq > positions.get(log.room, log.position.seq) for log in logs):
            return
        self._must_begin_again = False
        self._epoch = started.epoch
        self._watched = set()
        self._attach({log: positions[log] for log in positions.keys() - self._logs}, started.epoch)
        self._tell(mine.begin_again(started))

    def _take(self, mine: Mine, started: Started) -> None:
        """Take the rows that were asked for. Leave out the emoji if the directory has since told of newer ones."""
        directory = self._logs.get(DIRECTORY)
        if started.epoch != self._epoch or (started.directory is None) == (directory is not None):
            self._must_begin_again = True
            return
        if directory is not None and directory.position.seq > (started.directory or 0):
            started = replace(started, emoji=None)
        self._tell(mine.read_again(started))


def _newest(page: MyThreadsPage) -> str:
    """Return the time of the newest reply on the first page, or at least of where the page ends."""
    return page.threads[0].at if page.threads else page.next or ""


def _positions(started: Started) -> dict[str, int]:
    """Return the positions to follow the own log and the directory from."""
    directory = {} if started.directory is None else {DIRECTORY: started.directory}
    return {started.account: started.own, **directory}
