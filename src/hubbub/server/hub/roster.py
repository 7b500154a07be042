"""Made rooms as people ask about them: who is in one, who is kept out, what one may do there, and which there are."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from hubbub.domain.access import Operation, Permission, RoomKind, kind_of, refuse
from hubbub.domain.aspects.people.accounts import is_at_least
from hubbub.domain.aspects.rooms import standings
from hubbub.domain.facts import Head, Needs
from hubbub.domain.principals import Principal
from hubbub.domain.records import Index
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.domain.tables.rooms import (
    MEMBER,
    RESTRAINT,
    ROOM,
    MadeRoom,
    Member,
    Restraint,
    room_row,
)
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.keys import DIRECTORY, parent_of
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import OwnRoom, Selection, Store, some

_MODERATING = (Operation.EDIT_ANY, Operation.DELETE_ANY)


class ListedRoom(NamedTuple):
    """A room in the directory, with the number of its members."""

    room: MadeRoom
    members: int


class RoomAsItIs(NamedTuple):
    """A room, with the number of its members, and of the messages that were ever posted there."""

    room: MadeRoom
    members: int
    nth: int


class Roster:
    """Answers questions about made rooms. All methods raise RefusalError and StoreFailed.

    Whoever may not know of a room causes the same look-ups as in a room that isn't there.
    """

    def __init__(self, store: Store, rights: Rights, now: Callable[[], float]) -> None:
        self._store = store
        self._rights = rights
        self._now = now

    async def members(
        self, principal: Principal, room: str, after: str, limit: int
    ) -> list[tuple[Member, Account]]:
        """Return members of a room, or of the room of a thread, by their keys, after a key."""
        room = parent_of(room)
        await self._rights.require(principal, Operation.KNOW, room)
        rows = await self._store.page(MEMBER, room, after=after, limit=limit)
        accounts = await self._accounts(
            principal, Operation.KNOW, room, (row.account for row in rows)
        )
        return [(row, accounts[row.account]) for row in rows]

    async def banned(self, principal: Principal, room: str) -> list[tuple[Restraint, Account]]:
        """Return who is banned from a room now."""
        return await self._restrained(principal, room, standings.is_banned)

    async def muted(self, principal: Principal, room: str) -> list[tuple[Restraint, Account]]:
        """Return who is muted in a room now."""
        return await self._restrained(principal, room, standings.is_muted)

    async def settings(self, principal: Principal, room: str) -> RoomAsItIs:
        """Return what a room, or the room of a thread, is like."""
        room = parent_of(room)
        await self._rights.require(principal, Operation.KNOW, room)
        wanted, key = Needs(logs={room}), room_row(room)
        wanted.row(ROOM, key)
        wanted.count(MEMBER, room)
        facts = await self._store.find(wanted)
        head = facts.heads.get(room, Head())
        await self._rights.require(principal, Operation.KNOW, room, head.seq)
        return RoomAsItIs(facts.rows[ROOM][key], facts.counts[MEMBER][(room,)], head.nth)

    async def may(self, principal: Principal, room: str) -> dict[Permission, Refusal | None]:
        """Return for each operation why a principal may not do it in a room, or None if it may."""
        if kind_of(room) is RoomKind.MADE:
            return await self._may_in_made(principal, room)
        if (refusal := refuse(principal, Operation.READ, room)) and refusal.code != "forbidden":
            raise RefusalError.of(refusal)
        await self._rights.require_still(principal, Operation.READ, room)
        may_moderate = await self._may_moderate(principal)
        found: dict[Permission, Refusal | None] = {
            each: self._rights.refusal(principal, each, room) for each in Operation
        }
        if kind_of(room) is RoomKind.FREE and not may_moderate:
            found |= {each: found[each] or _not_allowed(each) for each in _MODERATING}
        return found

    async def mine(self, principal: Principal, after: str, limit: int) -> list[OwnRoom]:
        """Return the made rooms of which an account is a member, by their keys, after a key.

        A direct that it left is among them once there is a newer message.
        """
        await self._rights.require(principal, Operation.READ, principal.id)
        return await self._store.own_rooms(principal.id, Selection(after, limit, only_shown=True))

    async def listed(self, principal: Principal, after: str, limit: int) -> list[ListedRoom]:
        """Return the rooms in the directory by their keys, after a key."""
        await self._rights.require(principal, Operation.READ, DIRECTORY)
        rows = await some(
            self._store, ROOM, after=after, limit=limit, where=lambda row: row.is_listed
        )
        wanted = Needs()
        for row in rows:
            wanted.count(MEMBER, row.room)
        counts = (await self._store.find(wanted)).counts
        return [ListedRoom(row, counts[MEMBER][(row.room,)]) for row in rows]

    async def made(self, after: str, limit: int) -> list[RoomAsItIs]:
        """Return all rooms that people made, but directs, by their keys, after a key. For those who run the server."""
        rows = await some(
            self._store, ROOM, after=after, limit=limit, where=lambda row: row.kind != "direct"
        )
        wanted = Needs(logs={row.room for row in rows})
        for row in rows:
            wanted.count(MEMBER, row.room)
        facts = await self._store.find(wanted)
        return [
            RoomAsItIs(
                row, facts.counts[MEMBER][(row.room,)], facts.heads.get(row.room, Head()).nth
            )
            for row in rows
        ]

    async def _restrained(
        self, principal: Principal, room: str, is_so: Callable[[Restraint, float], bool]
    ) -> list[tuple[Restraint, Account]]:
        room = parent_of(room)
        await self._rights.require(principal, Operation.MODERATE, room)
        now = self._now()
        found = [row for row in await self._store.rows(RESTRAINT, room) if is_so(row, now)]
        accounts = await self._accounts(
            principal, Operation.MODERATE, room, (row.account for row in found)
        )
        return [(row, accounts[row.account]) for row in found]

    async def _accounts(
        self, principal: Principal, operation: Permission, room: str, keys: Iterable[str]
    ) -> dict[str, Account]:
        """Return some accounts, and require once more what allowed it to read which: as of then, or later."""
        wanted = Needs(logs={room})
        found = [account_row(key) for key in keys]
        for key in found:
            wanted.row(ACCOUNT, key)
        facts = await self._store.find(wanted)
        await self._rights.require(principal, operation, room, facts.heads.get(room, Head()).seq)
        return {key.account: facts.rows[ACCOUNT][key] for key in found}

    async def _may_in_made(
        self, principal: Principal, room: str
    ) -> dict[Permission, Refusal | None]:
        wanted, known = Needs(), Index(self._now)
        standings.needs(wanted, ((principal, room),))
        standings.needs_heard(wanted, ((principal, room),))
        known.learn_all((await self._store.find(wanted)).rows)
        if refusal := standings.refuse(known, principal, Operation.KNOW, room):
            raise RefusalError.of(refusal)
        counting = Needs()  # only now, since it takes longer the larger the room is
        parent = parent_of(room)
        counting.count(MEMBER, parent)
        size = (await self._store.find(counting)).counts[MEMBER][(parent,)]
        return standings.may(known, principal, room, size)

    async def _may_moderate(self, principal: Principal) -> bool:
        """Whether someone whose credential allows it may moderate free rooms: an account needs the role for it now."""
        if not principal.is_account:
            return True
        rows = await self._store.rows(ACCOUNT, DIRECTORY, principal.id)
        return any(is_at_least(row.role, "moderator") for row in rows)


def _not_allowed(operation: Permission) -> Refusal:
    return Refusal("forbidden", f"Not allowed to {operation.label}")
