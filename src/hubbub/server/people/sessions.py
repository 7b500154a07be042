"""Sessions and API tokens of accounts: who holds one is let in as the account, until it ends or the account may not come in.

What was looked up is kept for a while. An end that this node commits is noticed at once (see `endings`), and whatever ended before
something that this node is about to deliver, before that (see `ends`): it looks at the heads of the accounts' own logs that may have
moved (see `moves`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import msgspec

from hubbub.domain.aspects.people.accounts import OPERATOR, is_at_least
from hubbub.domain.aspects.people.sessions import (
    KINDS,
    SESSION,
    SESSIONS,
    RenewSession,
    Session,
    SessionId,
)
from hubbub.domain.facts import Head, Needs
from hubbub.domain.principals import SCOPES, Principal, Role
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.events import PersonRemoved
from hubbub.events.people import PersonChanged
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.secrets import is_secret_of, session_from
from hubbub.server.people.endings import Ending
from hubbub.server.people.moves import Moves
from hubbub.server.people.roll import Roll
from hubbub.server.stores.base import Store, StoreFailed

LIFETIME = 90 * 86_400.0  # seconds from the last use of a session
RENEWED_AFTER = 86_400.0  # seconds; a renewal is written down, so it is not made for every use
KEPT_FOR = 60.0  # seconds without a request or connection
MOST_KEPT = 20_000  # sessions; whoever loses a place is let in again with a look-up

Renew = Callable[[Principal, RenewSession], object]


@dataclass(slots=True)
class _Known:
    """A session as it was when its account's log had this head, and when it was used last."""

    digest: str = field(repr=False)
    principal: Principal
    head: int
    used_at: float
    owner: str | None = None  # of a bot
    is_renewed: bool = False

    def use(self, now: float) -> None:
        """It is used."""
        self.used_at = now

    def must_be_renewed(self, until: float) -> bool:
        """Whether it should be renewed until then. It is asked for only once."""
        _, kind, _ = self.principal.session
        if self.is_renewed or kind != SESSION or until - self.principal.until < RENEWED_AFTER:
            return False
        self.is_renewed = True
        return True


