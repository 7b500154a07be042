"""Tickets for files: before one is honoured, the node learns which sessions have ended on others."""

from typing import Any, cast

from hubbub.domain.principals import Principal, Role
from hubbub.server.people.tickets import STEP, Tickets

KEY = "@pada4567890ab", "session", "0123456789ab"
FILE = "k" * 24
ADA = Principal(KEY[0], Role.ACCOUNT, KEY[0], until=10.0 * STEP, session=KEY)


class Known:
    """The sessions that a node knows, and the time."""

    def __init__(self) -> None:
        self.found: tuple[str, Principal] | None = ("digest", ADA)
        self.has_ended = False
        self.now = 0.0

    async def find(self, _: object) -> tuple[str, Principal] | None:
        return self.found

    async def heed_ends(self) -> None:
        if self.has_ended:
            self.found = None

    def tickets(self) -> Tickets:
        return Tickets(cast(Any, self), self.heed_ends, lambda: self.now)


async def test_a_ticket_is_valid_until_its_session_ends_on_any_node() -> None:
    known = Known()
    tickets = known.tickets()
    ticket = await tickets.make(ADA, FILE)
    assert ticket is not None
    assert await tickets.holder(ticket, FILE) == ADA
    known.has_ended = True
    assert await tickets.holder(ticket, FILE) is None


async def test_a_ticket_is_valid_for_two_to_three_hours_and_no_longer_than_its_session() -> None:
    known = Known()
    tickets = known.tickets()
    first = await tickets.make(ADA, FILE)
    assert first is not None
    known.now = 0.99 * STEP
    assert await tickets.make(ADA, FILE) == first
    known.now = 2.99 * STEP
    assert await tickets.holder(first, FILE) == ADA
    known.now = 3.0 * STEP
    assert await tickets.holder(first, FILE) is None
    known.now = 9.5 * STEP
    last = await tickets.make(ADA, FILE)
    assert last is not None
    assert await tickets.holder(last, FILE) == ADA
    known.now = 10.0 * STEP
    assert await tickets.holder(last, FILE) is None


async def test_only_sessions_have_tickets() -> None:
    tickets = Known().tickets()
    for kind in ("token", "jwt"):
        other = Principal(KEY[0], Role.ACCOUNT, KEY[0], session=(KEY[0], kind, KEY[2]))
        assert await tickets.make(other, FILE) is None
    assert await tickets.make(Principal("eve", Role.GUEST, "visitor/eve"), FILE) is None
