"""A joined room: its events, its state as of the last event taken, and the commands in it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, overload

from hubbub.client.files import UploadedFile, keys_of
from hubbub.client.rooms import verbs
from hubbub.client.rooms.inbox import Reset
from hubbub.client.rooms.managing import ManagedRoom
from hubbub.client.rooms.newest import Newest
from hubbub.client.rooms.reading import Reading
from hubbub.client.rooms.stream import Stream, events_and_markers, events_only
from hubbub.client.rooms.tracker import Position
from hubbub.client.rooms.verbs import Acknowledgement
from hubbub.client.wire.exchange import Exchange
from hubbub.events import Event, Reference
from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.commands.conversation import (
    EditsPage,
    GetEdits,
    GetMessage,
    GetSource,
    MessageSource,
    OneMessage,
)
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import (
    AnySignal,
    Delete,
    Edit,
    Leave,
    Members,
    Message,
    Page,
    Patch,
    React,
    RemovePreview,
    Resumed,
    Signal,
    Snapshot,
    Unfollow,
    Unreact,
    Value,
)


class Room(ManagedRoom):
    """A room that is followed, returned by `Client.follow` and `Client.join`.

    `messages`, `state`, `pins` and `position` are as of the last event that `async for` yielded, so that they
    always agree with the events you have seen. `members` and `live` are current.

        room = await me.join("lobby")
        async for event in room:
            print(event.seq, event.by, room.state)

    Attributes:
        name: the name of the room.
    """

    def __init__(
        self,
        name: str,
        reading: Reading,
        exchange: Exchange,
        unfollow: Callable[[Unfollow], Awaitable[None]],
        follow: "Callable[[str], Awaitable[Room]]",
    ) -> None:
        self.name = name
        self._follow = follow
        self._reading = reading
        self._exchange = exchange
        self._unfollow = unfollow

    # State

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot that the room was joined with. None if it was joined from a position."""
        return self._reading.snapshot

    @property
    def position(self) -> Position:
        """The position after the last event taken. Pass it to `Client.follow` to continue from there."""
        return self._reading.position

    @property
    def messages(self) -> list[Message]:
        """The newest messages, oldest first: those of the snapshot and those since, at most 500."""
        return list(self._reading.view.messages.values())

    @property
    def state(self) -> Any:
        """The room's state document.

        Raises:
            LookupError: the room was joined from a position, so its state is unknown.
        """
        if not self._reading.has_state:
            raise LookupError(
                f"{self.name} was joined from a position; join without a position to get its state"
            )
        return self._reading.view.state

    @property
    def state_seq(self) -> int:
        """The seq of the last patch of the state document, 0 if there is none. Use it for `patch(if_seq=…)`."""
        return self._reading.view.state_seq

    @property
    def pins(self) -> list[int]:
        """The seqs of the pinned messages, in the order of pinning. Of a room that was joined from a position: those pinned since."""
        return list(self._reading.view.pins)

    @property
    def members(self) -> Members:
        """The people in the room now: `count`, and `names` in rooms of at most 100 people."""
        return self._reading.live.members

    @property
    def live(self) -> list[Value]:
        """The live values that have not expired."""
        return self._reading.live.values

    @property
    def receipts(self) -> Mapping[str, int]:
        """How far members have read: the last event that each has read, by the keys of their accounts.

        Empty where the room doesn't allow that, or has more than 100 members; without those who don't show it.
        """
        return MappingProxyType(self._reading.live.receipts)

    @property
    def threads(self) -> Mapping[int, ThreadInRoom]:
        """The threads of messages of the room by their seqs, each with `nth`, `at`, `replies`, `people`, `title` and `ended_at`.

        Those of the snapshot, and those that have changed since. `list_threads` gives all.
        """
        return MappingProxyType(self._reading.live.threads)

    # Events and signals

    def __aiter__(self) -> Stream[Event]:
        return self.stream()

    @overload
    def stream(self, *, markers: Literal[False] = False) -> Stream[Event]: ...

    @overload
    def stream(self, *, markers: Literal[True]) -> Stream[Event | Resumed | Reset]: ...

    def stream(self, *, markers: bool = False) -> Stream[Any]:
        """The events of the room from its position on, in order, each once, across reconnects.

        A room has only one stream: iterating again continues where the last iteration stopped.
        The stream ends when you leave or unfollow the room, or close the client.

        Args:
            markers: also yield `Resumed` (after a reconnect; `missed` events follow) and `Reset` (events are
                missing; a snapshot replaces them).

        Raises:
            ResetError: while iterating without `markers`, in place of a `Reset`.
            Closed: while iterating, when the server closed the client for good.
            Refused: while iterating, when the server refused to let the client back into the room after a reconnect.
            RuntimeError: while iterating, if another task is iterating over the room.
        """
        return Stream(self._reading.take, events_and_markers if markers else events_only)

    def signals(self) -> Newest[AnySignal]:
        """The signals of the room from now on: `Typing`, `Value`, `Receipt` and `Presence`.

        A slow reader gets only the newest signal of each kind, author and key, but every `Presence`, as
        long as it is less than 1,000 signals behind.
        """
        return self._reading.listen()

    # Commands

    async def post(
        self,
        message: str | bytes,
        *,
        reply_to: int | None = None,
        client_message_id: str | None = None,
        also_in_room: bool = False,
        title: str | None = None,
        files: Iterable[UploadedFile | str] | None = None,
        alts: dict[str, str] | None = None,
    ) -> Acknowledgement:
        """Post a message. Returns once it is stored, however many reconnects that takes.

        It is never stored twice: after a lost answer, the client repeats it with the same `client_message_id`.
        To limit the wait, use `asyncio.timeout`. To make sure that the message is stored after a timeout, post
        it again with the same `client_message_id`.

        Args:
            message: text or bytes.
            reply_to: the seq of the message that this one replies to.
            client_message_id: 1 to 64 characters; random if not given.
            also_in_room: in a thread: show it in the room of the thread as well.
            title: in a room that people made: begin a thread of this title with it. Some rooms require that.
            files: in a room that people made: up to ten files that you uploaded (see `Client.upload`), or their keys.
            alts: the alt texts of these files, by their keys: what they show, for people who can't see them.

        Raises:
            Refused: the server refused the message.
            Unknown: the client was closed before the answer arrived.
            Closed: the client is closed.
        """
        return await verbs.post(
            *(self._exchange, self.name, message),
            reply_to=reply_to,
            client_message_id=client_message_id,
            also_in_room=also_in_room,
            title=title,
            files=keys_of(files),
            alts=alts,
        )

    async def forward(
        self,
        room: str,
        seq: int,
        text: str = "",
        *,
        client_message_id: str | None = None,
        title: str | None = None,
    ) -> Acknowledgement:
        """Forward message `seq` of a room that you may read into this one, with a text of your own.

        The message refers to the other and doesn't copy it: see `source`. Raises the same errors as `post`.
        """
        of = Reference(room, seq)
        return await verbs.post(
            *(self._exchange, self.name, text),
            client_message_id=client_message_id,
            of=of,
            title=title,
        )

    async def thread(self, seq: int) -> "Room":
        """Follow the thread of message `seq`, which is like a room. It begins with the first post there.

        Raises the same errors as `Client.follow`.
        """
        return await self._follow(thread_key(self.name, seq))

    async def edit(
        self, seq: int, text: str, *, alts: dict[str, str] | None = None
    ) -> Acknowledgement:
        """Replace the text of your message `seq`, and the alt texts of some of its files, by their keys. Raises the same errors as `post`."""
        command = Edit(room=self.name, seq=seq, text=text, alts=alts)
        edited: Acknowledgement = await self._exchange.ask(command, Acknowledgement)
        return edited

    async def delete(self, seq: int) -> Acknowledgement:
        """Delete your message `seq`. Raises the same errors as `post`."""
        command = Delete(room=self.name, seq=seq)
        deleted: Acknowledgement = await self._exchange.ask(command, Acknowledgement)
        return deleted

    async def react(self, seq: int, emoji: str) -> Acknowledgement | None:
        """Add a reaction to message `seq`. Returns None if it was there already. Raises the same errors as `post`."""
        return await verbs.change(self._exchange, React(room=self.name, seq=seq, emoji=emoji))

    async def unreact(self, seq: int, emoji: str) -> Acknowledgement | None:
        """Remove your reaction from message `seq`. Returns None if there was none. Raises the same errors as `post`."""
        return await verbs.change(self._exchange, Unreact(room=self.name, seq=seq, emoji=emoji))

    async def remove_preview(self, seq: int, url: str) -> Acknowledgement | None:
        """Permanently remove a link's preview from message `seq`. Returns None if it has none. Raises the same errors as `post`."""
        command = RemovePreview(room=self.name, seq=seq, url=url)
        return await verbs.change(self._exchange, command)

    async def patch(self, patch: Any, *, if_seq: int | None = None) -> Acknowledgement:
        """Merge a patch (RFC 7396) into the room's state document.

        Args:
            patch: the keys to change. The value None removes a key.
            if_seq: have the server refuse it (`conflict`) if the document was patched after this seq (see `state_seq`).

        Raises:
            Refused: the server refused the patch.
            Unknown, Closed: the client was closed.
        """
        command = Patch(room=self.name, patch=patch, if_seq=if_seq)
        patched: Acknowledgement = await self._exchange.ask(command, Acknowledgement)
        return patched

    async def signal(self, key: str, value: Any, *, ttl: float = 60.0) -> None:
        """Set a live value, which is not stored in the log. The newest value wins.

        Args:
            key: 1 to 64 characters. Each person has their own value under a key.
            value: any JSON value. None removes the live value.
            ttl: seconds until the value expires, at most 3600.

        Raises the same errors as `post`.
        """
        await self._exchange.ask(Signal(room=self.name, key=key, value=value, ttl=ttl))

    def typing(self) -> None:
        """Tell the others that you are typing. Does nothing while disconnected."""
        self._exchange.tell(Signal(room=self.name, signal="typing"))

    async def history(
        self, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """The messages directly before or after a seq, oldest first, in their current state.

        Args:
            before, after: a seq, exclusive; give at most one of them.
            limit: the maximum number of messages, 1 to 200.

        Returns:
            A `Page`: `messages`, and `more`, which tells whether there are others beyond them.

        Raises the same errors as `post`.
        """
        return await verbs.history(self._exchange, self.name, before, after, limit)

    async def message(self, seq: int, *, around: int = 0) -> OneMessage:
        """Message `seq` as it is now.

        Args:
            around: how many messages `before` it and `after` it you want as well, up to 50 each.

        Returns:
            A `OneMessage`: `message`, `nth` (which of the room's messages it is), `url` (where the page shows it, relative to
            the address of the server), `before` and `after`.

        Raises the same errors as `post`, with `not_found` if there is none, and `gone` if it was deleted.
        """
        asked = GetMessage(room=self.name, seq=seq, around=around)
        one: OneMessage = await self._exchange.ask(asked, OneMessage)
        return one

    async def source(self, seq: int) -> MessageSource:
        """The message that message `seq` forwards.

        Returns:
            A `MessageSource`: `of`, and `message`, which is None if it isn't kept any more, or if you may not read it.

        Raises the same errors as `message`, with `not_found` also if message `seq` forwards none.
        """
        source: MessageSource = await self._exchange.ask(
            GetSource(room=self.name, seq=seq), MessageSource
        )
        return source

    async def edits(self, seq: int, *, after: int = 0, limit: int = 50) -> EditsPage:
        """The texts that message `seq` has had, oldest first.

        Args:
            after: the `seq` of a version: only those that came after it.
            limit: the maximum number of versions, 1 to 50.

        Returns:
            An `EditsPage`: `versions`, each with `text`, `at`, `by` and the `seq` of its event; and `more`.

        Raises the same errors as `message`.
        """
        asked = GetEdits(room=self.name, seq=seq, after=after, limit=limit)
        page: EditsPage = await self._exchange.ask(asked, EditsPage)
        return page

    async def unfollow(self) -> None:
        """Stop following the room, which ends its stream. Raises the same errors as `post`."""
        await self._unfollow(Unfollow(room=self.name))

    async def leave(self) -> None:
        """Leave the room, and stop following it as `unfollow` does. In a free room both are the same."""
        await self._unfollow(Leave(room=self.name))
