"""Following a room, from a snapshot or from a position."""

import asyncio
import random
from typing import Any

import msgspec
import pytest

from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.domain.live.values import packed
from hubbub.protocol.messages import (
    Follow,
    Patch,
    Post,
    Resumed,
    Signal,
    Snapshot,
    Value,
)
from hubbub.server.engine.followers import Cursor
from hubbub.server.stores.base import RoomRow
from tests.support.fakes import (
    ADA,
    AT,
    EPOCH,
    GRACE,
    HeldStore,
    Peer,
    settle,
    timeless,
)
from tests.support.house import House, NewPeer, pushes, seqs


@timeless
async def test_joining_without_a_position_gives_a_snapshot_and_then_what_follows(
    new_peer: NewPeer,
) -> None:
    house, peer = House(), new_peer()
    await house.post(*map(str, range(60)))
    await house.hub.writing.commit(ADA, Patch(room="lobby", patch={"topic": "lunch"}))
    await house.hub.writing.signal(GRACE, Signal(room="lobby", key="van", value=1))
    await house.join(peer)
    (snapshot,) = house.told
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.room, snapshot.epoch, snapshot.head) == ("lobby", EPOCH, 61)
    assert [message.seq for message in snapshot.messages] == list(range(11, 61))
    assert snapshot.more
    assert (snapshot.state, snapshot.state_seq) == ({"topic": "lunch"}, 61)
    assert (snapshot.members.count, snapshot.members.names) == (1, ["ada"])
    assert snapshot.members.ids == [ADA.person.id]
    assert snapshot.live == [packed(Value("lobby", "grace", "van", 1, 60.0, GRACE.person.id))]
    assert snapshot.truncated is msgspec.UNSET
    await house.post("next")
    assert seqs(peer) == [62]


@pytest.mark.parametrize("epoch", [None, EPOCH])
@timeless
async def test_joining_with_a_position_goes_on_from_there(
    new_peer: NewPeer, epoch: str | None
) -> None:
    house, peer = House(), new_peer()
    await house.post("a", "b", "c")
    await house.join(peer, since=1, epoch=epoch)
    await settle()
    assert house.told == [Resumed("lobby", EPOCH, 3, 2)]
    await house.post("d")
    assert seqs(peer) == [2, 3, 4]


@timeless
async def test_who_has_missed_nothing_is_live_at_once(new_peer: NewPeer) -> None:
    house, peer = House(), new_peer()
    await house.post("a")
    await house.join(peer, since=1)
    assert house.told == [Resumed("lobby", EPOCH, 1, 0)]
    await house.post("b")
    assert seqs(peer) == [2]


@pytest.mark.parametrize(
    "fields", [{"since": 1, "epoch": "another"}, {"since": 0, "max_missed": 1}, {}]
)
@timeless
async def test_where_resuming_is_no_use_there_is_a_snapshot(
    new_peer: NewPeer, fields: dict[str, Any]
) -> None:
    house, peer = House(), new_peer()
    await house.post("a", "b")
    await house.join(peer, **fields)
    await settle()
    assert isinstance(house.told[0], Snapshot)
    assert seqs(peer) == []


@timeless
async def test_few_enough_missed_events_are_resumed(new_peer: NewPeer) -> None:
    house = House()
    await house.post("a", "b")
    await house.join(new_peer(), since=0, max_missed=2)
    assert house.told == [Resumed("lobby", EPOCH, 2, 2)]


@timeless
async def test_a_position_that_is_no_longer_kept_is_answered_with_what_is(
    new_peer: NewPeer,
) -> None:
    house = House()
    await house.post("a", "b", "c", "d")
    await house.store.trim("lobby", 2)
    for since in (0, 1):
        await house.join(new_peer(), since=since)
    assert [t.truncated for t in house.told if isinstance(t, Snapshot)] == [3, 3]
    await house.join(new_peer(), since=2)
    assert house.told[2] == Resumed("lobby", EPOCH, 4, 2)


