"""Users of other servers as accounts of this one: finds the account of a user, or makes it at their first use.

The ledger links one account to a user, however many nodes ask for it at once.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from hubbub.domain.accounts import ACCOUNT
from hubbub.domain.aspects.people.credentials import IDENTITIES
from hubbub.domain.aspects.people.invites import AddPerson
from hubbub.domain.principals import Principal, Role
from hubbub.protocol import keys
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.handles import handle_like, is_handle
from hubbub.protocol.keys import DIRECTORY, account_key
from hubbub.protocol.names import is_display_name
from hubbub.server.people.addresses import Submit
from hubbub.server.people.register import Register
from hubbub.server.stores.base import Store

NUMBERED = range(2, 6)  # what is added to a handle that somebody has; after that, it is random
LONGEST_STEM = 26  # characters of a handle to which something is added


@dataclass(frozen=True, slots=True)
class OutsideUser:
    """A user of another server. `subject` is their stable id; what they are called there may be anything.

    `counted_as` is what their changes count towards until they have an account.
    """

    subject: str
    called: tuple[str, ...]  # the first that makes a handle is used
    name: str = ""
    counted_as: str = field(default="", kw_only=True)


class Identities:
    """Knows which accounts belong to users of other servers. All methods raise StoreFailed."""

    def __init__(self, store: Store, register: Register, submit: Submit) -> None:
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

    async def account(self, user: OutsideUser, address: str | None = None) -> str:
        """Return the account of a user, which is made if they have none. Raises RefusalError."""
        return await self.find(user.subject) or await self._add(user, address)

    async def _add(self, user: OutsideUser, address: str | None) -> str:
        account = account_key(secrets.token_bytes(keys.RANDOM_BYTES))
        counted_as = user.counted_as or user.subject
        principal = Principal(account, Role.ACCOUNT, account, counted_as=counted_as)
        for handle in _handles(user):
            if (name := await self._name(account, user.name, handle)) is None:
                continue
            change = AddPerson(
                account=account, handle=handle, name=name, subject=user.subject, address=address
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
