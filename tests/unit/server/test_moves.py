"""What is looked at again about accounts: what this node commits, and all that others may have written."""

import pytest

from hubbub.domain.facts import Head, Proposal
from hubbub.protocol.keys import DIRECTORY
from hubbub.server.people.moves import Moves
from hubbub.server.stores.base import StoreFailed
from tests.support.fakes import MemoryStore, account
from tests.support.team import Team, adding, rfc3339
from tests.unit.server.test_sessions import Node, opened

ADA, GRACE = account("ada").id, account("grace").id


class Alone(MemoryStore):
    """Used by one node: counts what heads are asked for."""

    others = 1
    asked = 0

    async def version_of_others(self) -> int:
        return self.others

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
        self.asked += 1
        return await super().heads(rooms)


async def looked_at(moves: Moves, fails: bool = False) -> set[str]:
    async with moves.among([DIRECTORY, ADA, GRACE]) as moved:
        if fails:
            raise StoreFailed("the disk is full")
        return moved


async def test_all_is_looked_at_once_and_then_what_this_node_or_another_has_moved() -> None:
    store = Alone()
    moves = Moves(store)
    assert await looked_at(moves) == {DIRECTORY, ADA, GRACE}
    assert await looked_at(moves) == set()
    moves.note({ADA, "@pnobody"})
    assert await looked_at(moves) == {ADA}
    assert await looked_at(moves) == set()
    store.others = 2
    assert await looked_at(moves) == {DIRECTORY, ADA, GRACE}


async def test_what_could_not_be_looked_at_is_looked_at_later() -> None:
    moves = Moves(Alone())
    with pytest.raises(StoreFailed):
        await looked_at(moves, fails=True)
    assert await looked_at(moves) == {DIRECTORY, ADA, GRACE}
    moves.note({GRACE})
    with pytest.raises(StoreFailed):
        await looked_at(moves, fails=True)
    assert await looked_at(moves) == {GRACE}


async def test_a_node_at_rest_reads_no_heads_of_accounts() -> None:
    store = Alone()
    team = Team(store)
    await team.begin()
    node = Node(team)
    await node.enter(await opened(team, "dave"))
    for _ in range(2):  # the second time, since it may have moved while it was looked up
        await node.look()
    before = store.asked
    for _ in range(10):
        await node.look()
    assert store.asked == before


async def test_what_the_door_heeds_is_looked_at_again() -> None:
    store = Alone()
    team = Team(store)
    await team.begin()
    node = Node(team)
    await node.look()
    commit = await store.commit([Proposal(account("ada"), adding("heidi"))], rfc3339(team.now))
    assert "heidi" not in node.sessions.names
    node.door.heed(commit.batches)
    await node.look()
    assert "heidi" in node.sessions.names
