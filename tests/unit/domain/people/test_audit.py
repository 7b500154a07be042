"""The audit log: a chain that shows changes made to it, and addresses that are forgotten."""

import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import (
    AUDIT_ADDRESS,
    ForgetAddresses,
    Note,
    next_link,
)
from hubbub.domain.facts import Accepted
from hubbub.events.people import Noted
from hubbub.protocol.keys import AUDIT
from tests.support.team import BEGIN, DAY, Team, logging_in, rfc3339

NOTE = Note(action="exported", about="@pdave00000000", address="192.0.2.7")


async def addresses(team: Team) -> list[tuple[int, str]]:
    return [(row.seq, row.address) for row in await team.store.rows(AUDIT_ADDRESS)]


async def test_an_entry_says_what_was_done_but_not_where_from(nobody: Team) -> None:
    at = rfc3339(BEGIN)
    assert await nobody.do(OPERATOR, NOTE) == Accepted(1, at)
    [event] = await nobody.log(AUDIT)
    assert isinstance(event, Noted)
    assert (event.by, event.at, event.action) == ("@server", at, "exported")
    assert (event.about, event.details) == ("@pdave00000000", None)
    [body] = await nobody.bodies(AUDIT)
    assert b"192.0.2.7" not in body
    assert await addresses(nobody) == [(1, "192.0.2.7")]


async def test_the_chain_goes_on_from_commit_to_commit(nobody: Team) -> None:
    for count in (1, 3, 2):
        await nobody.do(OPERATOR, *[NOTE] * count)
    assert await nobody.audited() == ["exported"] * 6
    hashes = {getattr(event, "hash", None) for event in await nobody.log(AUDIT)}
    assert len(hashes) == 6


async def test_the_chain_breaks_where_an_entry_was_changed_left_out_or_moved(nobody: Team) -> None:
    await nobody.do(OPERATOR, NOTE, Note(action='a "quoted"} action'), NOTE)
    one, two, three = await nobody.bodies(AUDIT)

    def good(*bodies: bytes) -> int:
        """How many entries follow one another."""
        before, count = "", 0
        for body in bodies:
            link = next_link(before, body)
            if link is None:
                return count
            before, count = link, count + 1
        return count

    assert good(one, two, three) == 3
    assert good(one, three) == 1
    assert good(two, three) == 0
    assert good(one, two.replace(b"@server", b"@sorver"), three) == 1
    assert good(one, two[:-3] + b'0"}', three) == 1
    assert good(one, b'{"event":"noted"}') == 1
    assert good(one.replace(b",", b", ", 1)) == 0


async def test_addresses_are_forgotten_once_they_are_old_enough(nobody: Team) -> None:
    await nobody.do(OPERATOR, NOTE, Note(action="no address"), NOTE)
    nobody.now += DAY
    await nobody.do(OPERATOR, NOTE)
    forget = ForgetAddresses(entries=(1, 2, 3, 4, 9))
    nobody.now = BEGIN + 90 * DAY
    assert await nobody.do(OPERATOR, forget) == Accepted(None, rfc3339(nobody.now))
    nobody.now += 1
    assert await nobody.do(OPERATOR, forget) == Accepted(5, rfc3339(nobody.now))
    assert await addresses(nobody) == [(4, "192.0.2.7")]
    assert (await nobody.audited())[-1] == "addresses forgotten"
    [*_, noted] = await nobody.log(AUDIT)
    assert getattr(noted, "details", None) == {"from": "1", "to": "3"}
    assert await nobody.do(OPERATOR, forget) == Accepted(None, rfc3339(nobody.now))


@pytest.mark.parametrize("address", [None, "192.0.2.7"])
async def test_who_logs_in_is_noted_with_the_address_if_it_is_known(
    team: Team, address: str | None
) -> None:
    assert await team.code("dave", logging_in("dave", "s1", address=address)) is None
    assert [each for _, each in await addresses(team)] == ([address] if address else [])
