"""Looks up accounts, their sessions, and invites, as they are now."""

from hubbub.domain.accounts import ACCOUNT, Account
from hubbub.domain.aspects.people.sessions import SESSION, SESSIONS, Session
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.server.stores.base import Store


class Register:
    """What is kept about people. All methods raise StoreFailed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def account(self, account: str) -> Account:
        """Return an account. Raises RefusalError (`not_found`)."""
        rows = await self._store.rows(ACCOUNT, DIRECTORY, account)
        if not rows:
            raise RefusalError("not_found", "No such account")
        return rows[0]

    async def sessions(self, account: str) -> list[Session]:
        """Return the sessions of an account, the last opened first."""
        rows = await self._store.rows(SESSIONS, account, SESSION)
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)