class Sessions:
    """Checks the texts of sessions and API tokens of accounts, whose handles no guest may use."""

    def __init__(self, store: Store, now: Callable[[], float], renew: Renew, roll: Roll) -> None:
        """`now` gives seconds since 1970. `renew` submits a renewal; nothing waits for its outcome. `roll` is kept up."""
        self._store = store
        self._now = now
        self._renew = renew
        self._roll = roll
        self._seen = (
            0,
            0,
        )  # the head of the directory and the version of the roll at the last refresh
        self._endings = 0  # of which this node was told
        self._moves = Moves(store)
        self._known: OrderedDict[tuple[str, ...], _Known] = (
            OrderedDict()
        )  # the last used at the end

    @property
    def names(self) -> set[str]:
        """The handles of accounts."""
        return self._roll.names

    async def prepare(self, token: str) -> None:
        """Look a token up, unless it is known or of another kind. Raises RefusalError (`unavailable`)."""
        if given := session_from(token):
            await self._know(given.key)

    async def find(self, key: tuple[str, ...]) -> tuple[str, Principal] | None:
        """Return the digest of a session, and whom it speaks for, unless it has ended. Raises RefusalError (`unavailable`)."""
        await self._know(key)
        if (known := self._known.get(key)) is None:
            return None
        self._use(key, known)
        return known.digest, known.principal

    async def _know(self, key: tuple[str, ...]) -> None:
        """Look a session up, unless it is known. Raises RefusalError (`unavailable`)."""
        if key in self._known:
            return
        try:
            await self._look_up(SessionId(*key))
            self._moves.note({key[0]})  # it may have moved since it was read
        except StoreFailed:
            detail = "Sessions can't be looked up now; try again later"
            raise RefusalError("unavailable", detail, retry_after=1.0) from None

    def principal(self, token: str) -> Principal | None:
        """Return the account that a prepared token speaks for, or None if it is not valid."""
        given = session_from(token)
        known = given and self._known.get(given.key)
        if not (given and known and is_secret_of(given.secret, known.digest)):
            return None
        self._use(given.key, known)
        self._renew_if_due(known)
        return known.principal

    def is_valid(self, principal: Principal) -> bool:
        """Whether the principal's session has not ended, as far as is known."""
        if not principal.is_account or principal.session[1] not in KINDS:
            return True
        if known := self._known.get(principal.session):
            self._use(principal.session, known)
        return known is not None

    async def refresh(self) -> bool:
        """Look up again what has changed, and forget what is not used. Must be called at least once a second.

        Returns whether anything has changed. Raises StoreFailed.
        """
        while self._known and self._now() - next(iter(self._known.values())).used_at > KEPT_FOR:
            self._known.popitem(last=False)
        logs = {DIRECTORY, *(account for account, *_ in self._known)}
        async with self._moves.among(logs) as moved:
            return await self._look_again(moved)

    async def _look_again(self, moved: set[str]) -> bool:
        """Look up again what has changed, if these logs may have moved. Returns whether anything has."""
        heads = await self._heads(moved) if moved else {}
        before, version = self._seen
        head = heads.get(DIRECTORY, 0) if DIRECTORY in moved else before
        has_moved = head != before  # which says all of bots' owners
        changed = [
            key
            for key, known in self._known.items()
            if (key[0] in moved and known.head != heads.get(key[0], 0))
            or (known.owner and has_moved)
        ]
        await asyncio.gather(*(self._look_up(SessionId(*key)) for key in changed))
        if has_moved:
            await self._roll.refresh()
        self._seen = head, self._roll.version
        return self._roll.version != version or bool(changed)

    def note(self, logs: Collection[str]) -> None:
        """These logs have got events."""
        self._moves.note(logs)

    def forget(self, ended: Ending) -> set[str]:
        """Forget what an event ended. Returns the accounts whose credentials were forgotten."""
        self._endings += 1
        keys = self._ended_by(ended)
        for key in keys:
            del self._known[key]
        return {account for account, *_ in keys}

    def _ended_by(self, ended: Ending) -> list[tuple[str, ...]]:
        if isinstance(ended, PersonChanged | PersonRemoved):
            who = ended.account
            return [key for key, known in self._known.items() if who in (key[0], known.owner)]
        if ended.session is not None:
            key = (ended.room, ended.kind, ended.session)
            return [key] if key in self._known else []
        begin, kept = (ended.room, ended.kind), ended.kept
        return [key for key in self._known if key[:2] == begin and key[2] != kept]

    async def _look_up(self, key: SessionId) -> None:
        while True:
            endings = self._endings
            wanted = Needs(logs={key.account})
            wanted.row(SESSIONS, key)
            wanted.row(ACCOUNT, row := account_row(key.account))
            found = await self._store.find(wanted)
            session, account = found.rows[SESSIONS][key], found.rows[ACCOUNT][row]
            may_come_in = bool(session and account) and await self._may_come_in(account)
            if endings == self._endings:  # else what was read may be older than what was forgotten
                break
        if not may_come_in:
            self._known.pop(key, None)
            return
        before = self._known.get(key)
        used_at = before.used_at if before else self._now()
        head = found.heads.get(key.account, Head()).seq
        self._known[key] = _Known(
            session.digest, _principal(session), head, used_at, owner=account.owner
        )
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)

    async def _may_come_in(self, row: Account) -> bool:
        """Whether an account may come in; a bot only while its owner may, and has a role that is worth as much."""
        if row.status != "active" or row.owner in (None, OPERATOR.id):
            return row.status == "active"
        owners = await self._store.rows(ACCOUNT, DIRECTORY, row.owner)
        return any(
            owner.status == "active" and is_at_least(owner.role, row.role) for owner in owners
        )

    async def _heads(self, accounts: Collection[str]) -> dict[str, int]:
        return {log: head.seq for log, head in (await self._store.heads([*accounts])).items()}

    def _use(self, key: tuple[str, ...], known: _Known) -> None:
        known.use(self._now())
        self._known.move_to_end(key)

    def _renew_if_due(self, known: _Known) -> None:
        """Let a session go on for another while. What that changes is looked up as any other change."""
        account, _, session = known.principal.session
        until = self._now() + LIFETIME
        if known.must_be_renewed(until):
            self._renew(known.principal, RenewSession(room=account, session=session, until=until))


def _principal(row: Session) -> Principal:
    names = msgspec.json.decode(row.scopes, type=list[str])
    return Principal(
        row.account,
        Role.ACCOUNT,
        row.account,
        frozenset(SCOPES[name] for name in names if name in SCOPES),
        until=float("inf") if row.until is None else row.until,
        session=(row.account, row.kind, row.session),
    )
