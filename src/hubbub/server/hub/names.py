"""What clients may call rooms and people: a room by its key or its name, by an alias, and their own log in short; an account by its key or its handle."""

from collections.abc import Awaitable, Callable
from itertools import chain, islice
from typing import Any, TypeVar, cast

from msgspec import structs
from msgspec.structs import replace

from hubbub.domain.access import UNKNOWN
from hubbub.domain.aspects.people.accounts import HANDLES, HandleKey
from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.facts import EVERYONE, MessageKey, Needs
from hubbub.domain.principals import Principal
from hubbub.domain.tables.rooms import ALIAS, alias_row
from hubbub.events import Reference
from hubbub.protocol.commands.conversation import KeepDraft
from hubbub.protocol.commands.preferences import OnPerson
from hubbub.protocol.commands.rooms import Create, InvitePeople, OnMember
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.handles import handle_from, is_alias, is_handle
from hubbub.protocol.keys import (
    ABSENT_ACCOUNT,
    ABSENT_ROOM,
    DIRECTORY,
    ME,
    is_account_key,
    is_made_key,
    is_thread_key,
    parent_of,
    root_of,
)
from hubbub.protocol.mentions import HERE, ROOM, mentioned_in
from hubbub.protocol.messages import MAX_NAMED, AnyCommand, Edit, Follow, Join, Post, Unfollow
from hubbub.server.stores.base import Store

MARK = "#"  # before an alias
NAMING_A_ROOM = (Follow, Join)  # and nothing else
ON_ONE, ON_SOME, SAYING = (OnMember, OnPerson), (Create, InvitePeople), (Post, Edit)

C = TypeVar("C", bound=AnyCommand)


def is_short(room: str) -> bool:
    """Whether a room is called otherwise than in logs, so that `Names` must be asked which it is."""
    return room == ME or room.startswith(MARK)


def is_plain(post: Post) -> bool:
    """Whether `Names` need not be asked about a post: it calls its room as logs do, is in no thread, mentions nobody, and forwards nothing."""
    room, text = post.room, post.text
    if post.of is not None:
        return False
    if room[0] not in "@#":
        return True
    return not (is_short(room) or ":" in room or (text is not None and "@" in text))


class Names:
    """Finds the rooms and the people that clients mean."""

    def __init__(
        self,
        store: Store,
        present: Callable[[str], list[str]],
        may_read: Callable[[Principal, str], Awaitable[bool]],
    ) -> None:
        """`present` gives the names of those who are in a room. `may_read` says whether someone may read one."""
        self._may_read = may_read
        self._store = store
        self._present = present

    async def in_keys(self, principal: Principal, command: C) -> C:
        """Return a command that calls its room and its people as logs do.

        Whether there are such is not told here, but by those who know whether the principal may learn it.
        Raises RefusalError as `key` does; StoreFailed.
        """
        new: dict[str, Any] = {}
        room = getattr(command, "room", None)
        if room is not None and is_short(room):
            find = self._known_key if type(command) is Unfollow else self.key
            new["room"] = await find(principal, room)
        elif type(command) in NAMING_A_ROOM:
            return command
        of: Reference | None = getattr(command, "of", None)
        if of is not None and is_short(of.room):
            new["of"] = replace(of, room=await self.key(principal, of.room))
        if isinstance(command, KeepDraft) and is_short(command.where):
            new["where"] = await self._known_key(principal, command.where)
        if isinstance(command, ON_ONE):
            new["who"] = await self.account(command.who)
        elif isinstance(command, ON_SOME):
            new["who"] = tuple([await self.account(who) for who in command.who])
        elif isinstance(command, SAYING) and is_made_key(new.get("room", command.room)):
            new |= await self._named(new.get("room", command.room), command)
        command = replace(command, **new) if new else command
        if isinstance(command, Post) and ":" in command.room and is_thread_key(command.room):
            return cast("C", await self._in_thread(principal, command))
        return command

    async def account(self, who: str) -> str:
        """Return the key of an account, by its key or its handle. Raises StoreFailed."""
        if is_account_key(who):
            return who
        handle = handle_from(who)
        found = await self._store.rows(HANDLES, DIRECTORY, handle) if is_handle(handle) else []
        return found[0].account if found and found[0].is_current else ABSENT_ACCOUNT

    async def _known_key(self, principal: Principal, room: str) -> str:
        """Return what `key` does, for what nobody is refused: a room that one may not read is as one that isn't there."""
        key = await self.key(principal, room)
        if await self._may_read(principal, key):
            return key
        return ABSENT_ROOM + "".join(key.partition(":")[1:])

    async def _in_thread(self, principal: Principal, post: Post) -> Post:
        """Return a post in a thread with the account that wrote its root, if that is one and its author may know."""
        if not await self._may_read(principal, post.room):
            return post
        root = MessageKey(parent_of(post.room), root_of(post.room))
        _, (found,) = await self._store.messages([root])
        root_by = found.message.by if found and is_account_key(found.message.by) else None
        return PostInThread(**structs.asdict(post), root_by=root_by)

    async def _named(self, room: str, command: Post | Edit) -> dict[str, Any]:
        """Return whom the text of a message names, unless the command says it: accounts by their handles, and others."""
        if not command.text or "@" not in command.text or command.mentions is not None:
            return {}
        places = mentioned_in(command.text)
        calls = self._called(room, places)
        wanted = Needs()
        for reading in chain.from_iterable(places):
            wanted.row(HANDLES, HandleKey(DIRECTORY, reading))
        rows = (await self._store.find(wanted)).rows.get(HANDLES, {}) if places else {}
        found = {row.handle: row.account for row in rows.values() if row and row.is_current}
        meant = (next((each for each in readings if each in found), None) for readings in places)
        mentions = {handle: found[handle] for handle in meant if handle}
        if len(mentions) > MAX_NAMED:
            raise RefusalError("bad_request", f"A message may mention at most {MAX_NAMED} people")
        return {"mentions": mentions or None, "calls": calls}

    def _called(self, room: str, places: list[list[str]]) -> list[str] | None:
        """Return whom a text calls without a handle. One too many is refused later, to those who may know of the room."""
        if [ROOM] in places:
            return [EVERYONE]
        if [HERE] in places:
            return [*islice(filter(is_account_key, self._present(room)), MAX_NAMED + 1)]
        return None

    async def key(self, principal: Principal, room: str) -> str:
        """Return the name that a room has in logs. Whether there is such a room is not told here.

        Raises RefusalError if someone without an account asks for their own log; StoreFailed.
        """
        if not is_short(room):
            return room
        if room == ME:
            if not principal.is_account:
                raise RefusalError.of(UNKNOWN)
            return principal.id
        alias, colon, message = handle_from(room.removeprefix(MARK)).partition(":")
        found = await self._store.rows(ALIAS, *alias_row(alias)) if is_alias(alias) else []
        return (found[0].room if found else ABSENT_ROOM) + colon + message
