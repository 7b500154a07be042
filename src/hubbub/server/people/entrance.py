"""The ways in: a claim link, an invite, open sign-up, a password. Each ends with a new session.

Nothing is decided here: secrets are made and compared, and the ledger decides.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hubbub.domain.aspects.people.accounts import HANDLES, OPERATOR, OWNERS
from hubbub.domain.aspects.people.credentials import CREDENTIALS, PASSWORD, RESET
from hubbub.domain.aspects.people.invites import (
    AddPerson,
    MakeInvite,
    rooms_of,
)
from hubbub.domain.aspects.people.passwords import NO_RESET, MakeReset, SetPassword
from hubbub.domain.aspects.people.removal import RemovePerson
from hubbub.domain.aspects.people.sessions import SESSION, SESSIONS, TOKEN, OpenSession, Session
from hubbub.domain.facts import Accepted
from hubbub.domain.identity import at_address
from hubbub.domain.principals import SCOPES, Principal, Role
from hubbub.protocol import keys
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.handles import handle_from, is_handle
from hubbub.protocol.keys import DIRECTORY, account_key
from hubbub.protocol.messages import Change
from hubbub.protocol.secrets import (
    RANDOM_BYTES,
    InviteToken,
    SessionToken,
    digest_of,
    invite_from,
    is_secret_of,
    new_invite,
    new_session,
    new_token,
)
from hubbub.server.audit import audit
from hubbub.server.people.addresses import Submit
from hubbub.server.people.attempts import Attempts
from hubbub.server.people.exporting import Exports
from hubbub.server.people.passwords import Passwords, fault
from hubbub.server.people.register import Register
from hubbub.server.people.removing import removal_of
from hubbub.server.people.sessions import LIFETIME
from hubbub.server.stores.base import Store

CLAIM_SECONDS = 86_400.0
RESET_SECONDS = 86_400.0
FRESH_SECONDS = 600.0  # after which a session alone does not prove enough to remove its account
MOST_SESSIONS = 50  # of an account; a new one ends the one that would end first


@dataclass(frozen=True, slots=True)
class Caller:
    """Who wants to come in: from where, with what device, and with which session of theirs so far."""

    address: str
    device: str = ""
    held: SessionToken | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody chose for their account."""

    handle: str
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewToken:
    """What an API token is for, what it allows, and for how many seconds; None: until it is revoked."""

    name: str
    scopes: tuple[str, ...]
    seconds: float | None = None


