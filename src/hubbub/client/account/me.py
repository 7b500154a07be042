"""An account's rooms and the people, for programs."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self

from hubbub.client.account.changes import Changes, MyChange
from hubbub.client.account.keeping import Keeper
from hubbub.client.account.notifying import is_worth_notifying
from hubbub.client.account.sight import Sight
from hubbub.client.rooms import verbs
from hubbub.client.rooms.verbs import Acknowledgement
from hubbub.client.wire.exchange import Exchange
from hubbub.domain.notifying.quiet import is_quiet
from hubbub.domain.notifying.rule import Listener
from hubbub.events import Reference
from hubbub.protocol.commands.conversation import (
    DraftsPage,
    KeepDraft,
    ListDrafts,
    ListSaved,
    Save,
    SavedPage,
    Unsave,
)
from hubbub.protocol.commands.emoji import EmojiItem
from hubbub.protocol.commands.missed import ListMissed, MissedPage
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.commands.reading import Level, MarkRead, MarkUnread, SetRoom
from hubbub.protocol.commands.starting import MyRoom, ShownPerson
from hubbub.protocol.commands.threads import (
    FollowThread,
    ListMyThreads,
    MyThreadsPage,
    UnfollowThread,
)
from hubbub.protocol.presence import PersonPresence


class Me:
    """The rooms that an account is in, and the people, as of now, and what it keeps for itself. Returned by `Client.me`.

        await client.me.open()
        for room in client.me.rooms.values():
            print(room.title, room.nth)
        async for change in client.me.changes():
            print(change)

    Rooms that you don't follow are not read: the server tells how far they have come.
    """

    def __init__(
        self, keeper: Keeper, exchange: Exchange, sight: Sight, url: str, token: str | None
    ) -> None:
        self._url = url
        self._token = token
        self._keeper = keeper
        self._exchange = exchange
        self._sight = sight

    async def open(self) -> Self:
        """Get the rooms and people from the server, and stay in step from now on. Safe to call again.

        Raises:
            Refused: this client has no account (`forbidden`), or the server is too old to know of accounts.
            ValueError: this client follows `@directory` or its own log already.
            Unknown, Closed: the client was closed.
        """
        await self._keeper.open()
        return self

    @property
    def account(self) -> str:
        """The key of the account, `@p…`. Raises RuntimeError before `open`, as the next four do."""
        return self._keeper.known.account

    @property
    def person(self) -> ShownPerson:
        """The account as others see it."""
        return self._keeper.known.person

    @property
    def rooms(self) -> Mapping[str, MyRoom]:
        """The rooms that the account is a member of, by their keys."""
        return MappingProxyType(self._keeper.known.rooms)

    @property
    def people(self) -> Mapping[str, ShownPerson]:
        """All accounts by their keys. A guest account has only those in its rooms, as of the last change there."""
        return MappingProxyType(self._keeper.known.people)

    @property
    def emoji(self) -> Mapping[str, EmojiItem]:
        """The server's own emoji by their names; of each, the image is at `/api/v1/emoji/NAME/IMAGE`.

        A guest account learns of new ones with the people in its rooms.
        """
        return MappingProxyType(self._keeper.known.emoji)

    @property
    def presence(self) -> Mapping[str, PersonPresence]:
        """Whom you watch: by key, whether they are `online`, `away` or `offline`, and then perhaps when they were last `seen`.

        Empty before `watch`, and without those whose presence you may not know. Needs no `open`.
        """
        return MappingProxyType(self._sight.known)

    def changes(self) -> Changes:
        """What happens to `rooms`, `people`, `presence`, and the threads that you follow, from the call on, for `async for`.

        The changes come in order, each once; of threads beyond the 500 with the newest replies, within half a minute.

        Reconnects and restarts of the server leave nothing out. What can't be told one by one comes in a `Refreshed`:
        what changed while the server kept no events, or when more than `max_queued` changes wait to be taken.
        Opens this, if it isn't. Raises what `open` raises, and `Closed` if the server closed the client for good.
        """
        return self._keeper.listen()

    @property
    def preferences(self) -> Mapping[str, Any]:
        """The account's own settings by name, in step over its devices. The server itself knows some of them.

        `keywords`: words of which messages count as mentions; `quiet`: when the account is not to be disturbed; `receipts`: false if others are not to see how far it has read.
        """
        return MappingProxyType(self._keeper.known.choices.preferences)

    @property
    def blocked(self) -> frozenset[str]:
        """The keys of the accounts that you block, in step over your devices."""
        return frozenset(self._keeper.known.choices.blocked)

    def is_quiet(self, now: float | None = None) -> bool:
        """Whether the account is not to be disturbed, by its setting `quiet` and the clock of its time zone.

        `now` is in seconds since 1970. Raises RuntimeError before `open`, as the next one does.
        """
        who = self._listener()
        return is_quiet(who.quiet, who.time_zone, time.time() if now is None else now)

    def should_notify(self, change: MyChange, now: float | None = None) -> bool:
        """Whether a change is worth a notification: by the level of the room or thread, and whether it is muted, by mentions, blocks and `is_quiet`.

            async for change in client.me.changes():
                if client.me.should_notify(change):
                    print("\a", change.room.title)

        Only what is new to read is. What a `Refreshed` sums up is not: it happened while nobody was there to be notified.
        """
        rooms, at = self._keeper.known.rooms, time.time() if now is None else now
        return is_worth_notifying(change, self._listener(), rooms, at)

    def _listener(self) -> Listener:
        known = self._keeper.known
        return known.choices.listener(known.account, known.person.time_zone)

    # What needs no `open`: each raises Refused, Unknown or Closed, as the methods of `Room` do.

    async def remove(self, password: str | None = None, *, messages: bool = False) -> None:
        """Remove your account for good; with `messages`, also all that you wrote. The client is closed soon after.

        Args:
            password: needed if the account has one; else you must have signed in within the last ten minutes.
            messages: whether your messages and reactions are erased, in all rooms.

        Raises:
            Refused: the server refused: `forbidden` for a wrong password, for an API token, and for the last owner.
            Unreachable: there was no answer.
        """
        from hubbub.client.wire import http  # slow to import

        given = {"password": password, "messages": messages}
        await http.post(self._url, "me/remove", given, **http.bearer(self._token))

    async def export(self) -> AsyncIterator[dict[str, Any]]:
        """Everything that the server keeps about your account, one thing after the other, each with its `kind`.

            with open("me.jsonl", "w") as file:
                async for each in client.me.export():
                    print(json.dumps(each), file=file)

        Raises:
            Refused: the server refused, for example with `rate_limited`: it exports an account every 10 minutes at most.
            Unreachable: there was no answer, or it was cut off.
        """
        from hubbub.client.wire import http  # slow to import

        async for each in http.lines(self._url, "me/export", **http.bearer(self._token)):
            yield each

    async def watch(self, people: Iterable[str]) -> Mapping[str, PersonPresence]:
        """Watch up to 200 people, named by their keys, in place of those before, and return `presence`.

        From then on `presence` follows what changes, at most once a second. After a reconnect, whoever was there may
        be on the way back as well, and is told to be offline only 10 s later.

            await client.me.watch(client.me.people)
            async for change in client.me.changes():
                if isinstance(change, hubbub.PresenceUpdated):
                    print(change.account, change.presence)
        """
        await self._sight.watch(people)
        return self.presence

    async def away(self) -> None:
        """Say that nobody is at this device. You are shown as away while that is so at all your devices."""
        await self._sight.rest(is_away=True)

    async def back(self) -> None:
        """Say that somebody is at this device again."""
        await self._sight.rest(is_away=False)

    async def read(self, room: str, upto: int) -> Acknowledgement | None:
        """Say that you have read a room up to the event `upto`. What you had read before stays read.

        Returns None if nothing changed. The acknowledgement has the `seq` of the event in your own log, as the next two have.
        """
        return await verbs.change(self._exchange, MarkRead(room=room, upto=upto))

    async def mark_unread(self, room: str) -> Acknowledgement | None:
        """Let a room look unread until you read on there. Returns None if it does."""
        return await verbs.change(self._exchange, MarkUnread(room=room))

    async def set(
        self,
        room: str,
        *,
        level: Level | None = None,
        muted_until: float | None = None,
        starred: bool | None = None,
    ) -> Acknowledgement | None:
        """Choose what you want to be told of a room. Returns None if that is chosen already.

        Args:
            level: `"all"` messages, `"mentions"`, `"none"`, or `""` for what is usual: all in directs, mentions elsewhere.
            muted_until: seconds since 1970 until which you are told nothing; 0 ends that.
            starred: whether the room is among your favourites.
        """
        change = SetRoom(room=room, level=level, muted_until=muted_until, starred=starred)
        return await verbs.change(self._exchange, change)

    async def prefer(self, name: str, value: Any) -> Acknowledgement | None:
        """Choose a setting of your own, any JSON value; None removes it. Returns None if it is chosen already.

        await client.me.prefer("keywords", ["deploy", "release"])
        """
        return await verbs.change(self._exchange, Prefer(name=name, value=value))

    async def block(self, who: str) -> Acknowledgement | None:
        """Block an account by its key or handle: it can't begin a direct with you, and its messages don't mention you.

        Returns None if you do, as the next one does if you don't.
        """
        return await verbs.change(self._exchange, BlockPerson(who=who))

    async def unblock(self, who: str) -> Acknowledgement | None:
        """Block an account no longer."""
        return await verbs.change(self._exchange, UnblockPerson(who=who))

    async def follow_thread(self, thread: str) -> Acknowledgement | None:
        """Follow a thread by its key, `ROOM:MESSAGE`: it is among your `threads`. Returns None if you do."""
        return await verbs.change(self._exchange, FollowThread(room=thread))

    async def unfollow_thread(self, thread: str) -> Acknowledgement | None:
        """Follow a thread no longer. Returns None if you don't."""
        return await verbs.change(self._exchange, UnfollowThread(room=thread))

    async def threads(
        self, *, before: str | None = None, limit: int = 50, unread: bool = False
    ) -> MyThreadsPage:
        """The threads that you follow as they are now, the one with the newest reply first.

        Args:
            before: the `next` of a page, or the `at` and the `thread` of an item with a slash between them: only those that follow.
            limit: the maximum number of threads, 1 to 50.
            unread: only those with something that you may not have read.

        Returns:
            A `MyThreadsPage`: `threads`, each with `thread` (its key), `room`, `message`, `unread`, `mentions` and more;
            and `more`, with `next`. If you follow very many, a page may have fewer threads, or none, although there are `more`.
        """
        asked = ListMyThreads(before=before, limit=limit, unread=unread)
        page: MyThreadsPage = await self._exchange.ask(asked, MyThreadsPage)
        return page

    async def missed(self, *, after: str = "", limit: int = 20) -> MissedPage:
        """What you have not read yet, in rooms and in threads that you follow.

        Args:
            after: the key of a room: only rooms after it.
            limit: the maximum number of rooms, 1 to 20.

        Returns:
            A `MissedPage`: `rooms` by their keys, each with `unread`, `mentions`, the `first` unread message, the last ones that
            have `mentioned` you, and those that were `reacted` to most; `more`; and on the first page `threads`.
        """
        page: MissedPage = await self._exchange.ask(
            ListMissed(after=after, limit=limit), MissedPage
        )
        return page

    async def save(self, room: str, seq: int, *, note: str = "") -> Acknowledgement | None:
        """Save message `seq` of a room in your own list, or change your note (up to 500 characters) about it.

        Returns None if it is saved so already.
        """
        of = Reference(room, seq)
        return await verbs.change(self._exchange, Save(of=of, note=note))

    async def unsave(self, room: str, seq: int) -> Acknowledgement | None:
        """Save a message no longer. Returns None if it was not saved. The room is named by its key."""
        return await verbs.change(self._exchange, Unsave(of=Reference(room, seq)))

    async def saved(self, *, before: int | None = None, limit: int = 50) -> SavedPage:
        """Your saved messages as they are now, the last saved first.

        Args:
            before: the `seq` of an item: only what was saved before it.
            limit: the maximum number of messages, 1 to 50.

        Returns:
            A `SavedPage`: `saved`, each with `of` (its `room` and `message`), `note`, `at`, the `seq` of its event in your
            own log, and `message`, which is None if you may not read it any more; and `more`.
        """
        asked = ListSaved(before=before, limit=limit)
        page: SavedPage = await self._exchange.ask(asked, SavedPage)
        return page

    async def draft(
        self, room: str, text: str, *, reply_to: int | None = None
    ) -> Acknowledgement | None:
        """Keep what you are about to write in a room, for all your devices, in place of what was kept before.

        An empty text drops it. Returns None if nothing changed. At most 100 rooms have drafts.
        """
        draft = KeepDraft(where=room, text=text, reply_to=reply_to)
        return await verbs.change(self._exchange, draft)

    async def drafts(self, *, after: str = "", limit: int = 50) -> DraftsPage:
        """Your drafts by their rooms.

        Args:
            after: the `where` of an item: only those that sort after it.
            limit: the maximum number of drafts, 1 to 50.

        Returns:
            A `DraftsPage`: `drafts`, each with `where` (its room), `text`, `reply_to`, `at` and the `seq` of its event in
            your own log; and `more`.
        """
        page: DraftsPage = await self._exchange.ask(
            ListDrafts(after=after, limit=limit), DraftsPage
        )
        return page
