"""When many come to many rooms in one commit, each costs what one does."""

import pytest

from hubbub.domain.aspects.rooms.members import JoinRoom
from hubbub.domain.facts import Proposal
from hubbub.domain.principals import Principal
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import Change, Post
from tests.support import rooms
from tests.support.calls import counted
from tests.support.fakes import AT, MemoryStore
from tests.support.rooms import ADA, ROOM_RULES, account, becoming


async def cost_of_joining(count: int, *, with_threads: bool) -> int:
    """How many functions a commit calls in which somebody joins each of so many rooms, and others write in threads there."""
    store = MemoryStore(rules=ROOM_RULES)
    inside = await rooms.House.opened(store)
    people = [account(f"k{n:03}") for n in range(count)]
    await store.commit([becoming(each) for each in people], AT)
    changes: list[tuple[Principal, Change]] = []
    for who in people:
        room = await inside.make(ADA)
        root = await inside.do(ADA, Post(room=room, text="root"))
        changes.append((who, JoinRoom(room=room)))
        if with_threads:
            assert root.seq is not None
            changes.append((ADA, Post(room=thread_key(room, root.seq), text="reply")))
    proposals = [Proposal(*each) for each in changes]
    with counted() as calls:
        await store.commit(proposals, AT)
    return calls.count


@pytest.mark.parametrize("with_threads", [False, True])
async def test_twice_as_many_who_join_in_one_commit_cost_twice_as_much(with_threads: bool) -> None:
    await cost_of_joining(2, with_threads=with_threads)  # fills the caches of functions
    few, many = [await cost_of_joining(n, with_threads=with_threads) for n in (50, 100)]
    assert many < 2.3 * few  # it would be 4 times if each cost as much as all
