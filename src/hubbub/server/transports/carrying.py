"""Carries a client over a session, whose requests come at any time and in tasks of their own."""

import asyncio

from hubbub.server.clients.base import ServedClient, Transport


class Carried:
    """A client that is opened, hears and ends in the order that it was promised (see clients/base.py)."""

    __slots__ = ("_client", "_hearings", "_is_over", "_opening", "_transport", "turn")

    def __init__(self, client: ServedClient, transport: Transport) -> None:
        """Open it."""
        self.turn = asyncio.Lock()  # of requests that bring messages
        self._client = client
        self._transport = transport
        self._hearings = 0
        self._is_over = False
        later = client.open(transport)
        self._opening = None if later is None else asyncio.create_task(later)

    async def hear(self, message: str | bytes) -> None:
        """Let it hear a message, unless it is gone, and wait while its outlet is full. Raises as the client does."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
            self._opening = None
        if self._is_over:
            return
        self._hearings += 1
        try:
            if (later := self._client.hear(message)) is not None:
                await later
        finally:
            self._hearings -= 1
            self._end_if_over()
        outlet = self._transport.outlet
        if outlet.is_full:
            await outlet.drained()

    @property
    def is_hearing(self) -> bool:
        """Whether it is carrying out what it has heard."""
        return self._hearings > 0

    def move(self) -> None:
        """Its transport has another outlet."""
        self._client.move(self._transport.outlet)

    def end(self) -> None:
        """It is gone. If it is hearing something, it learns that afterwards."""
        if not self._is_over:
            self._is_over = True
            if self._opening is not None:
                self._opening.cancel()
            self._end_if_over()

    def _end_if_over(self) -> None:
        if self._is_over and not self._hearings:
            self._client.end()
