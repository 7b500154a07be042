"""Users of other servers as accounts of this one: finds the account of a user, or makes it at their first use.

The ledger links one account to a user, however many nodes ask for it at once.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hubbub.domain.aspects.people.credentials import IDENTITIES
from hubbub.domain.aspects.people.invites import REMOVED, AddPerson, Invite, rooms_of
from hubbub.domain.principals import Principal, Role
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.protocol import keys
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.handles import handle_like, is_handle, retired
from hubbub.protocol.keys import DIRECTORY, account_key
from hubbub.protocol.names import is_display_name
from hubbub.server.people.addresses import Submit
from hubbub.server.people.register import Register
from hubbub.server.stores.base import Records

NUMBERED = range(2, 6)  # what is added to a handle that somebody has; after that, it is random
NOT_INVITED = "There is no account for you here: ask for an invite, and sign in by it"
LONGEST_STEM = 26  # characters of a handle to which something is added


@dataclass(frozen=True, slots=True)
class OutsideUser:
    """A user of another server. `subject` is their stable id; what they are called there may be anything.

    `mailbox` is the id of their mail address, if that decides whose account it is as well.
    """

    subject: str
    called: tuple[str, ...]  # the first that makes a handle is used
    name: str = ""
    mailbox: str | None = None


class Identities:
    """Knows which accounts belong to users of other servers. All methods raise StoreFailed."""

    def __init__(self, store: Records, register: Register, submit: Submit) -> None:
        self._store = store
        self._register = register
        self._submit = submit

    async def find(self, subject: str) -> str | None:
        """Return the account of a user, whether or not it may act."""
        rows = await self._store.rows(IDENTITIES, DIRECTORY, subject)
        return rows[0].account if rows else None

    async def is_active(self, account: str) -> bool:
        """Whether an account may act."""
        rows = await self._store.rows(ACCOUNT, DIRECTORY, account)
        return bool(rows) and rows[0].status == "active"

    async def account(
        self,
        user: OutsideUser,
        invite: str | None = None,
        address: str | None = None,
        *,
        may_add: bool = True,
    ) -> str:
        """Return the account of a user, which is made if they have none and may have one, or if they have an invite.

        Raises RefusalError: `forbidden` if they may not have one, `gone` if the invite can't be used.
        """
        if await self.find(retired(user.subject)):
            raise RefusalError.of(REMOVED)
        known = await self.find(user.subject)
        if known and user.mailbox is None:
            return known
        if known is None and user.mailbox is not None:
            known = await self.find(user.mailbox)
        used = await self._register.invite(invite) if invite and not known else None
        if not (known or used or may_add):
            raise RefusalError("forbidden", NOT_INVITED)
        return await self._add(user, known, used, address)

    async def _add(
        self, user: OutsideUser, known: str | None, invite: Invite | None, address: str | None
    ) -> str:
        """Make an account for a user, or link the one that is known by now."""
        account = known or account_key(secrets.token_bytes(keys.RANDOM_BYTES))
        principal = Principal(account, Role.ACCOUNT, account, counted_as=user.subject)
        for handle in _handles(user):
            if (name := await self._name(account, user.name, handle)) is None:
                continue
            change = AddPerson(
                account=account,
                handle=handle,
                name=name,
                subject=user.subject,
                mailbox=user.mailbox,
                address=address,
                **_using(invite),
            )
            answer = await self._submit(principal, change)
            if not isinstance(answer, Refusal):
                return answer.made or account
            if answer.code != "name_taken":
                raise RefusalError.of(answer)
        raise RefusalError("name_taken", "No free handle was found for the account: try again")

    async def _name(self, account: str, *wanted: str) -> str | None:
        """Return the first name under which an account may show itself, if there is one."""
        for name in filter(is_display_name, wanted):
            if await self._register.is_own_look(name, account):
                return name
        return None


def _using(invite: Invite | None) -> dict[str, Any]:
    """Return the fields of the command by which an account is made by an invite."""
    if invite is None:
        return {}
    given = {"invite": invite.invite, "digest": invite.digest, "inviter": invite.by}
    return given | {"rooms": rooms_of(invite)}


def _handles(user: OutsideUser) -> Iterator[str]:
    """Return handles for a user, the best first."""
    stems = filter(None, map(_stem, user.called))
    stem = next(stems, "user")
    if is_handle(stem):
        yield stem
    stem = stem[:LONGEST_STEM].rstrip("._-")
    yield from (f"{stem}-{number}" for number in NUMBERED)
    yield from (f"{stem}-{secrets.token_hex(2)}" for _ in range(5))


def _stem(text: str) -> str:
    """Return what a handle may begin with; of a mail address, what stands before the `@`."""
    return handle_like(text.partition("@")[0])
