"""JWTs that speak for accounts: whoever has a valid one acts as the account of the user that it names.

The account is made at the first use. As with sessions, what was looked up is kept while it is used. That an account was
suspended is noticed at once on the node that commits it (see `endings`), and on every other before it delivers anything later (see `ends`).
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from hubbub.domain.principals import Principal, Role
from hubbub.events import PersonRemoved
from hubbub.events.people import PersonChanged
from hubbub.protocol.errors import RefusalError
from hubbub.server.people.endings import Ending
from hubbub.server.people.moves import Moves
from hubbub.server.people.outside.identities import Identities, OutsideUser
from hubbub.server.people.outside.jwts import Jwts, JwtUser
from hubbub.server.people.sessions import KEPT_FOR, MOST_KEPT
from hubbub.server.people.tokens import PREFIX
from hubbub.server.stores.base import Store, StoreFailed

KIND = "jwt"  # in the key of the session, in place of a session's or a token's
CALLED = ("preferred_username", "name", "sub")  # claims of which a handle is made, the best first


log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    """An active account as it was when its log had this head, and when it was used last."""

    account: str
    head: int
    used_at: float

    def use(self, now: float) -> None:
        """It is used."""
        self.used_at = now


class JwtAccounts:
    """Checks JWTs, and lets their holders in as accounts."""

    names: frozenset[str] = frozenset()  # handles are known to `Sessions`

    def __init__(
        self, jwts: Jwts, identities: Identities, store: Store, now: Callable[[], float]
    ) -> None:
        """`now` gives seconds since 1970."""
        self._jwts = jwts
        self._identities = identities
        self._store = store
        self._now = now
        self._known: OrderedDict[str, _Known] = (
            OrderedDict()
        )  # by subject, the last used at the end
        self._endings = 0  # of which this node was told
        self._moves = Moves(store)

    async def prepare(self, token: str) -> None:
        """Find the account of a valid token's user, or make it. Raises RefusalError."""
        user = None if token.startswith(PREFIX) else self._jwts.user(token)
        if user is None or user.principal.id in self._known:
            return
        try:
            account = await self._identities.account(_outside(user))
            await self._look_up(user.principal.id, account)
            self._moves.note({account})  # it may have moved since it was read
        except StoreFailed:
            detail = "Accounts can't be looked up now; try again later"
            raise RefusalError("unavailable", detail, retry_after=1.0) from None

    def principal(self, token: str) -> Principal | None:
        """Return the account that a prepared token speaks for, with what the token allows; None if it is not valid."""
        user = self._jwts.principal(token)
        if user is None:
            return None
        if (known := self._known.get(user.id)) is None:
            log.info("Refused a JWT: its account is suspended")
            return None
        self._use(user.id, known)
        session = (known.account, KIND, user.id)
        return Principal(
            *(known.account, Role.ACCOUNT, known.account, user.scopes, user.rooms, user.until),
            session=session,
        )

    def is_valid(self, principal: Principal) -> bool:
        """Whether the account that a JWT speaks for may still act, as far as is known."""
        if principal.session[1:2] != (KIND,):
            return True
        subject = principal.session[2]
        if known := self._known.get(subject):
            self._use(subject, known)
        return known is not None

    def forget(self, ended: Ending) -> set[str]:
        """Forget the users whose account was suspended. Returns the accounts that were forgotten."""
        self._endings += 1
        if not isinstance(ended, PersonChanged | PersonRemoved):
            return set()
        found = [subject for subject, it in self._known.items() if it.account == ended.account]
        for subject in found:
            del self._known[subject]
        return {ended.account} if found else set()

    async def refresh(self) -> bool:
        """Look up again what has changed, and forget what is not used. Must be called at least once a second.

        Returns whether anything has changed. Raises StoreFailed.
        """
        while self._known and self._now() - next(iter(self._known.values())).used_at > KEPT_FOR:
            self._known.popitem(last=False)
        async with self._moves.among({known.account for known in self._known.values()}) as moved:
            heads = await self._heads(*moved) if moved else {}
            changed = {
                subject: known.account
                for subject, known in self._known.items()
                if known.account in moved and known.head != heads.get(known.account, 0)
            }
            for subject, account in changed.items():
                await self._look_up(subject, account)
        return bool(changed)

    def note(self, logs: Collection[str]) -> None:
        """These logs have got events."""
        self._moves.note(logs)

    async def _look_up(self, subject: str, account: str) -> None:
        while True:
            endings = self._endings
            heads = await self._heads(account)  # before the row, so that no later change is missed
            is_active = await self._identities.is_active(account)
            if endings == self._endings:  # else what was read may be older than what was forgotten
                break
        if not is_active:
            self._known.pop(subject, None)
            return
        before = self._known.get(subject)
        used_at = before.used_at if before else self._now()
        self._known[subject] = _Known(account, heads.get(account, 0), used_at)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)

    async def _heads(self, *accounts: str) -> Mapping[str, int]:
        return {log: head.seq for log, head in (await self._store.heads([*accounts])).items()}

    def _use(self, subject: str, known: _Known) -> None:
        known.use(self._now())
        self._known.move_to_end(subject)


def _outside(user: JwtUser) -> OutsideUser:
    """Return what an account is made of."""
    called = tuple(filter(None, (_text(user.claims, claim) for claim in CALLED)))
    return OutsideUser(user.principal.id, called, _text(user.claims, "name"))


def _text(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    return value if isinstance(value, str) else ""
