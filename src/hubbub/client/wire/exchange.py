"""Sends commands over the current connection and returns their answers; retries where that is safe."""

import asyncio
from collections.abc import Callable
from typing import Any

from hubbub.client.errors import Closed, Refused
from hubbub.client.wire.backoff import Backoff
from hubbub.client.wire.link import ClientLink, Outside
from hubbub.client.wire.outbox import Outbox, Sendable, keyed
from hubbub.protocol.messages import AnyCommand

MAX_UNANSWERED = 100
# `internal` is temporary too, but the command may have been carried out before the error.
_TRIED_AGAIN = frozenset({"rate_limited", "busy", "unavailable"})


class Exchange:
    """The commands of one client, and their answers.

    A temporarily refused command is retried for at most `patience` seconds. At most 100 commands
    are in flight; more wait for their turn. `stir` is set whenever a command is queued.
    """

    def __init__(self, outside: Outside, patience: float) -> None:
        self._outside = outside
        self._patience = patience
        self.stir = asyncio.Event()
        self._outbox = Outbox()
        self._turns = asyncio.Semaphore(MAX_UNANSWERED)
        self._closed: Closed | None = Closed(None, "The client was not opened")
        self.settle = self._outbox.settle
        self.link_lost = self._outbox.link_lost

    @property
    def awaits_answers(self) -> bool:
        """Whether any command is not answered yet."""
        return self._outbox.awaits_answers

    def open(self) -> None:
        """Accept commands from now on."""
        self._closed = None

    def limit(self, max_frame_bytes: int) -> None:
        """Refuse larger commands here, since the server would close the connection for them (1009)."""
        self._outbox.limit(max_frame_bytes)

    def end(self, closed: Closed) -> None:
        """Fail all commands from now on."""
        self._closed = closed
        self._outbox.end(closed)

    async def ask(
        self, command: Sendable, kind: Any = Any, on_ok: Callable[[Any], None] | None = None
    ) -> Any:
        """Send a command and return the `ok` of its reply as a `kind`. `on_ok` is called with it before later frames are read.

        Raises:
            Refused: the server refused the command, for the whole time of the retries.
            Unknown: the command was sent, but no answer will arrive.
            Closed: the command was not sent and won't be.
        """
        until = self._outside.now() + self._patience
        waits, command = Backoff(self._outside.draw), keyed(command)
        while True:
            try:
                return await self._ask_once(command, kind, on_ok)
            except Refused as refusal:
                if refusal.code not in _TRIED_AGAIN:
                    raise
                delay = waits.next(refusal.retry_after or 0.0)
                if self._outside.now() + delay > until:
                    raise
            await self._outside.sleep(delay)

    def tell(self, command: AnyCommand) -> None:
        """Send a command if there is a connection, and ignore its outcome."""
        self._outbox.tell(command)

    async def write(self, link: ClientLink) -> None:
        """Send queued commands, now and later, on a new connection. Raises LinkLost."""
        self._outbox.link_found()
        while True:
            for frame in self._outbox.unsent():
                await link.send(frame)
            await self._outbox.until_stirred()

    async def _ask_once(
        self, command: Sendable, kind: Any, on_ok: Callable[[Any], None] | None
    ) -> Any:
        async with self._turns:
            if self._closed is not None:
                raise self._closed
            pending = self._outbox.add(command, kind, on_ok)
            self.stir.set()
            try:
                return await pending.answer
            finally:
                self._outbox.discard(pending)
