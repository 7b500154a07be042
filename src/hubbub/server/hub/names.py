"""What clients may call a room: by its key or its name, by an alias, and their own log in short."""

from hubbub.domain.access import UNKNOWN
from hubbub.domain.principals import Principal, Role
from hubbub.domain.rooms import ALIAS, alias_row
from hubbub.protocol import keys
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.handles import handle_from, is_alias
from hubbub.protocol.keys import ME
from hubbub.server.stores.base import Store

MARK = "#"  # before an alias
_NOWHERE = (
    f"{keys.ROOM}{'0' * 12}"  # a room that does not exist is asked for in place of an unknown alias
)


def is_short(room: str) -> bool:
    """Whether a room is called otherwise than in logs, so that `Names` must be asked which it is."""
    return room == ME or room.startswith(MARK)


class Names:
    """Finds the rooms that clients mean."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def key(self, principal: Principal, room: str) -> str:
        """Return the name that a room has in logs. Whether there is such a room is not told here.

        Raises RefusalError if someone without an account asks for their own log; StoreFailed.
        """
        if not is_short(room):
            return room
        if room == ME:
            if principal.role is not Role.ACCOUNT:
                raise RefusalError.of(UNKNOWN)
            return principal.id
        alias = handle_from(room.removeprefix(MARK))
        found = await self._store.rows(ALIAS, *alias_row(alias)) if is_alias(alias) else []
        return found[0].room if found else _NOWHERE
