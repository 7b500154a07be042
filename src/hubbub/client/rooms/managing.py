"""The commands about made rooms and their members."""

from collections.abc import Iterable
from typing import Literal, TypedDict, Unpack

import msgspec

from hubbub.client.rooms import verbs
from hubbub.client.rooms.verbs import Acknowledgement
from hubbub.client.wire.exchange import Exchange
from hubbub.protocol.commands.conversation import ListPins, Pin, PinsPage, Unpin
from hubbub.protocol.commands.rooms import (
    Appoint,
    Archive,
    Ban,
    ChangeRoom,
    Create,
    InvitePeople,
    MemberRole,
    Mute,
    Remove,
    Restore,
    RoomKindName,
    Unban,
    Unmute,
)
from hubbub.protocol.commands.threads import EndThread, ListThreads, ReopenThread, ThreadsPage
from hubbub.protocol.messages import Change


class SettingsGiven(TypedDict, total=False):
    """What a room is like, besides its title: see `hubbub.protocol.commands.rooms`. An empty text, or 0, removes what there was."""

    topic: str
    alias: str
    public: Literal["none", "read", "post"]
    posters: Literal["all", "hosts"]
    slow: int
    keep_days: int
    receipts: bool
    members_may_invite: bool
    members_may_edit: bool
    members_may_name_all: bool
    titles: bool


class _Made(msgspec.Struct, frozen=True):
    made: str


async def create(
    exchange: Exchange,
    kind: RoomKindName,
    title: str | None,
    people: Iterable[str],
    client_message_id: str | None = None,
    **settings: Unpack[SettingsGiven],
) -> str:
    """Make a room, with an id by which the server recognizes repetitions; returns its key."""
    command = Create(
        kind=kind,
        title=title,
        who=tuple(people),
        client_message_id=client_message_id,
        **settings,
    )
    made: _Made = await exchange.ask(command, _Made)
    return made.made


class ManagedRoom:
    """The commands of a made room (`@r…`). People are named by the keys of their accounts (`@p…`).

    Each is repeated after a lost answer and carried out once. They raise:
        Refused: the server refused the command: `forbidden`, `not_found` (the room or the person), `archived` …
        Unknown: the client was closed before the answer arrived.
        Closed: the client is closed.
    """

    name: str
    _exchange: Exchange

    async def invite(self, *who: str) -> Acknowledgement | None:
        """Make 1 to 50 people members. Returns None if all of them are."""
        return await self._manage(InvitePeople(room=self.name, who=who))

    async def remove(self, who: str) -> Acknowledgement | None:
        """End someone's membership. They may come back. Returns None if they are no member."""
        return await self._manage(Remove(room=self.name, who=who))

    async def ban(self, who: str, *, seconds: float | None = None) -> Acknowledgement | None:
        """Remove someone and keep them out, for `seconds` or for ever."""
        return await self._manage(Ban(room=self.name, who=who, seconds=seconds))

    async def unban(self, who: str) -> Acknowledgement | None:
        """End a ban. Returns None if there was none."""
        return await self._manage(Unban(room=self.name, who=who))

    async def mute(self, who: str, *, seconds: float | None = None) -> Acknowledgement | None:
        """Let someone only read, for `seconds` or until unmuted."""
        return await self._manage(Mute(room=self.name, who=who, seconds=seconds))

    async def unmute(self, who: str) -> Acknowledgement | None:
        """Let someone speak again. Returns None if they may."""
        return await self._manage(Unmute(room=self.name, who=who))

    async def appoint(self, who: str, role: MemberRole) -> Acknowledgement | None:
        """Make a member a `"host"` or an ordinary `"member"`. Returns None if they are that already."""
        return await self._manage(Appoint(room=self.name, who=who, role=role))

    async def change(
        self,
        *,
        title: str | None = None,
        kind: Literal["open", "closed"] | None = None,
        **settings: Unpack[SettingsGiven],
    ) -> Acknowledgement | None:
        """Change what the room is like. Returns None if it is like that already.

            await room.change(title="Kitchen", slow=10)

        Args:
            title: 1 to 80 characters.
            kind: who may come in: every account but guests, or members alone.
            settings: `topic` (up to 250), `alias`, `public`, `posters`, `slow` (seconds),
                `keep_days`, `receipts`, `members_may_invite`, `members_may_edit`, `members_may_name_all`,
                `titles`.
        """
        return await self._manage(ChangeRoom(room=self.name, title=title, kind=kind, **settings))

    async def archive(self) -> Acknowledgement | None:
        """Let nothing change in the room any more. Returns None if it is archived."""
        return await self._manage(Archive(room=self.name))

    async def restore(self) -> Acknowledgement | None:
        """Take the archived room into use again. Returns None if it is in use."""
        return await self._manage(Restore(room=self.name))

    async def pin(self, seq: int) -> Acknowledgement | None:
        """Pin message `seq` in the room, which takes at most 100 pins. Returns None if it is pinned."""
        return await self._manage(Pin(room=self.name, seq=seq))

    async def unpin(self, seq: int) -> Acknowledgement | None:
        """Pin message `seq` no longer. Returns None if it was not pinned."""
        return await self._manage(Unpin(room=self.name, seq=seq))

    async def pinned(self, *, before: int | None = None, limit: int = 50) -> PinsPage:
        """The pinned messages as they are now, the last pinned first.

        Args:
            before: the seq of a `pinned` event: only what was pinned before it.
            limit: the maximum number of messages, 1 to 50.

        Returns:
            A `PinsPage`: `pins`, each with `message`, `by`, `at` and the `seq` of its event, and `more`.
        """
        asked = ListPins(room=self.name, before=before, limit=limit)
        page: PinsPage = await self._exchange.ask(asked, PinsPage)
        return page

    async def list_threads(self, *, before: str | None = None, limit: int = 50) -> ThreadsPage:
        """The threads of the room as they are now, the one with the newest reply first.

        Args:
            before: the `at` and the `thread` of an item, with a slash between them: only those that follow in this order.
            limit: the maximum number of threads, 1 to 50.

        Returns:
            A `ThreadsPage`: `threads`, each with `thread` (its key), `message`, `nth`, `at`, `replies`, `people`, `title`
            and `ended_at`; and `more`.
        """
        asked = ListThreads(room=self.name, before=before, limit=limit)
        page: ThreadsPage = await self._exchange.ask(asked, ThreadsPage)
        return page

    async def end_thread(self) -> Acknowledgement | None:
        """Let nothing change in this thread any more, except that messages can be deleted. Returns None if it has ended."""
        return await self._manage(EndThread(room=self.name))

    async def reopen_thread(self) -> Acknowledgement | None:
        """Let this thread go on. Returns None if it has not ended."""
        return await self._manage(ReopenThread(room=self.name))

    async def _manage(self, command: Change) -> Acknowledgement | None:
        return await verbs.change(self._exchange, command)
