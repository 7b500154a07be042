"""Starting: what an account begins with on a new device, and from where it stays in step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast

import msgspec

from hubbub.domain.access import Operation, refuse
from hubbub.domain.aspects.people.preferences import PREFERENCES
from hubbub.domain.facts import Head, Needs
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, Account, account_row
from hubbub.domain.tables.rooms import MEMBER
from hubbub.protocol.codec import encode
from hubbub.protocol.commands.emoji import EmojiReply
from hubbub.protocol.commands.starting import MyRoom, ShownPerson, Started
from hubbub.protocol.commands.threads import MyThreadsPage
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Start
from hubbub.server.hub.emoji import EmojiOfServer
from hubbub.server.hub.turns import Turns
from hubbub.server.stores.base import OwnRoom, Selection, Store

Accounts = dict[str, ShownPerson]


class _Everyone(NamedTuple):
    """All accounts in JSON, as of this event of the directory or later."""

    seq: int
    encoded: msgspec.Raw


class Starting:
    """Answers `start`. The positions are as old as anything else in the answer, or older, so nothing is missed."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        emoji: EmojiOfServer,
        unread: Callable[[Principal], Awaitable[MyThreadsPage]],
    ) -> None:
        """A turn is taken while the rooms are looked up. `unread` gives threads that were not read."""
        self._store = store
        self._turns = turns
        self._emoji = emoji
        self._unread = unread
        self._reading = asyncio.Lock()  # one reads all accounts, and the others wait for it
        self._everyone: _Everyone | None = None

    async def start(self, principal: Principal, start: Start) -> Started:
        """Return the rooms and people of an account. Raises RefusalError, StoreFailed."""
        if not principal.is_account:
            raise RefusalError("forbidden", "Only accounts have rooms of their own")
        if refusal := refuse(principal, Operation.READ, principal.id):
            raise RefusalError.of(refusal)
        async with self._turns.of(principal):
            return await self._start(principal, start)

    async def _start(self, principal: Principal, start: Start) -> Started:
        wanted = Needs(logs={principal.id, DIRECTORY})
        wanted.row(ACCOUNT, account_row(principal.id))
        if start.rooms is None:
            wanted.list(PREFERENCES, principal.id)
            wanted.list(BLOCKS, principal.id)
        found = await self._store.find(wanted)
        me: Account | None = found.rows[ACCOUNT][account_row(principal.id)]
        if me is None:
            raise RefusalError("unauthenticated", "This account is not active")
        directory = found.heads.get(DIRECTORY, Head())
        rooms = await self._store.own_rooms(me.account, Selection(rooms=start.rooms))
        is_guest = me.role == "guest"
        people: Accounts | None = None
        emoji: EmojiReply | None = None
        if start.rooms is None and is_guest:
            people = await self._acquaintances(me, rooms)
        elif start.rooms is None and not self._can_resume(start, directory):
            people = await self._all_people(directory)
        if people is not None:
            emoji = await self._emoji.list(start.emoji, directory.seq)
        preferences = found.rows.get(PREFERENCES, {}).values()
        blocks = found.rows.get(BLOCKS, {}).values()
        threads = None if start.rooms else await self._unread(principal)
        return Started(
            me.account,
            _shown(me),
            self._store.epoch,
            found.heads.get(me.account, Head()).seq,
            None if is_guest else directory.seq,
            [_room(row) for row in rooms],
            people,
            emoji,
            {row.name: msgspec.Raw(row.value) for row in preferences},
            sorted(row.blocked for row in blocks),
            threads.threads if threads else [],
            threads is not None and threads.more,
        )

    def forget(self) -> None:
        """Forget what accounts are called, as it may have changed."""
        self._everyone = None

    def _can_resume(self, start: Start, directory: Head) -> bool:
        if start.directory is None or start.epoch != self._store.epoch:
            return False
        return directory.kept <= start.directory + 1 <= directory.seq + 1

    async def _all_people(self, directory: Head) -> Accounts:
        """Return all accounts, as of a position of the directory or later: read and encoded once for all who ask."""
        async with self._reading:
            if self._everyone is None or self._everyone.seq < directory.seq:
                rows = await self._store.rows(ACCOUNT, DIRECTORY)
                encoded = encode({row.account: _shown(row) for row in rows})
                self._everyone = _Everyone(directory.seq, msgspec.Raw(encoded))
            return cast("Accounts", self._everyone.encoded)

    async def _acquaintances(self, me: Account, rooms: list[OwnRoom]) -> Accounts:
        """Return the accounts that are members of someone's rooms, and their own."""
        keys = {me.account}
        for each in rooms:
            keys |= {row.account for row in await self._store.rows(MEMBER, each.room)}
        wanted = Needs()
        for key in keys:
            wanted.row(ACCOUNT, account_row(key))
        rows = (await self._store.find(wanted)).rows[ACCOUNT].values()
        return {row.account: _shown(row) for row in rows if row}


def _room(row: OwnRoom) -> MyRoom:
    return MyRoom(
        *(row.room, row.kind, row.role, row.head, row.nth, row.title, row.alias),
        avatar=row.avatar,
        people=row.people.split() if row.people else None,
        hidden=row.hidden,
        archived_at=row.archived_at,
        read=row.read,
        read_nth=row.read_nth,
        marked=bool(row.is_marked),
        level=row.level,
        muted_until=row.muted_until,
        starred=bool(row.starred),
        unread=row.unread,
        mentions=row.mentions,
    )


def _shown(row: Account) -> ShownPerson:
    """Return what others see of an account."""
    return ShownPerson(
        *(row.handle, row.name, row.role, row.kind),
        *(row.status, row.status_text, row.time_zone, row.avatar),
    )
