"""What all open links have in common, and how they are kept alive: heartbeats, and the notice at shutdown.

Sessions without a connection are also tracked here, since they are limited and counted. What a transport promises
its client is in clients/base.py.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.messages import Closing
from hubbub.server.engine.outlet import Mailbox, Outlet
from hubbub.server.mistakes import try_all

HEARTBEAT = 15.0  # seconds from one ping to the next
MAX_POLLED = 10_000  # simultaneous sessions, by default


class Link(Protocol):
    """A long-lived connection of any transport."""

    was_heard: bool

    @property
    def hears(self) -> bool:
        """Whether the peer can say anything, be it only that it is there."""

    @property
    def outlet(self) -> Outlet:
        """Its writing end."""

    def ping(self) -> None:
        """Ask for a sign of life, or give one."""

    def hang_up(self, code: Close) -> None:
        """Begin to close."""

    def stop(self, notice: Closing) -> None:
        """Tell the client that the server stops, and begin to close."""


def _ping_or_close(link: Link) -> None:
    if link.was_heard:
        link.ping()
    else:
        link.hang_up(Close.TIMED_OUT)


class Links:
    """All open links. Pings each regularly, and closes those that stay silent.

    `polled` are the mailboxes of polling sessions, at most `max_polled`.
    """

    def __init__(self, max_polled: int = MAX_POLLED) -> None:
        self.polled: set[Mailbox] = set()
        self._max_polled = max_polled
        self._due: dict[Link, float] = {}
        self._emptied = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[Link]:
        return iter(list(self._due))

    def add(self, link: Link) -> None:
        """A link was opened."""
        self._due[link] = asyncio.get_running_loop().time() + HEARTBEAT

    def discard(self, link: Link) -> None:
        """A link is gone."""
        self._due.pop(link, None)
        if not self._due:
            self._emptied.set()

    def heard_since(self, link: object) -> float | None:
        """Return how many seconds ago, at most, a link was heard; None for one that only tells, and for what is no link."""
        known = cast("Link", link)
        if (due := self._due.get(known)) is None or not known.hears:
            return None
        pinged = asyncio.get_running_loop().time() - (due - HEARTBEAT)
        return max(0.0, pinged if known.was_heard else pinged + HEARTBEAT)

    def admit(self, mailbox: Mailbox) -> None:
        """Add a polling session. Raises RefusalError if there are too many."""
        if len(self.polled) >= self._max_polled:
            raise RefusalError(
                "unavailable", "The server has too many sessions; try again later", retry_after=1.0
            )
        self.polled.add(mailbox)

    def beat(self, now: float) -> None:
        """Ping or close the links that are due. Called about once a second."""
        due = [link for link, at in self._due.items() if at <= now]
        self._due |= dict.fromkeys(due, now + HEARTBEAT)
        try_all(_ping_or_close, due)

    async def stop(self, notice: Callable[[int], Closing], timeout: float) -> None:
        """Tell all links that the server stops, and wait up to `timeout` seconds for them to go."""
        self._emptied.clear()
        count = len(self._due)
        for link in list(self._due):
            link.stop(notice(count))
        if self._due:
            try:
                await asyncio.wait_for(self._emptied.wait(), timeout)
            except TimeoutError:
                pass
