"""Tickets for files: a session shows one at an origin that gets no cookie, for one file and a while.

A ticket proves only whose session asks. Whether that has ended, and whether its account may read a message that shows the file, is asked
at each use, so no ticket outlives a removal. Its HMAC's key is the stored digest of its session, so every node can check it, and none keeps it.
"""

from collections.abc import Awaitable, Callable

from hubbub.domain.aspects.people.sessions import SESSION
from hubbub.domain.principals import Principal
from hubbub.protocol.secrets import new_ticket, ticket_from
from hubbub.server.people.sessions import Sessions

STEP = 3600  # seconds: tickets made within one step are equal, so that browsers can use their cache
STEPS = 3  # for which a ticket is valid, about as long as a film


class Tickets:
    """Makes tickets for files, and tells whose they are."""

    def __init__(
        self, sessions: Sessions, heed_ends: Callable[[], Awaitable[None]], now: Callable[[], float]
    ) -> None:
        """`heed_ends` forgets what has ended on any node. `now` gives seconds since 1970."""
        self._sessions = sessions
        self._heed_ends = heed_ends
        self._now = now

    async def make(self, principal: Principal, file: str) -> str | None:
        """Return a ticket for a file. None if the principal has no session. Raises RefusalError (`unavailable`)."""
        if not principal.is_account or principal.session[1] != SESSION:
            return None
        if (found := await self._sessions.find(principal.session)) is None:
            return None
        account, _, session = principal.session
        until = (int(self._now()) // STEP + STEPS) * STEP
        return new_ticket(account, session, until, file, found[0]).text

    async def holder(self, text: str, file: str) -> Principal | None:
        """Return whose ticket for a file this is. None if it is not valid. Raises RefusalError (`unavailable`)."""
        ticket = ticket_from(text)
        if ticket is None or self._now() >= ticket.until:
            return None
        await self._heed_ends()
        found = await self._sessions.find(ticket.key)
        if found is None or not ticket.is_for(file, found[0]):
            return None
        principal = found[1]
        return principal if self._now() < principal.until else None
