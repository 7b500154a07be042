"""The roll: which handles there are, and what the names of owners and admins look like.

It is read once, and then kept up by the directory's log, so that nothing costs more the more accounts there are.
"""

import asyncio
from collections.abc import Set
from itertools import chain

from hubbub.domain.aspects.people.accounts import HANDLES, is_at_least
from hubbub.domain.facts import Needs
from hubbub.domain.lookalikes import forms
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.events import Events, PersonRemoved, tag_in, tag_of
from hubbub.events.people import PersonAdded, PersonChanged
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import DIRECTORY
from hubbub.server.stores.base import Store

LOOK_TAKEN = Refusal("name_taken", "This name looks like an owner's or admin's: choose another")

_EVENTS = Events((PersonAdded, PersonChanged, PersonRemoved))
_TAGS = frozenset(map(tag_of, _EVENTS.kinds))


class Roll:
    """What accounts are called, as of the last `refresh`.

    `names` are their handles, former ones as well. `version` grows with each change, and `looks_version` if owners or admins look otherwise.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._seq: int | None = None  # of the directory; None: nothing was read yet
        self._looks: dict[str, frozenset[str]] = {}  # of owners and admins
        self.names: set[str] = set()
        self.version = self.looks_version = 0

    async def refresh(self) -> None:
        """Read what is new in the directory. Raises StoreFailed."""
        async with self._turn:
            head = (await self._store.head(DIRECTORY)).seq
            while self._seq is None or self._seq < head:
                if not (self._seq is not None and await self._follow(self._seq, head)):
                    await self._read_all(head)
                self.version += 1

    def looks_taken(self, name: str, account: str = "") -> bool:
        """Whether a display name looks like that of an owner or an admin other than this account."""
        others = [look for owner, look in self._looks.items() if owner != account]
        return bool(others) and not forms(name).isdisjoint(chain.from_iterable(others))

    @property
    def leaders(self) -> Set[str]:
        """The accounts of owners and admins."""
        return self._looks.keys()

    async def _read_all(self, head: int) -> None:
        handles = await self._store.rows(HANDLES, DIRECTORY)
        accounts = await self._store.rows(ACCOUNT, DIRECTORY)
        self.names.clear()
        self.names.update(row.handle for row in handles)
        self._looks.clear()
        for row in accounts:
            self._look_at(row)
        self._seq = head

    async def _follow(self, after: int, head: int) -> bool:
        """Take the next events of the directory. Returns False if they don't tell all that is new."""
        page = await self._store.read(DIRECTORY, after, head)
        changes = [_EVENTS.decode(body) for body in page.bodies if tag_in(body) in _TAGS]
        if any(isinstance(change, PersonRemoved) for change in changes):
            return (
                False  # what was said of it may be erased, and its handles are kept in another form
            )
        wanted = Needs()
        for change in changes:
            assert isinstance(change, PersonAdded | PersonChanged)
            wanted.row(ACCOUNT, account_row(change.account))
            if change.handle is not None:
                self.names.add(change.handle)
        rows = (await self._store.find(wanted)).rows[ACCOUNT].values() if changes else []
        for row in filter(None, rows):
            self._look_at(row)
        self._seq = after + len(page.bodies)
        return bool(page.bodies) and None not in rows

    def _look_at(self, row: Account) -> None:
        before = self._looks.pop(row.account, None)
        if is_at_least(row.role, "admin"):
            self._looks[row.account] = forms(row.name)
        self.looks_version += before != self._looks.get(row.account)
