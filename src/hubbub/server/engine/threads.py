"""Tells those who follow a room what is new about its threads: a signal with the newest numbers, not too often."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from hubbub.domain.facts import Needs
from hubbub.domain.live.values import LiveReport
from hubbub.domain.threads import THREAD, ThreadKey, shown
from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.codec import encode
from hubbub.protocol.keys import parent_of, root_of, thread_key
from hubbub.protocol.messages import ThreadsMoved
from hubbub.server.brokers.base import Broker
from hubbub.server.engine.feeds import Feed
from hubbub.server.stores.base import Records, StoreFailed

TELL_EVERY = 0.25  # seconds
AT_ONCE = 50  # threads of one room, of which the newest are told; who has to know of others asks for a list

log = logging.getLogger(__name__)


class ThreadNews:
    """Notes which threads have changed, and tells what their rooms show of them then, read once for all followers.

    Other nodes are told which ones have changed here, and read them for their own followers.
    """

    def __init__(
        self,
        store: Records,
        broker: Broker,
        feed_of: Callable[[str], Feed | None],
        send: Callable[[str, list[bytes]], object],
    ) -> None:
        """`feed_of` gives the feed of a room that is followed here; `send` writes signals to its followers."""
        self._store = store
        self._broker = broker
        self._feed_of = feed_of
        self._send = send
        self._changed: dict[
            str, dict[int, bool]
        ] = {}  # messages by room; whether they changed here
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    def note(self, thread: str) -> None:
        """A thread was changed on this node."""
        self._note(parent_of(thread), [root_of(thread)], is_own=True)

    def hear(self, live: LiveReport) -> None:
        """Another node reports which threads were changed there."""
        if live.threads:
            self._note(live.room, live.threads, is_own=False)

    def _note(self, room: str, messages: Iterable[int], *, is_own: bool) -> None:
        if feed := self._feed_of(room):
            feed.forget()  # its snapshot shows them
        changed = self._changed.setdefault(room, {})
        for message in messages:
            changed[message] = changed.pop(message, False) or is_own
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TELL_EVERY, self._begin)

    def close(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._telling is not None:
            self._telling.cancel()

    def _begin(self) -> None:
        if self._telling is not None and not self._telling.done():
            self._timer = asyncio.get_running_loop().call_later(TELL_EVERY, self._begin)
            return
        self._timer = None
        changed, self._changed = self._changed, {}
        self._telling = asyncio.create_task(self._tell(changed))

    async def _tell(self, changed: dict[str, dict[int, bool]]) -> None:
        for room, messages in changed.items():
            if own := [message for message, is_own in messages.items() if is_own][-AT_ONCE:]:
                self._broker.share(LiveReport(room, self._broker.node, threads=own))
            try:
                threads = await self._read(room, list(messages)[-AT_ONCE:])
            except StoreFailed as error:
                log.warning("Can't tell of the threads in %s: %s", room, error)
                continue
            if threads and self._feed_of(room):
                self._send(room, [encode(ThreadsMoved(room, threads))])

    async def _read(self, room: str, messages: Iterable[int]) -> dict[int, ThreadInRoom]:
        """Return what a room shows now of the threads of some messages, if it is followed."""
        if self._feed_of(room) is None:
            return {}
        wanted = Needs()
        for message in messages:
            wanted.row(THREAD, ThreadKey(thread_key(room, message)))
        rows = (await self._store.find(wanted)).rows[THREAD].values()
        return {row.message: shown(row) for row in rows if row}
