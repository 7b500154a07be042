"""An account's rooms and the people, for programs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from hubbub.client.changes import Changes
from hubbub.client.keeping import Keeper
from hubbub.protocol.starting import MyRoom, ShownPerson


class Me:
    """The rooms that an account is in, and the people, as of now. Returned by `Client.me`.

        await client.me.open()
        for room in client.me.rooms.values():
            print(room.title, room.nth)
        async for change in client.me.changes():
            print(change)

    Rooms that you don't follow are not read: the server tells how far they have come.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

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
        """The key of the account, `@p…`. Raises RuntimeError before `open`, as the next three do."""
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

    def changes(self) -> Changes:
        """What happens to `rooms` and `people` from the call on, for `async for`: in order, each change once.

        Reconnects and restarts of the server leave nothing out. What can't be told one by one comes in a `Refreshed`:
        what changed while the server kept no events, or when more than `max_queued` changes wait to be taken.
        Opens this, if it isn't. Raises what `open` raises, and `Closed` if the server closed the client for good.
        """
        return self._keeper.listen()
