"""Lines that were entered and not yet acknowledged: posted one after the other, so that they keep their order."""

import asyncio
from collections import deque

from hubbub.client import Client, Refused
from hubbub.terminal.screen import Screen

MAX_LINES = 1000
CONFIRM_SECONDS = 1.0  # a line that is not acknowledged by then is said to be on its way


class Outgoing:
    """A bounded queue of lines.

    Attributes:
        last_seq: the number that the last acknowledged line became.
        refusal: why the last refused line was.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._lines: deque[str] = deque()
        self._stir = asyncio.Event()
        self._taken = asyncio.Event()
        self.last_seq = 0
        self.refusal: Refused | None = None

    @property
    def unconfirmed(self) -> list[str]:
        """The lines that are not acknowledged, oldest first."""
        return list(self._lines)

    async def add(self, line: str) -> None:
        """Queue a line; waits while very many are queued already."""
        while len(self._lines) >= MAX_LINES:
            await self._until_taken()
        self._lines.append(line)
        self._stir.set()

    async def until_acknowledged(self) -> None:
        """Wait until each line has its answer."""
        while self._lines:
            await self._until_taken()

    async def post_by(self, client: Client, room: str) -> None:
        """Post what is queued, and what will be. Raises what ends the client."""
        while True:
            while self._lines:
                await self._post(client, room, self._lines[0])
                self._lines.popleft()
                self._taken.set()
            self._stir.clear()
            await self._stir.wait()

    async def _post(self, client: Client, room: str, line: str) -> None:
        """The SDK sends it again for as long as it takes, and never twice."""
        posting = asyncio.create_task(client.post(room, line))
        try:
            if not (await asyncio.wait({posting}, timeout=CONFIRM_SECONDS))[0]:
                self._screen.remark(f"not confirmed yet, and will be sent again: {line}")
            self.last_seq = (await posting).seq
        except Refused as refusal:
            self.refusal = refusal
            self._screen.complain(f"refused ({refusal.message}): {line}")
        finally:
            posting.cancel()

    async def _until_taken(self) -> None:
        self._taken.clear()
        await self._taken.wait()
