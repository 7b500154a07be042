"""Resolves the rooms and authors that filters name."""

from collections.abc import Collection
from itertools import chain

from hubbub.domain.access import Operation, RoomKind, kind_of
from hubbub.domain.acquaintance import is_guest
from hubbub.domain.facts import Needs
from hubbub.domain.principals import Principal
from hubbub.domain.search.query import SearchQuery
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.keys import ABSENT_ACCOUNT, is_account_key, is_made_key
from hubbub.protocol.names import room_name_fault
from hubbub.server.hub.names import MARK, Names, is_short
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import OwnRoom, Store

AT = "@"  # before a handle
_NOWHERE = Refusal(
    "forbidden", "Only accounts can search all their rooms: name a room with in:ROOM"
)


class Resolver:
    """Resolves the rooms and authors that filters name. Raises RefusalError and StoreFailed."""

    def __init__(
        self, store: Store, rights: Rights, names: Names, indexed: Collection[RoomKind]
    ) -> None:
        """`indexed` are the kinds of rooms that can be searched."""
        self._store = store
        self._rights = rights
        self._names = names
        self._indexed = indexed

    async def rooms(
        self, principal: Principal, query: SearchQuery
    ) -> tuple[tuple[str, ...] | None, list[str]]:
        """Return where to search, or None for all rooms of an account, and what, as typed, names nothing but a free room in which nothing happened."""
        if not self._indexed:
            raise RefusalError("forbidden", "This server has no search")
        if not query.rooms:
            if not principal.is_account:
                raise RefusalError.of(_NOWHERE)
            await self._rights.require(principal, Operation.READ, principal.id)
            return None, []
        own = await self._own(principal, query)
        found = [await self._room(principal, each, own) for each in query.rooms]
        free = [each for each in query.rooms if [each] in found and not is_made_key(each)]
        heads = await self._store.heads(free) if free else {}
        empty = [each for each in free if each not in heads]
        return tuple(dict.fromkeys(chain.from_iterable(found))), empty

    async def authors(self, query: SearchQuery) -> tuple[tuple[str, ...], list[str]]:
        """Return the keys and names under which a query's authors may stand in logs, and those, as typed, that name no account."""
        keys, unknown = list[str](), list[str]()
        for typed in query.authors:
            name = typed if is_account_key(typed) else typed.removeprefix(AT)
            key = await self._names.account(name)
            keys += [key, name]
            if key == ABSENT_ACCOUNT:
                unknown.append(typed)
        return tuple(keys), unknown

    async def author_hint(self, principal: Principal, unknown: list[str]) -> str | None:
        """Return a hint if there are authors that name no account. Guests learn nothing of others' handles."""
        if not unknown or not principal.is_account:
            return None
        wanted = Needs()
        wanted.row(ACCOUNT, row := account_row(principal.id))
        if is_guest((await self._store.find(wanted)).rows[ACCOUNT][row]):
            return None
        return f"No account has the handle {unknown[0].removeprefix(AT)}"

    async def _own(self, principal: Principal, query: SearchQuery) -> list[OwnRoom]:
        """Return the rooms of an account, if one may be meant by its title or by whom it is with."""
        if not principal.is_account or all(map(_is_sure, query.rooms)):
            return []
        return await self._store.own_rooms(principal.id)

    async def _room(self, principal: Principal, typed: str, own: list[OwnRoom]) -> list[str]:
        """Return the rooms that may be meant and read: by key, by alias with or without its sign, by name, by title, or a direct by handle."""
        if _is_sure(typed):
            room = await self._names.key(principal, typed)
            await self._rights.require(principal, Operation.READ, room)
            return [self._required(room)]
        called = await self._called(principal, typed, own)
        named = [await self._names.key(principal, MARK + typed), *called]
        if RoomKind.FREE in self._indexed:
            named.append(typed)
        found = [each for each in named if await self._rights.may_read(principal, each)]
        if found:
            return found
        if room_name_fault(typed) or typed.startswith(AT):
            detail = f"You have no room called {typed}: use its title, or # and its alias"
            raise RefusalError("not_found", detail)
        await self._rights.require(principal, Operation.READ, typed)
        return [self._required(typed)]

    def _required(self, room: str) -> str:
        """Return a room, if it can be searched."""
        if kind_of(room) in self._indexed:
            return room
        if kind_of(room) is RoomKind.FREE:
            detail = (
                f"You have no room called {room}, and free rooms can't be searched on this server"
            )
        else:
            detail = f"Messages in {room} can't be searched on this server"
        raise RefusalError("forbidden", detail)

    async def _called(self, principal: Principal, typed: str, own: list[OwnRoom]) -> list[str]:
        """Return which of these rooms have this title, or are the direct with somebody alone."""
        title = typed.casefold()
        pair = ""
        if typed.startswith(AT):
            key = await self._names.account(typed.removeprefix(AT))
            pair = " ".join(sorted({principal.id, key}))
        return [each.room for each in own if _is_called(each, title, pair)]


def _is_sure(typed: str) -> bool:
    """Whether it can only be an alias or a key."""
    return is_short(typed) or is_made_key(typed)


def _is_called(room: OwnRoom, title: str, pair: str) -> bool:
    """Whether this is a room's title, or it is the direct of a pair."""
    if room.kind == "direct":
        return bool(pair) and room.people == pair
    return room.title.casefold() == title