@pytest.mark.parametrize("since", [-1, 2, 2**63 - 1])
@timeless
async def test_an_impossible_position_is_refused(new_peer: NewPeer, since: int) -> None:
    house, peer = House(), new_peer()
    await house.post("a")
    assert (await house.refused(house.join(peer, since=since))).code == "bad_position"
    check = house.hub.following.check(ADA, Follow(room="lobby", since=since))
    assert (await house.refused(check)).code == "bad_position"
    await house.hub.following.check(ADA, Follow(room="lobby", since=1))
    await house.hub.following.check(ADA, Follow(room="lobby"))
    assert house.told == []


@timeless
async def test_a_position_ahead_of_what_is_delivered_is_good_if_it_is_committed(
    new_peer: NewPeer,
) -> None:
    """So is the head of a snapshot, when the commit after which it was read is not yet answered."""
    house, early, late = House(), new_peer(), new_peer()
    await house.join(early)
    await house.post("a")
    begun = house.store.commit([Proposal(ADA, Post(room="lobby", text="b"))], AT)
    head = (await house.hub.reading.snapshot(ADA, "lobby")).head
    await house.join(late, since=head)
    assert house.told[-1] == Resumed("lobby", EPOCH, 2, 0)
    assert await house.hub.reading.events(ADA, "lobby", head, EPOCH, 0) == (EPOCH, 2, [])
    polling = asyncio.create_task(house.hub.reading.events(ADA, "lobby", head, EPOCH, 1))
    beyond = house.hub.reading.events(ADA, "lobby", head + 1, EPOCH, 0)
    assert (await house.refused(beyond)).code == "bad_position"
    house.fanout.deliver((await begun).batches)
    await settle()
    await house.post("c")
    assert (seqs(early), seqs(late)) == ([1, 2, 3], [3])
    assert len((await polling).bodies) == 1


@timeless
async def test_who_comes_back_at_the_head_is_shown_who_is_here(new_peer: NewPeer) -> None:
    """Whoever came or left meanwhile is in no event."""
    house, peer = House(), new_peer()
    await house.join(new_peer(), by=GRACE)
    await asyncio.sleep(1)
    await house.join(peer, since=0)
    await settle()
    assert pushes(peer)[0]["names"] == ["ada", "grace"]


@timeless
async def test_who_leaves_gets_no_more_and_is_no_longer_here(new_peer: NewPeer) -> None:
    house, peer = House(), new_peer()
    cursor = await house.join(peer)
    await house.post("a")
    assert await house.hub.reading.rooms(ADA, "", 9) == [(RoomRow("lobby", 1, 1), 1)]
    house.hub.following.unfollow(cursor)
    await house.post("b")
    assert seqs(peer) == [1]
    assert await house.hub.reading.rooms(ADA, "", 9) == [(RoomRow("lobby", 2, 2), 0)]
    house.fanout.sweep()
    assert await house.hub.reading.rooms(ADA, "", 9) == [(RoomRow("lobby", 2, 2), 0)]


@timeless
async def test_between_the_answer_and_the_first_push_nothing_is_missed_or_doubled(
    new_peer: NewPeer,
) -> None:
    """Someone joins at every moment that commits leave, with and without a position."""
    dice = random.Random(7)
    store = HeldStore()
    house = House(store=store)
    joined: list[tuple[Peer, list[Resumed | Snapshot], asyncio.Task[Cursor]]] = []

    def come(**fields: Any) -> None:
        peer, told = new_peer(), list[Resumed | Snapshot]()
        join = house.hub.following.follow(
            ADA, Follow(room="lobby", **fields), peer.outlet, told.append, print
        )
        joined.append((peer, told, asyncio.create_task(join)))

    answers: list[Answer] = []
    for n in range(60):
        house.hub.writing.submit(ADA, Post(room="lobby", text=str(n)), answers.append)
        for _ in range(dice.randrange(3)):
            await asyncio.sleep(0)
        come(**dice.choice([{}, {"since": 0}]))
        for _ in range(dice.randrange(3)):
            await asyncio.sleep(0)
        if store._held and dice.random() < 0.7:
            await store.finish()
    while store._held:
        await store.finish()
    await settle()
    assert [answer.seq for answer in answers if isinstance(answer, Accepted)] == list(range(1, 61))
    for peer, (answer,), task in joined:
        start = answer.head if isinstance(answer, Snapshot) else answer.head - answer.missed
        assert seqs(peer) == list(range(start + 1, 61))
        house.hub.following.unfollow(await task)
