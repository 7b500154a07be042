"""The largest files that messages show, for owners and admins who look for space."""

from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.facts import MessageKey, Needs
from hubbub.domain.files import FILE_USE, FileUse
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.domain.tables.rooms import ROOM, MadeRoom, room_row
from hubbub.protocol.keys import parent_of
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import Store

MOST = 100  # that are listed


class LargeFile(NamedTuple):
    """A file, since when it is there, and whose it is, unless the account was removed.

    Whoever may not know of its room, as of a direct, is told only how large it is and whose. Whoever may not read there is not told
    what it is called.
    """

    use: FileUse
    at: str
    account: Account | None
    room: MadeRoom | None
    may_read: bool
    may_delete: bool


class LargeFiles:
    """Finds them. All methods raise StoreFailed."""

    def __init__(self, store: Store, rights: Rights) -> None:
        self._store = store
        self._rights = rights

    async def largest(self, principal: Principal) -> list[LargeFile]:
        """Return the largest files, as an owner or admin may know of them."""
        uses = await self._store.largest(FILE_USE, "size", MOST)
        wanted = Needs()
        for use in uses:
            wanted.row(ACCOUNT, account_row(use.account))
            wanted.row(ROOM, room_row(parent_of(use.room)))
        rows = (await self._store.find(wanted)).rows
        times = await self._times({MessageKey(use.room, use.seq) for use in uses})
        found = []
        for use in uses:
            if (at := times.get(MessageKey(use.room, use.seq))) is None:
                continue  # its message was deleted meanwhile
            account = rows[ACCOUNT][account_row(use.account)]
            may_know, may_read, may_delete = [
                await self._rights.may(principal, operation, use.room)
                for operation in (Operation.KNOW, Operation.READ, Operation.DELETE_ANY)
            ]
            room = rows[ROOM][room_row(parent_of(use.room))] if may_know else None
            is_own = may_read and use.account == principal.id
            found.append(LargeFile(use, at, account, room, may_read, may_delete or is_own))
        return found

    async def _times(self, keys: set[MessageKey]) -> dict[MessageKey, str]:
        """Return when messages were posted, of those that are there."""
        rest, times = sorted(keys), {}
        while rest:
            found = (await self._store.messages(rest)).found
            for key, each in zip(rest, found, strict=False):
                if each and not each.message.deleted:
                    times[key] = each.message.at
            rest = rest[len(found) :]
        return times
