"""The door: decides once, for each connection or request, which principal it acts for.

It also expels those whose credential is no longer valid.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import NamedTuple, Protocol

from hubbub.domain import identity
from hubbub.domain.facts import Batch
from hubbub.domain.principals import Principal, Role
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.handles import handle_from, retired
from hubbub.protocol.names import person_name_fault
from hubbub.server.audit import audit
from hubbub.server.mistakes import call_all, place_of, try_all
from hubbub.server.people.endings import Ending, endings_in
from hubbub.server.people.ends import Ends
from hubbub.server.people.moves import moved_in
from hubbub.server.people.places import Place
from hubbub.server.people.rates import Rates
from hubbub.server.people.roll import LOOK_TAKEN
from hubbub.server.people.visits import Arrival, Visit, Visits
from hubbub.server.stores.base import UNREADABLE, StoreFailed

NAMELESS = "guest"
KEY_LENGTHS = range(16, 129)
GUESSES_PER_SECOND = 5.0  # wrong credentials from one address
_OVER = Refusal("unauthenticated", "The token is invalid, expired or revoked")

log = logging.getLogger(__name__)


class Credentials(NamedTuple):
    """The credentials that a connection or request presents. `address` is where it comes from.

    `account` is whom it takes itself for: nobody else is let in then. `holder` is the holder of a ticket that was just checked.
    """

    name: str | None = None
    key: str | None = None
    token: str | None = None
    address: str = ""
    place: Place | None = None  # which counts towards their limit once they are known
    account: str | None = None
    holder: Principal | None = None


class Checker(Protocol):
    """Checks one kind of token."""

    @property
    def names(self) -> frozenset[str] | set[str]:
        """Names that no guest may use, whether or not their owners are connected."""

    async def prepare(self, token: str) -> None:
        """Look up what `principal` needs to know of a token. Raises RefusalError (`unavailable`)."""

    def principal(self, token: str) -> Principal | None:
        """Return the principal of a token, or None if it is not a valid token of this kind. Raises RefusalError."""

    def is_valid(self, principal: Principal) -> bool:
        """Whether the principal's credential has not been revoked since."""

    def forget(self, ended: Ending) -> Collection[str]:
        """Forget the credentials that an event ended. Returns the accounts whose they were."""

    def note(self, logs: Collection[str]) -> None:
        """These logs have got events: the directory, or those of accounts."""


class Looks(Protocol):
    """Knows what owners and admins look like; `looks_version` changes with it."""

    looks_version: int

    def looks_taken(self, name: str) -> bool:
        """Whether a name looks like an owner's or an admin's, which no guest's may."""


class NoLooks:
    """Nobody has a look of their own."""

    looks_version = 0

    def looks_taken(self, _: str) -> bool:
        """Whatever a guest is called is fine."""
        return False