class Entrance:
    """Lets people in. Whatever is refused is a RefusalError; what a failing store raises is StoreFailed."""

    def __init__(
        self,
        store: Store,
        submit: Submit,
        passwords: Passwords,
        attempts: Attempts,
        now: Callable[[], float],
        register: Register,
    ) -> None:
        """`now` gives seconds since 1970."""
        self._store = store
        self.exports = Exports(store, now)
        self.register = register
        self._submit = submit
        self._passwords = passwords
        self._attempts = attempts
        self._now = now

    async def is_claimed(self) -> bool:
        """Whether the server has an owner."""
        return bool(await self._store.rows(OWNERS, DIRECTORY))

    async def claim_link(self) -> str | None:
        """Make a claim link if there is no owner, and return what stands in its fragment."""
        if await self.is_claimed():
            return None
        given = OPERATOR, "owner", 1, CLAIM_SECONDS, None
        return (await self.invite(*given, is_open=False)).text

    async def invite(
        self,
        principal: Principal,
        role: str,
        uses: int,
        seconds: float,
        address: str | None,
        *,
        is_open: bool,
        rooms: tuple[str, ...] = (),
    ) -> InviteToken:
        """Make an invite, and return what stands in its link. `is_open`: members may make one, too. `rooms`: keys."""
        token = new_invite(secrets.token_bytes(RANDOM_BYTES))
        change = MakeInvite(
            invite=token.id,
            digest=digest_of(token.secret),
            role=role,
            rooms=rooms,
            uses=uses,
            until=self._now() + seconds,
            is_open=is_open,
            address=address,
        )
        await self._do(principal, change)
        return token

    async def join(self, text: str, given: Newcomer, caller: Caller) -> SessionToken:
        """Make an account by the text of an invite or a claim link, and open a session of it."""
        invite = await self.register.invite(text)
        return await self._enrol(
            given,
            caller,
            invite=invite.invite,
            digest=invite.digest,
            inviter=invite.by,
            rooms=rooms_of(invite),
        )

    async def sign_up(self, given: Newcomer, caller: Caller) -> SessionToken:
        """Make a member's account for anyone, as the settings allow, and open a session of it."""
        if refusal := fault(given.password, handle_from(given.handle)):
            raise RefusalError.of(refusal)
        if refusal := self._attempts.sign_up(caller.address):
            raise RefusalError.of(refusal)
        return await self._enrol(given, caller, is_open=True)

    async def log_in(self, handle: str, password: str, caller: Caller) -> SessionToken:
        """Open a session for whoever knows the password; an unknown handle takes as long as a known one."""
        handle = handle_from(handle)
        handle = handle if is_handle(handle) else ""  # which nobody has, and which is short
        account, known = await self._password_of(handle)
        if not await self._is_right(handle, password, known, caller.address):
            audit("log-in refused", handle=handle, address=caller.address)
            raise RefusalError("unauthenticated", "Wrong handle or password")
        return await self.open(account, caller, was=known)

    async def new_password(
        self, account: str, session: str, was: str | None, password: str, address: str
    ) -> SetPassword:
        """Return the command that changes a password, if the one so far is right. All sessions but one end."""
        if refusal := fault(password, (await self.register.account(account)).handle):
            raise RefusalError.of(refusal)
        found = await self._store.rows(CREDENTIALS, account, PASSWORD)
        if found and not await self._is_right(account, was or "", found[0].secret, address):
            raise RefusalError("forbidden", "Wrong password")
        return SetPassword(
            room=account,
            secret=await self._passwords.hash(password),
            was=found[0].secret if found else None,
            keeps=session,
            address=address,
        )

    async def removal(self, account: str, address: str, *, erases: bool) -> RemovePerson:
        """Return the command that removes an account; `erases`: with its messages."""
        return await removal_of(self._store, account, erases_messages=erases, address=address)

    async def own_removal(
        self, account: str, session: str, password: str | None, address: str, *, erases: bool
    ) -> RemovePerson:
        """Return the command by which an account removes itself, if its holder proves once more who they are.

        By the password; without one, by a session that was opened a short time ago. `erases`: with its messages.
        """
        found = await self._store.rows(CREDENTIALS, account, PASSWORD)
        was = found[0].secret if found else None
        if was is None:
            opened = await self._store.rows(SESSIONS, account, SESSION, session)
            if not any(self._is_fresh(row) for row in opened):
                raise RefusalError("forbidden", "Sign in again first, and repeat this at once")
        elif not await self._is_right(account, password or "", was, address):
            raise RefusalError("forbidden", "Wrong password")
        return await removal_of(
            self._store, account, erases_messages=erases, was=was, address=address
        )

    def _is_fresh(self, row: Session) -> bool:
        age = self._now() - datetime.fromisoformat(row.opened_at).timestamp()
        return age < FRESH_SECONDS

    async def reset_link(
        self, principal: Principal, account: str, address: str | None
    ) -> tuple[InviteToken, float]:
        """Make a reset link, in place of any that the account has; return what stands in it, and when it ends."""
        made = new_invite(secrets.token_bytes(RANDOM_BYTES))
        token = InviteToken(account.removeprefix(keys.ACCOUNT), made.secret)
        until = self._now() + RESET_SECONDS
        digest = digest_of(token.secret)
        change = MakeReset(room=account, digest=digest, until=until, address=address)
        await self._do(principal, change)
        return token, until

    async def reset(self, text: str, password: str, caller: Caller) -> SessionToken:
        """Give an account another password by a reset link, and open a session of it."""
        given = invite_from(text)
        account = f"{keys.ACCOUNT}{given.id}" if given else keys.ABSENT_ACCOUNT
        rows = await self._store.rows(CREDENTIALS, account, RESET)
        if not (given and rows and is_secret_of(given.secret, rows[0].secret)):
            raise RefusalError.of(NO_RESET)
        if refusal := fault(password, (await self.register.account(account)).handle):
            raise RefusalError.of(refusal)
        change = SetPassword(
            room=account,
            secret=await self._passwords.hash(password),
            reset=rows[0].secret,
            made_by=rows[0].made_by or "",
            address=caller.address,
        )
        await self._do(_whoever(account, caller), change)
        return await self.open(account, caller)

    async def make_token(
        self, principal: Principal, account: str, given: NewToken, address: str
    ) -> SessionToken:
        """Make an API token of an account. Those that expired make way."""
        rows = await self._store.rows(SESSIONS, account, TOKEN)
        now = self._now()
        token = new_token(account, secrets.token_bytes(RANDOM_BYTES))
        change = OpenSession(
            room=account,
            session=token.id,
            digest=digest_of(token.secret),
            kind=TOKEN,
            name=given.name,
            scopes=given.scopes,
            until=None if given.seconds is None else now + given.seconds,
            closes=tuple(row.session for row in rows if row.until is not None and row.until <= now),
            address=address,
        )
        await self._do(principal, change)
        return token

    def sweep(self) -> None:
        """Forget wrong passwords that are too long ago."""
        self._attempts.sweep()

    def close(self) -> None:
        """Check no more passwords."""
        self._passwords.close()

    async def _is_right(self, whose: str, password: str, known: str | None, address: str) -> bool:
        """Whether a password is right; `whose` is what wrong ones are counted by."""
        if refusal := self._attempts.begin(whose, address):
            raise RefusalError.of(refusal)
        try:
            verdict = await self._passwords.check(password, known)
        except Exception:
            self._attempts.undone(whose, address)
            raise
        if verdict.is_right:
            self._attempts.succeeded(whose, address)
        return verdict.is_right

    async def _password_of(self, handle: str) -> tuple[str, str | None]:
        """Return an account and its password's hash. The look-ups are the same if there is no such account."""
        handles = await self._store.rows(HANDLES, DIRECTORY, handle)
        account = handles[0].account if handles and handles[0].is_current else keys.ABSENT_ACCOUNT
        found = await self._store.rows(CREDENTIALS, account, PASSWORD)
        return account, found[0].secret if found else None

    async def _enrol(self, given: Newcomer, caller: Caller, **by: Any) -> SessionToken:
        """Make an account in the way that the fields of the command say, and open a session of it."""
        handle = handle_from(given.handle)
        if refusal := fault(given.password, handle):
            raise RefusalError.of(refusal)
        account = account_key(secrets.token_bytes(keys.RANDOM_BYTES))
        await self.register.require_own_look(given.name, account)
        secret = await self._passwords.hash(given.password)
        change = AddPerson(
            account=account,
            handle=handle,
            name=given.name,
            secret=secret,
            address=caller.address,
            **by,
        )
        await self._do(_whoever(account, caller), change)
        return await self.open(account, caller)

    async def open(self, account: str, caller: Caller, was: str | None = None) -> SessionToken:
        """Open a session of an account that has proved itself; `was` is the password's hash, if it was one."""
        token = new_session(account, secrets.token_bytes(RANDOM_BYTES))
        change = OpenSession(
            room=account,
            session=token.id,
            digest=digest_of(token.secret),
            name=caller.device,
            scopes=(*SCOPES,),
            until=self._now() + LIFETIME,
            was=was,
            closes=await self._ending(account, caller),
            address=caller.address,
        )
        await self._do(_whoever(account, caller), change)
        return token

    async def _ending(self, account: str, caller: Caller) -> tuple[str, ...]:
        """Return the sessions in whose place a new one begins: the caller's own, those that expired, and one too many."""
        rows = await self._store.rows(SESSIONS, account, SESSION)
        rows = sorted(rows, key=lambda row: row.until or 0)
        held = caller.held and caller.held.key
        surplus = len(rows) - MOST_SESSIONS
        return tuple(
            row.session
            for nth, row in enumerate(rows)
            if nth <= surplus or (row.until or 0) <= self._now() or row[:3] == held
        )

    async def _do(self, principal: Principal, change: Change) -> Accepted:
        answer = await self._submit(principal, change)
        if isinstance(answer, Refusal):
            raise RefusalError.of(answer)
        return answer


def _whoever(account: str, caller: Caller) -> Principal:
    """Return who acts before there is a session. How often is counted by address."""
    return Principal(account, Role.ACCOUNT, account, counted_as=at_address(caller.address))
