"""Messages that were entered and not yet acknowledged: posted one after the other, so that they keep their order."""

import asyncio
import secrets
from collections import deque

from hubbub.client import Client, Refused
from hubbub.terminal.home import Draft, Drafts
from hubbub.terminal.screen import Screen
from hubbub.terminal.text import in_a_row, shorten

MAX_LINES = 1000
CONFIRM_SECONDS = 1.0  # what is not acknowledged by then is said to be on its way
_EXCERPT = 60  # columns


class Outgoing:
    """A bounded queue of messages. With `drafts`, they outlive the program.

    Attributes:
        last_seq: the number that the last acknowledged message became.
        refusal: why the last refused message was.
    """

    def __init__(self, screen: Screen, drafts: Drafts | None = None) -> None:
        self._screen = screen
        self._drafts = drafts
        self._queue: deque[Draft] = deque()
        self._stir = asyncio.Event()
        self._taken = asyncio.Event()
        self.last_seq = 0
        self.refusal: Refused | None = None

    def resume(self) -> None:
        """Begin with what was left the last time."""
        if self._drafts is not None:
            try:
                self._queue.extend(self._drafts.load())
            except OSError as error:
                self._give_up_keeping(error)
        if self._queue:
            self._screen.remark(f"unsent messages from last time, sent now: {len(self._queue)}")

    async def add(self, text: str) -> None:
        """Queue a message; waits while very many are queued already."""
        while len(self._queue) >= MAX_LINES:
            await self._until_taken()
        self.keep(text)

    def keep(self, text: str) -> None:
        """Queue a message, however many there are already."""
        self._queue.append(self._draft(text))
        self._stir.set()

    async def until_acknowledged(self) -> None:
        """Wait until each message has its answer."""
        while self._queue:
            await self._until_taken()

    async def post_by(self, client: Client, room: str) -> None:
        """Post what is queued, and what will be. Raises what ends the client."""
        while True:
            while self._queue:
                await self._post(client, room, self._queue[0])
                self._forget(self._queue.popleft())
                self._taken.set()
            self._stir.clear()
            await self._stir.wait()

    def say_goodbye(self) -> None:
        """Say what was not acknowledged, and what becomes of it."""
        if not self._screen.is_interactive:
            if self._queue:
                self._screen.complain(f"messages not acknowledged: {len(self._queue)}")
            return
        for draft in self._queue:
            self._screen.complain(f"not sent yet: {_excerpt(draft.text)}")
        if self._queue and self._drafts is not None:
            self._screen.complain("kept, and sent the next time you chat here")

    async def _post(self, client: Client, room: str, draft: Draft) -> None:
        """The SDK sends it again for as long as it takes, and never twice."""
        posting = asyncio.create_task(client.post(room, draft.text, client_message_id=draft.id))
        try:
            if not (await asyncio.wait({posting}, timeout=CONFIRM_SECONDS))[0]:
                what = _excerpt(draft.text)
                self._screen.remark(f"not confirmed yet, and will be sent again: {what}")
            self.last_seq = (await posting).seq
        except Refused as refusal:
            self.refusal = refusal
            self._screen.complain(f"refused ({refusal.message}): {_excerpt(draft.text)}")
        finally:
            posting.cancel()

    def _draft(self, text: str) -> Draft:
        if self._drafts is not None:
            try:
                return self._drafts.add(text)
            except OSError as error:
                self._give_up_keeping(error)
        return Draft(secrets.token_urlsafe(16), text)

    def _forget(self, draft: Draft) -> None:
        if self._drafts is not None:
            try:
                self._drafts.remove(draft)
            except OSError as error:
                self._give_up_keeping(error)

    def _give_up_keeping(self, error: OSError) -> None:
        self._drafts = None
        self._screen.complain(f"unsent messages are not kept when you leave: {error}")

    async def _until_taken(self) -> None:
        self._taken.clear()
        await self._taken.wait()


def _excerpt(text: str) -> str:
    return shorten(in_a_row(text), _EXCERPT)