class Door:
    """Admits holders of valid tokens, and guests, who hold their name while they are connected."""

    def __init__(
        self,
        checkers: tuple[Checker, ...] = (),
        *,
        ends: Ends | None = None,
        has_guests: bool = True,
        looks: Looks = NoLooks(),  # noqa: B008 - it never changes
        failed: Callable[[], object] = lambda: None,
        now: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        """`failed` is called when somebody could not be expelled. `now` gives seconds since 1970, for expiry; `clock` is monotonic."""
        self.has_guests = has_guests
        self._ends = ends
        self._looks = looks
        self._looks_seen = looks.looks_version
        self._checkers = checkers
        self._failed = failed
        self._now = now
        self._clock = clock
        self._guesses = Rates(GUESSES_PER_SECOND)
        self.visits = Visits()
        # Each process begins anywhere, so that a number is hardly ever one of another's.
        self._numbers = count(secrets.randbelow(2**48))

    @contextmanager
    def admitted(self, credentials: Credentials) -> Iterator[Visit]:
        """Admit a connection. It holds its name until the end of the block.

        Raises:
            RefusalError: `bad_request` if the name is invalid, `name_taken` if it belongs to someone else,
                `unauthenticated` if the token is invalid, or missing and required.
        """
        visit = self.enter(credentials)
        try:
            yield visit
        finally:
            self.exit(visit)

    @contextmanager
    def calling(self, credentials: Credentials) -> Iterator[Visit]:
        """Admit a single request, which holds no name. Raises as `admitted` does."""
        visit = Visit(self.recognise(credentials))
        self.visits.note(visit)
        try:
            yield visit
        finally:
            self.visits.forget(visit)

    async def prepare(self, token: str | None) -> None:
        """Look up what must be known of a token before anyone is admitted with it. Raises RefusalError (`unavailable`)."""
        if token is not None:
            await self.heed_ends()
            for checker in self._checkers:
                await checker.prepare(token)

    def enter(self, credentials: Credentials) -> Visit:
        """Admit a connection as `admitted` does. The caller must call `exit` once."""
        known = (credentials.token, credentials.name, credentials.account)
        if known == (None, None, None) and self.has_guests:
            principal = self._stranger(credentials.key)
        else:
            principal = self.recognise(credentials)
        if principal.role is not Role.GUEST:
            audit(
                "admitted",
                owner=principal.id,
                who=principal.name,
                address=credentials.address,
            )
        arrival = Arrival(next(self._numbers), self._now(), credentials.address)
        return self._hold(Visit(principal, arrival))

    def renew(self, visit: Visit, credentials: Credentials) -> Visit:
        """Continue a person's visit with another credential, without an entry in the audit log.

        Raises as `admitted` does, and RefusalError if the credential is another person's; then nothing has changed.
        """
        principal = self.recognise(credentials)
        if principal.id != visit.principal.id:
            raise RefusalError("bad_request", "The token belongs to someone else")
        self.exit(visit)
        return self._hold(Visit(principal, visit.arrival))

    def exit(self, visit: Visit) -> None:
        """A connection has ended."""
        self.visits.end(visit)

    def recognise(self, credentials: Credentials) -> Principal:
        """Return the principal of a request that is answered at once. Raises as `admitted` does."""
        principal = self._whose(credentials)
        if credentials.account not in (None, principal.name):
            raise RefusalError(
                "unauthenticated", "The account that `Hubbub-Account` names is not logged in here"
            )
        return principal

    def _whose(self, credentials: Credentials) -> Principal:
        if (principal := self._proven(credentials)) is not None:
            if credentials.place is not None:
                credentials.place.claim(principal.id)
            return principal
        if not self.has_guests:
            raise RefusalError(
                "unauthenticated",
                "This server requires a token",
                hint="Send the header Authorization: Bearer TOKEN",
            )
        return self._guest(credentials)

    def _proven(self, credentials: Credentials) -> Principal | None:
        if (holder := credentials.holder) is not None:
            if not self._is_valid(holder, self._now()):
                raise RefusalError.of(_OVER)
            return holder
        if credentials.token is not None:
            return self._check(credentials.token, credentials.address)
        return None

    def review(self) -> None:
        """Expel holders of expired or revoked tokens, and guests whose name is, or looks like, one that they may not use any more.

        Must be called at least once a second. Whatever fails holds up nobody else, and is tried again at the next call.
        """
        names = [partial(self._clear, checker) for checker in self._checkers]
        call_all([partial(self._expel_invalid, self.visits.known), *names, self._look])

    def _clear(self, checker: Checker) -> None:
        try_all(self._clear_of_guests, self.visits.names_among(checker.names))

    def _look(self) -> None:
        """Expel guests who look like an owner or an admin, if looks have changed."""
        if self._looks_seen != (version := self._looks.looks_version):
            taken = filter(self._looks.looks_taken, self.visits.names())
            try_all(self._clear_of_guests, taken)
            self._looks_seen = version

    def heed(self, batches: list[Batch]) -> None:
        """Expel those whose credential these batches end. Must be called before anything later is delivered.

        Whoever can't be expelled is still known: the next review tries again.
        """
        if not (moved := moved_in(batches)):
            return
        for checker in self._checkers:
            checker.note(moved)
        forgotten = {
            account
            for ended in endings_in(batches)
            for checker in self._checkers
            for account in checker.forget(ended)
        }
        if forgotten:
            theirs = [v for v in self.visits.known if v.principal.id in forgotten]
            try:
                self._expel_invalid(theirs)
            except Exception as error:  # must not end the journal
                self._failed()
                log.error("Can't disconnect someone, trying again soon: %s", place_of(error))

    async def confirm(self, token: str, address: str) -> None:
        """Raise RefusalError if a token that was recognised is not valid for what was read from the store meanwhile."""
        await self.prepare(token)  # whoever else was answered meanwhile may have seen the end first
        if self._principal(token) is None:  # which is no guess: it was valid a moment ago
            audit("refused", address=address)
            raise RefusalError.of(_OVER)

    async def heed_ends(self) -> None:
        """Expel those who may not get what was read from the store so far. Raises RefusalError (`unavailable`)."""
        try:
            if self._ends is not None:
                await self._ends.heed()
        except StoreFailed:
            raise RefusalError.of(UNREADABLE) from None

    def sweep(self) -> None:
        """Forget old counts of invalid tokens."""
        self._guesses.sweep(self._clock())

    def _expel_invalid(self, visits: Iterable[Visit]) -> None:
        try_all(partial(self._expel_if_invalid, self._now()), visits)

    def _expel_if_invalid(self, now: float, visit: Visit) -> None:
        if not self._is_valid(visit.principal, now):
            visit.expel()  # if that fails, it is still known
            self.visits.forget(visit)
            audit("disconnected", owner=visit.principal.id, who=visit.principal.name)

    def _hold(self, visit: Visit) -> Visit:
        """Note that the visit's name is in use. A token holder displaces guests with the same name."""
        if visit.principal.role is not Role.GUEST:
            self._clear_of_guests(visit.principal.name)
        self.visits.begin(visit)
        return visit

    def _is_valid(self, principal: Principal, now: float) -> bool:
        valid = [checker.is_valid(principal) for checker in self._checkers]
        return now < principal.until and False not in valid  # `all` would be slower, of so few

    def _check(self, token: str, address: str) -> Principal:
        if (principal := self._principal(token)) is not None:
            return principal
        # Only invalid tokens are slowed down, so that nobody can lock out others at the same address.
        if wait := self._guesses.wait(address, self._clock()):
            raise RefusalError.of(
                Refusal(
                    "rate_limited",
                    "Too many invalid tokens from this address; wait before you try again",
                    retry_after=round(max(wait, 0.001), 3),
                )
            )
        audit("refused", address=address)
        raise RefusalError.of(_OVER)

    def _principal(self, token: str) -> Principal | None:
        for checker in self._checkers:
            principal = checker.principal(token)
            if principal is not None and self._is_valid(principal, self._now()):
                return principal
        return None

    def _guest(self, given: Credentials) -> Principal:
        """Return a guest who chose a name or, for a single request, has none."""
        if given.name is None:
            guest = _nameless(NAMELESS, given.key, identity.at_address(given.address))
        elif fault := person_name_fault(given.name):
            raise RefusalError("bad_request", fault)
        else:
            guest = Principal(given.name, Role.GUEST, _visitor(given.name, given.key))
        if self._is_reserved(guest.name):
            why = f"The name {guest.name} belongs to a token or an account; choose another name"
            raise RefusalError("name_taken", why, hint="Send a token to use the name")
        if given.name is not None and self._looks.looks_taken(given.name):
            raise RefusalError.of(LOOK_TAKEN)
        if given.name is not None and not self._may_share(guest):
            raise RefusalError(
                "name_taken",
                f"Someone else is connected as {guest.name}; choose another name",
                hint="Clients that send the same key can share a name",
            )
        return guest

    def _may_share(self, guest: Principal) -> bool:
        """Whether a name is free for a guest, or everyone who uses it sent the same key."""
        holders = self.visits.under(guest.name)
        return not holders or (
            guest.may_own and all(visit.principal.id == guest.id for visit in holders)
        )

    def _stranger(self, key: str | None) -> Principal:
        """Return a guest for a connection without a name: each gets one of its own."""
        while (name := f"{NAMELESS}-{secrets.token_hex(3)}") in self.visits or self._is_reserved(
            name
        ):
            pass
        return _nameless(name, key)

    def _is_reserved(self, name: str) -> bool:
        """Whether a name belongs to a token, or is an account's handle in any case."""
        taken = [names for checker in self._checkers if (names := checker.names)]
        if not taken:
            return False
        handle = handle_from(name)
        ours = {name, handle, retired(handle)}
        return not all(map(ours.isdisjoint, taken))

    def _clear_of_guests(self, name: str) -> None:
        """Expel the guests who use a name that belongs to a token or an account."""
        guests = [v for v in self.visits.under(name) if v.principal.role is Role.GUEST]
        try_all(Visit.expel, guests)


def _nameless(name: str, key: str | None, counted_as: str = "") -> Principal:
    """Return a guest whose name the server chose. A retry may get another name, so retries must not depend on it."""
    if key:
        return Principal(name, Role.GUEST, _visitor(name, key))
    id_, key_owner = _visitor(name, None), identity.NAMELESS
    return Principal(name, Role.GUEST, id_, key_owner=key_owner, counted_as=counted_as)


def _visitor(name: str, key: str | None) -> str:
    """Raises RefusalError."""
    if key and len(key) not in KEY_LENGTHS:
        raise RefusalError("bad_request", "Invalid key: use 16 to 128 random characters")
    return identity.visitor(name, key or None)
