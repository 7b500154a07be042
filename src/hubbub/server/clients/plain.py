"""A plain client, as in the program that hubbub grew out of: every message goes to everyone in the room, unchanged."""

from collections.abc import Callable
from functools import partial

from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import Follow, Post
from hubbub.server.clients.base import Later, Transport
from hubbub.server.clients.room import RoomClient
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.names import is_plain
from hubbub.server.hub.writing import WAIT
from hubbub.server.people.door import Credentials
from hubbub.server.stores.base import UNREADABLE, StoreFailed


class PlainClient(RoomClient):
    """Posts what it says in one room, and follows that room."""

    __slots__ = ("_answer", "_inflow", "_is_told")

    def __init__(
        self, hub: Hub, credentials: Credentials, join: Follow, *, is_told: bool = False
    ) -> None:
        """Enter. `is_told`: its transport carries JSON, and can tell it that a message was refused. Raises RefusalError."""
        super().__init__(hub, credentials, join)
        self._is_told = is_told
        self._inflow = hub.throttle.inflow(self.principal.counted_as)
        self._answer: Callable[[Answer], None]  # it doesn't refer to this object

    @property
    def principal(self) -> Principal:
        """Who it is."""
        return self._visit.principal

    def open(self, transport: Transport) -> Later:
        """Follow the room."""
        self._answer = partial(_settle, self._hub, transport)
        return super().open(transport)

    def hear(self, message: str | bytes) -> Later | None:
        """Post a message, in turn."""
        if self._is_told or self._inflow.wait(len(message)):
            return self._post(message)
        return self._submit(message, self._answer)

    async def _post(self, message: str | bytes) -> None:
        """Post a message when it is not too early for it. Raises RefusalError if it is refused at once."""
        if self._is_told and isinstance(message, str) and "\0" in message:  # as in all JSON
            self._hub.refused("bad_request")
            raise RefusalError("bad_request", "Invalid text: it contains NUL")
        await self._inflow.take(len(message))
        refusals: list[Refusal] = []

        def note(answer: Answer) -> None:
            self._answer(answer)
            if isinstance(answer, Refusal):
                refusals.append(answer)

        if (later := self._submit(message, note)) is not None:
            await later
        if refusals:
            raise RefusalError.of(refusals[0])

    def _submit(self, message: str | bytes, answer: Callable[[Answer], None]) -> Later | None:
        if isinstance(message, str):
            post = Post(room=self._join.room, text=message)
        else:
            post = Post(room=self._join.room, bytes=message)
        if not is_plain(post):
            return self._submit_named(post, answer)
        return self._hub.writing.submit(self._visit.principal, post, answer, WAIT)

    async def _submit_named(self, post: Post, answer: Callable[[Answer], None]) -> None:
        """Submit a post once it is known whom it mentions."""
        try:
            post = await self._hub.names.in_keys(self.principal, post)
        except RefusalError as error:
            answer(error.refusal)
            return
        except StoreFailed:
            answer(UNREADABLE)
            return
        if (later := self._hub.writing.submit(self.principal, post, answer, WAIT)) is not None:
            await later


def _settle(hub: Hub, transport: Transport, answer: Answer) -> None:
    """Handle an answer. This protocol can't express refusals, so a message with invalid content is dropped.

    After any other refusal the client is disconnected, with the reason: the next message would be refused as well,
    and silence would be misleading.
    """
    if isinstance(answer, Refusal):
        hub.refused(answer.code)
        if not answer.is_of_content:
            transport.hang_up(answer.close, answer.detail)
