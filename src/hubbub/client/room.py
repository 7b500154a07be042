"""A room as its user sees it: its events, its state as of the last event taken, and what can be done in it."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, overload

from hubbub.client import verbs
from hubbub.client.exchange import Exchange
from hubbub.client.inbox import Reset
from hubbub.client.newest import Newest
from hubbub.client.reading import Reading
from hubbub.client.stream import Stream, events_and_markers, events_only
from hubbub.client.tracker import Position
from hubbub.client.verbs import Acknowledgement
from hubbub.events import AnyEvent
from hubbub.protocol.messages import (
    AnySignal,
    Delete,
    Edit,
    Members,
    Message,
    Page,
    Patch,
    React,
    Resumed,
    Signal,
    Snapshot,
    Unreact,
    Value,
)


class Room:
    """A joined room; got from `Client.join`.

    `messages`, `state` and `position` are as of the last event that was taken by `async for`, so
    that they always agree with the events seen so far. `members` and `live` are as of now.

        room = await me.join("lobby")
        async for event in room:
            print(event.seq, event.by, room.state)

    Attributes:
        name: the room's name.
    """

    def __init__(
        self,
        name: str,
        reading: Reading,
        exchange: Exchange,
        leave: Callable[[str], Awaitable[None]],
    ) -> None:
        self.name = name
        self._reading = reading
        self._exchange = exchange
        self._leave = leave

    # What the room shows

    @property
    def snapshot(self) -> Snapshot | None:
        """The room as it was when joined; None if it was joined from a position."""
        return self._reading.snapshot

    @property
    def position(self) -> Position:
        """After the last event that was taken. Give it to `Client.join` to go on from there."""
        return self._reading.position

    @property
    def messages(self) -> list[Message]:
        """The newest messages, oldest first: those of the snapshot and what came since, at most 500."""
        return list(self._reading.view.messages.values())

    @property
    def state(self) -> Any:
        """The room's state document.

        Raises:
            LookupError: the room was joined from a position, so only changes are known.
        """
        if not self._reading.has_state:
            raise LookupError(
                f"{self.name} was joined from a position; join without one for its state"
            )
        return self._reading.view.state

    @property
    def state_seq(self) -> int:
        """The seq of the document's last patch (0: none yet); for `patch(if_seq=…)`."""
        return self._reading.view.state_seq

    @property
    def members(self) -> Members:
        """Who is here now: `count`, and `names` in rooms of at most 100 people."""
        return self._reading.live.members

    @property
    def live(self) -> list[Value]:
        """The live values that have not expired."""
        return self._reading.live.values

    # What happens in the room

    def __aiter__(self) -> Stream[AnyEvent]:
        return self.stream()

    @overload
    def stream(self, *, markers: Literal[False] = False) -> Stream[AnyEvent]: ...

    @overload
    def stream(self, *, markers: Literal[True]) -> Stream[AnyEvent | Resumed | Reset]: ...

    def stream(self, *, markers: bool = False) -> Stream[Any]:
        """The room's events from its position on, in order, each once, across reconnects.

        One at a time: a room has one stream, and whoever iterates again goes on where it was left.
        It ends when the room is left or the client is closed.

        Args:
            markers: also yield `Resumed` (after a reconnect: `missed` events follow) and `Reset` (there
                is a hole; a snapshot took the place of the log).

        Raises:
            ResetError: while iterating without `markers`, where a `Reset` would be.
            Closed: while iterating, the client was closed for good by the server.
            Refused: while iterating, the room could not be joined again after a reconnect.
        """
        return Stream(self._reading.take, events_and_markers if markers else events_only)

    def signals(self) -> Newest[AnySignal]:
        """The room's signals from now on: `Typing`, `Value`, `Presence`.

        A slow reader gets only the newest of each kind, author and key; of `Presence` each, as
        long as it is less than 1,000 signals late.
        """
        return self._reading.listen()

    # What can be done

    async def post(
        self,
        message: str | bytes,
        *,
        reply_to: int | None = None,
        client_message_id: str | None = None,
    ) -> Acknowledgement:
        """Write a message; returns once it is safely stored, however many reconnects that takes.

        It is never stored twice: after a lost answer the same `client_message_id` is sent again.
        Bound the wait with `asyncio.timeout`; then keep the id, and use it again to be sure.

        Args:
            message: text, or bytes.
            reply_to: the seq of the message that this one answers.
            client_message_id: 1 to 64 characters; made up at random if not given.

        Raises:
            Refused: the server says no.
            Unknown: the client was closed before the answer came.
            Closed: the client is closed.
        """
        return await verbs.post(self._exchange, self.name, message, reply_to, client_message_id)

    async def edit(self, seq: int, text: str) -> Acknowledgement:
        """Give your message `seq` a new text. Raises as `post` does.

        After a lost answer it is sent again, so the log may hold the same `edited` event twice.
        """
        command = Edit(room=self.name, seq=seq, text=text)
        edited: Acknowledgement = await self._exchange.ask(command, Acknowledgement)
        return edited

    async def delete(self, seq: int) -> Acknowledgement | None:
        """Take your message `seq` back. Raises as `post` does.

        None if the answer was lost and the repeated command found the message deleted already.
        """
        command = Delete(room=self.name, seq=seq)
        kind = Acknowledgement | None
        deleted: Acknowledgement | None = await self._exchange.ask(command, kind)
        return deleted

    async def react(self, seq: int, emoji: str) -> Acknowledgement | None:
        """Put an emoji on message `seq`; None if it was there already. Raises as `post` does."""
        return await verbs.change(self._exchange, React(room=self.name, seq=seq, emoji=emoji))

    async def unreact(self, seq: int, emoji: str) -> Acknowledgement | None:
        """Take your emoji off message `seq`; None if it was not there. Raises as `post` does."""
        return await verbs.change(self._exchange, Unreact(room=self.name, seq=seq, emoji=emoji))

    async def patch(self, patch: Any, *, if_seq: int | None = None) -> Acknowledgement:
        """Merge a patch (RFC 7396) into the room's state document.

        Args:
            patch: what changes; None takes a key out.
            if_seq: refuse with `conflict` if the document was patched after this seq (see `state_seq`).

        Raises:
            Refused: the server says no.
            Unknown: the answer was lost. It is not sent again by itself, since that could undo what
                somebody else patched meanwhile: look at `state`, and decide.
            Closed: the client is closed.
        """
        command = Patch(room=self.name, patch=patch, if_seq=if_seq)
        patched: Acknowledgement = await self._exchange.ask(command, Acknowledgement)
        return patched

    async def signal(self, key: str, value: Any, *, ttl: float = 60.0) -> None:
        """Set a live value, which is not stored in the log; the newest wins, None removes it.

        Args:
            key: 1 to 64 characters; yours alone, others have their own under the same key.
            value: any JSON.
            ttl: seconds until it is forgotten, at most 3600.

        Raises as `post` does.
        """
        await self._exchange.ask(Signal(room=self.name, key=key, value=value, ttl=ttl))

    def typing(self) -> None:
        """Tell the others that you are writing. Does nothing while there is no connection."""
        self._exchange.tell(Signal(room=self.name, signal="typing"))

    async def history(
        self, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """Messages next before (or after) a seq, oldest first, as they are now.

        Args:
            before, after: a seq, itself not included; at most one of both.
            limit: how many messages at most, 1 to 200.

        Returns:
            A `Page`: `messages`, and `more` if there are others beyond.

        Raises as `post` does.
        """
        return await verbs.history(self._exchange, self.name, before, after, limit)

    async def leave(self) -> None:
        """Stop following the room; its stream ends. Raises as `post` does."""
        await self._leave(self.name)
