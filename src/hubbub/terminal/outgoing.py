"""Messages that were entered and are not acknowledged yet. They are posted one at a time, to keep their order."""

import asyncio
import secrets
from collections import deque

from hubbub.client import Client, Refused
from hubbub.protocol.keys import thread_key
from hubbub.terminal.home import Draft, Drafts
from hubbub.terminal.remarks import about_unreached
from hubbub.terminal.screen import Screen
from hubbub.terminal.text import in_a_row, shorten

MAX_LINES = 1000
CONFIRM_SECONDS = 1.0  # after which a missing acknowledgement is mentioned
_EXCERPT = 60  # columns


class Outgoing:
    """A bounded queue of messages. With `drafts`, messages survive the end of the program.

    Attributes:
        last_seq: the seq of the last acknowledged message of the room.
        refusal: why the last refused message was refused.
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
        """Queue the messages that are left from last time."""
        if self._drafts is not None:
            try:
                self._queue.extend(self._drafts.load())
            except OSError as error:
                self._give_up_keeping(error)
        if self._queue:
            self._screen.remark(f"Sending messages left from last time: {len(self._queue)}")

    async def add(self, text: str, to: int | None = None) -> None:
        """Queue a message, or a reply to one. Waits while the queue is full."""
        while len(self._queue) >= MAX_LINES:
            await self._until_taken()
        self.keep(text, to)

    def keep(self, text: str, to: int | None = None) -> None:
        """Queue a message even if the queue is full."""
        self._queue.append(self._draft(text, to))
        self._stir.set()

    async def until_acknowledged(self) -> None:
        """Wait until every message has been acknowledged or refused."""
        while self._queue:
            await self._until_taken()

    async def post_by(self, client: Client, room: str) -> None:
        """Post queued messages, now and later. Raises the error that ends the client."""
        while True:
            while self._queue:
                await self._post(client, room, self._queue[0])
                self._forget(self._queue.popleft())
                self._taken.set()
            self._stir.clear()
            await self._stir.wait()

    def say_goodbye(self) -> None:
        """Tell which messages were not acknowledged, and what happens to them."""
        if not self._screen.is_interactive:
            if self._queue:
                self._screen.complain(f"Messages not acknowledged: {len(self._queue)}")
            return
        for draft in self._queue:
            self._screen.complain(f"Not sent yet: {_excerpt(draft.text)}")
        if self._queue and self._drafts is not None:
            self._screen.complain("Saved, to be sent the next time you chat here")

    async def _post(self, client: Client, room: str, draft: Draft) -> None:
        """Post one message. The SDK repeats it until it is acknowledged, and the server stores it once."""
        where = thread_key(room, draft.to) if draft.to else room
        posting = asyncio.create_task(client.post(where, draft.text, client_message_id=draft.id))
        try:
            if not (await asyncio.wait({posting}, timeout=CONFIRM_SECONDS))[0]:
                what = _excerpt(draft.text)
                self._screen.remark(f"Not confirmed yet, will be sent again: {what}")
            answer = await posting
            if not draft.to:
                self.last_seq = answer.seq
            if answer.unreached:
                self._screen.remark(about_unreached(answer.unreached))
        except Refused as refusal:
            self.refusal = refusal
            self._screen.complain(f"Refused ({refusal.message}): {_excerpt(draft.text)}")
        finally:
            posting.cancel()

    def _draft(self, text: str, to: int | None) -> Draft:
        if self._drafts is not None:
            try:
                return self._drafts.add(text, to)
            except OSError as error:
                self._give_up_keeping(error)
        return Draft(secrets.token_urlsafe(16), text, to)

    def _forget(self, draft: Draft) -> None:
        if self._drafts is not None:
            try:
                self._drafts.remove(draft)
            except OSError as error:
                self._give_up_keeping(error)

    def _give_up_keeping(self, error: OSError) -> None:
        self._drafts = None
        self._screen.complain(
            f"Can't save unsent messages, so they are lost when you leave: {error}"
        )

    async def _until_taken(self) -> None:
        self._taken.clear()
        await self._taken.wait()


def _excerpt(text: str) -> str:
    return shorten(in_a_row(text), _EXCERPT)
