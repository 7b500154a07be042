"""Looks up accounts, their sessions, and invites, as they are now."""

from collections.abc import Callable, Set
from typing import Any, NamedTuple

import msgspec

from hubbub.domain.aspects.people.accounts import is_at_least
from hubbub.domain.aspects.people.audit import AUDIT_HEAD, next_link
from hubbub.domain.aspects.people.invites import GONE, INVITES, Invite
from hubbub.domain.aspects.people.preferences import PREFERENCES
from hubbub.domain.aspects.people.sessions import SESSION, SESSIONS, TOKEN, Session
from hubbub.domain.facts import Needs
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, Account
from hubbub.domain.tables.rooms import PLACE
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS, Subscription
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.protocol.names import is_display_name
from hubbub.protocol.secrets import invite_from, is_secret_of
from hubbub.server.people.roll import LOOK_TAKEN, Roll
from hubbub.server.stores.base import Store, some

CHECKED_AT_ONCE = 500  # entries of the audit log


class Belongings(NamedTuple):
    """What an account has, in numbers."""

    rooms: int
    tokens: int


class Register:
    """What is kept about people. All methods raise StoreFailed."""

    def __init__(self, store: Store, now: Callable[[], float], roll: Roll) -> None:
        """`now` gives seconds since 1970. `roll` knows what owners and admins look like."""
        self._store = store
        self._now = now
        self.roll = roll

    async def account(self, account: str) -> Account:
        """Return an account. Raises RefusalError (`not_found`)."""
        rows = await self._store.rows(ACCOUNT, DIRECTORY, account)
        if not rows:
            raise RefusalError("not_found", "No such account")
        return rows[0]

    async def leaders(self) -> Set[str]:
        """Return the accounts of owners and admins."""
        await self.roll.refresh()
        return self.roll.leaders

    async def require_own_look(self, name: str, account: str) -> None:
        """Raise RefusalError (`name_taken`) if a display name looks like that of an owner or an admin other than this account."""
        if not is_display_name(name):
            return  # the ledger refuses it, and says why
        if not await self.is_own_look(name, account):
            raise RefusalError.of(LOOK_TAKEN)

    async def is_own_look(self, name: str, account: str) -> bool:
        """Whether a display name looks unlike those of all owners and admins but this account."""
        await self.roll.refresh()
        return not self.roll.looks_taken(name, account)

    async def people(self, reader: str, after: str, limit: int) -> list[Account]:
        """Return accounts by their keys. Raises RefusalError: `forbidden` if the reader is a guest, or has no account."""
        if not is_at_least((await self.account(reader)).role, "member"):
            raise RefusalError("forbidden", "Not allowed to list the people of this server")

        def is_shown(row: Account) -> bool:
            return row.status != "removed"

        return await some(self._store, ACCOUNT, DIRECTORY, after=after, limit=limit, where=is_shown)

    async def subscription(self, session: tuple[str, ...]) -> Subscription | None:
        """Return where the device with a session, or the program with a token, is notified, if it is."""
        rows = await self._store.rows(SUBSCRIPTIONS, *session) if session else []
        return rows[0] if rows else None

    async def sessions(self, account: str) -> list[Session]:
        """Return the sessions of an account, the last opened first."""
        rows = await self._store.rows(SESSIONS, account, SESSION)
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)

    async def belongings(self, account: str) -> Belongings:
        """Return how many rooms an account is in, and how many API tokens it has."""
        wanted = Needs()
        wanted.count(PLACE, account)
        wanted.count(SESSIONS, account, TOKEN)
        counts = (await self._store.find(wanted)).counts
        return Belongings(counts[PLACE][(account,)], counts[SESSIONS][(account, TOKEN)])

    async def tokens(self, reader: str, account: str) -> list[Session]:
        """Return the API tokens of an account, the last made first.

        Raises RefusalError (`forbidden`) unless the reader is that account, or owns it.
        """
        rows = await self._store.rows(ACCOUNT, DIRECTORY, account)
        if not rows or reader not in (rows[0].account, rows[0].owner):
            raise RefusalError("forbidden", "Not allowed to list the tokens of this account")
        tokens = await self._store.rows(SESSIONS, account, TOKEN)
        return sorted(tokens, key=lambda row: row.opened_at, reverse=True)

    async def invite(self, text: str) -> Invite:
        """Return the invite or the claim link that a text proves. Raises RefusalError (`gone`)."""
        given = invite_from(text)
        rows = await self._store.rows(INVITES, AUDIT, given.id) if given else []
        if not given or not rows or not is_secret_of(given.secret, rows[0].digest):
            raise RefusalError.of(GONE)
        return rows[0]

    async def check_audit(self) -> tuple[int, int | None]:
        """Follow the chain of the audit log. Returns how many entries hold, and the first that does not, if there is one."""
        seq, link, head = 0, "", (await self._store.head(AUDIT)).seq
        while True:
            while seq < head:
                upto = min(seq + CHECKED_AT_ONCE, head)
                for body in (await self._store.read(AUDIT, seq, upto)).bodies or [b""]:
                    if (found := next_link(link, body)) is None:
                        return seq, seq + 1
                    seq, link = seq + 1, found
            ends = [row.hash for row in await self._store.rows(AUDIT_HEAD, AUDIT)]
            head = (await self._store.head(AUDIT)).seq
            if ends == [link] * bool(seq):
                return seq, None
            if head == seq:  # or else there are more entries by now
                return seq, seq + 1

    async def blocks(self, account: str) -> list[str]:
        """Return the accounts that one blocks."""
        return [row.blocked for row in await self._store.rows(BLOCKS, account)]

    async def preferences(self, account: str) -> dict[str, Any]:
        """Return the settings that an account chose."""
        rows = await self._store.rows(PREFERENCES, account)
        return {row.name: msgspec.json.decode(row.value) for row in rows}

    async def invites(self, reader: str, after: str, limit: int) -> list[Invite]:
        """Return invites that can still be used by their keys, as far as an account may see them: its own, or all as an admin.

        Raises RefusalError (`not_found`) without such an account.
        """
        sees_all = is_at_least((await self.account(reader)).role, "admin")
        now = self._now()

        def is_shown(row: Invite) -> bool:
            is_over = row.is_revoked or not row.uses_left or row.until <= now
            return (row.by == reader or sees_all) and not is_over and row.role != "owner"

        return await some(self._store, INVITES, AUDIT, after=after, limit=limit, where=is_shown)
