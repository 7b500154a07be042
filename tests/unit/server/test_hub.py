import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.domain.live import LiveReport, packed
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    Follow,
    History,
    Patch,
    Post,
    Resumed,
    Signal,
    Snapshot,
    Value,
)
from hubbub.server.brokers.base import Broker, Local
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Cursor
from hubbub.server.engine.journal import Journal
from hubbub.server.hub import snapshots
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.writing import Policy
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits
from hubbub.server.stores.base import RoomRow, StoredRoom
from tests.support.fakes import (
    ADA,
    AT,
    EPOCH,
    GRACE,
    HeldStore,
    MemoryStore,
    Peer,
    settle,
    timeless,
    unframe,
)

NewPeer = Callable[..., Peer]


class CountingStore(MemoryStore):
    snapshots = 0

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        self.snapshots += 1
        return await super().snapshot(room, limit)


class House:
    """A hub over a store in memory, and whoever is in it."""

    def __init__(
        self, rate: float = 0, store: MemoryStore | None = None, broker: Broker | None = None
    ) -> None:
        self.store = store or CountingStore()
        self.fanout = FanOut(self.store, broker)
        self.journal = Journal(self.store, self.fanout.deliver, lambda: AT)
        self.hub = Hub(self.store, self.journal, self.fanout, Door(), Limits(256, rate))
        self.told: list[Resumed | Snapshot] = []

    async def post(self, *texts: str, room: str = "lobby") -> None:
        for text in texts:
            answer = await self.hub.writing.commit(ADA, Post(room=room, text=text))
            assert isinstance(answer, Accepted)
        await settle()

    async def join(self, peer: Peer, by: Principal = ADA, **fields: Any) -> Cursor:
        join = Follow(room="lobby", **fields)
        return await self.hub.following.follow(
            by, join, peer.outlet, self.told.append, lambda: None
        )

    async def refused(self, act: Any) -> Refusal:
        with pytest.raises(RefusalError) as caught:
            await act
        return caught.value.refusal


def pushes(peer: Peer) -> list[dict[str, Any]]:
    return [msgspec.json.decode(payload) for payload in unframe(peer.received)]


def seqs(peer: Peer) -> list[int]:
    return [push["seq"] for push in pushes(peer) if "event" in push]


# --- changes ---


@timeless
async def test_a_change_is_committed_and_delivered(new_peer: NewPeer) -> None:
    house, peer = House(), new_peer()
    await house.join(peer)
    assert await house.hub.writing.commit(ADA, Post(room="lobby", text="hi")) == Accepted(1, AT)
    await settle()
    assert seqs(peer) == [1]


@pytest.mark.parametrize(
    "change, code",
    [
        (Post(room="the lobby", text="hi"), "bad_request"),
        (Post(room="lobby"), "bad_request"),
        (Post(room="lobby", text="x" * 257), "too_large"),
    ],
)
@timeless
async def test_what_can_not_be_is_refused_before_it_is_committed(change: Change, code: str) -> None:
    house = House()
    answers: list[Answer] = []
    house.hub.writing.submit(ADA, change, answers.append)
    await house.hub.writing.submit(ADA, change, answers.append, Policy.WAIT)
    answers.append(await house.hub.writing.commit(ADA, change))
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == [code] * 3
    assert house.store.commits == []


@timeless
async def test_who_is_too_fast_is_told_when_to_go_on() -> None:
    house = House(rate=10)
    answers: list[Answer] = []
    for _ in range(21):
        house.hub.writing.submit(ADA, Post(room="lobby", text="hi"), answers.append)
    (refusal,) = answers
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.retry_after) == ("rate_limited", 0.1)
    await asyncio.sleep(0.11)
    house.hub.writing.submit(ADA, Post(room="lobby", text="hi"), answers.append)
    await settle()
    assert sum(isinstance(answer, Accepted) for answer in answers) == 21
    assert not house.hub.throttle.is_flooding(ADA.counted_as)
    for _ in range(200):
        house.hub.writing.submit(ADA, Post(room="lobby", text="hi"), answers.append)
    assert house.hub.throttle.is_flooding(ADA.counted_as)
    assert not house.hub.throttle.is_flooding(GRACE.counted_as)


@timeless
async def test_who_knows_no_refusal_is_slowed_down_and_loses_nothing() -> None:
    house = House(rate=10)
    answers: list[Answer] = []
    for n in range(50):
        await house.hub.writing.submit(
            ADA, Post(room="lobby", text=str(n)), answers.append, Policy.WAIT
        )
    await settle()
    assert [a.seq for a in answers if isinstance(a, Accepted)] == list(range(1, 51))
    assert asyncio.get_running_loop().time() == pytest.approx(3.0, abs=0.01)


@timeless
async def test_who_no_longer_waits_for_an_answer_does_no_harm() -> None:
    store = HeldStore()
    house = House(store=store)
    waiting = asyncio.create_task(house.hub.writing.commit(ADA, Post(room="lobby", text="one")))
    await settle()
    waiting.cancel()
    answers: list[Answer] = []
    house.hub.writing.submit(ADA, Post(room="lobby", text="two"), answers.append)
    await store.finish()
    await store.finish()
    assert answers == [Accepted(2, AT)]


# --- joining ---


@timeless
async def test_joining_without_a_position_gives_a_snapshot_and_then_what_follows(
    new_peer: NewPeer,
) -> None:
    house, peer = House(), new_peer()
    await house.post(*map(str, range(60)))
    await house.hub.writing.commit(ADA, Patch(room="lobby", patch={"topic": "lunch"}))
    house.hub.writing.signal(GRACE, Signal(room="lobby", key="van", value=1))
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
async def test_a_position_that_can_not_be_is_refused(new_peer: NewPeer, since: int) -> None:
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
async def test_a_room_that_can_not_be_is_refused_on_every_way(new_peer: NewPeer) -> None:
    hub, room = House().hub, "the lobby"
    outlet = new_peer().outlet
    house = House()
    for act in (
        hub.following.follow(ADA, Follow(room=room), outlet, house.told.append, lambda: None),
        hub.following.check(ADA, Follow(room=room)),
        hub.reading.snapshot(ADA, room),
        hub.reading.history(ADA, History(room=room)),
        hub.reading.document(ADA, room),
        hub.reading.events(ADA, room, None, None, 0),
    ):
        assert (await house.refused(act)).code == "bad_request"
    with pytest.raises(RefusalError):
        hub.writing.signal(ADA, Signal(room=room, signal="typing"))


@timeless
async def test_whom_the_table_does_not_let_read_learns_nothing() -> None:
    house = House()
    hub = house.hub
    await house.post("secret")
    for mute, code in (
        (replace(ADA, scopes=frozenset()), "forbidden"),
        (replace(ADA, rooms=("kitchen",)), "not_found"),
    ):
        for act in (
            hub.reading.snapshot(mute, "lobby"),
            hub.reading.document(mute, "lobby"),
            hub.reading.history(mute, History(room="lobby")),
            hub.reading.events(mute, "lobby", 0, None, 0),
            hub.following.check(mute, Follow(room="lobby")),
        ):
            assert (await house.refused(act)).code == code
    assert (
        await house.refused(hub.reading.rooms(replace(ADA, scopes=frozenset()), "", 9))
    ).code == "forbidden"


@timeless
async def test_rooms_that_one_may_not_know_of_are_not_listed() -> None:
    house = House()
    for room in ("a", "b", "build-1", "build-2", "c", "build-3"):
        await house.post("x", room=room)
    builder = replace(ADA, rooms=("build-*",))

    async def listed(after: str, limit: int) -> list[str]:
        return [row.room for row, _ in await house.hub.reading.rooms(builder, after, limit)]

    assert await listed("", 2) == ["build-1", "build-2"]
    assert await listed("build-2", 2) == ["build-3"]


@timeless
async def test_who_leaves_gets_no_more_and_is_no_longer_here(new_peer: NewPeer) -> None:
    house, peer = House(), new_peer()
    cursor = await house.join(peer)
    await house.post("a")
    assert await house.hub.reading.rooms(ADA, "", 9) == [(RoomRow("lobby", 1), 1)]
    house.hub.following.unfollow(cursor)
    await house.post("b")
    assert seqs(peer) == [1]
    assert await house.hub.reading.rooms(ADA, "", 9) == [(RoomRow("lobby", 2), 0)]
    house.fanout.sweep()
    assert await house.hub.reading.rooms(ADA, "", 9) == [(RoomRow("lobby", 2), 0)]


@timeless
async def test_newcomers_to_a_quiet_room_share_one_reading(
    new_peer: NewPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "CACHED_SNAPSHOTS", 2)
    house = House()
    assert isinstance(house.store, CountingStore)
    await house.post("a")
    for _ in range(5):
        await house.join(new_peer())
    assert house.store.snapshots == 1
    await house.post("b")
    snapshot = await house.hub.reading.snapshot(ADA, "lobby")
    assert (snapshot.head, house.store.snapshots) == (2, 2)
    for room in ("kitchen", "attic"):
        await house.hub.reading.snapshot(ADA, room)
    assert sum(feed.snapshot is not None for feed in house.fanout) == 2
    assert (await house.hub.reading.snapshot(ADA, "lobby")).head == 2
    assert house.store.snapshots == 5


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


# --- reading ---


@timeless
async def test_history_says_where_it_was_read() -> None:
    house = House()
    await house.post("a", "b", "c")
    page = await house.hub.reading.history(ADA, History(room="lobby", before=3, limit=1))
    assert (page.room, page.epoch, page.head, page.more) == ("lobby", EPOCH, 3, True)
    assert [message.seq for message in page.messages] == [2]
    both = house.hub.reading.history(ADA, History(room="lobby", before=3, after=1))
    assert (await house.refused(both)).code == "bad_request"


@timeless
async def test_the_document_is_read_with_its_version() -> None:
    house = House()
    await house.hub.writing.commit(ADA, Patch(room="lobby", patch={"n": 1}))
    assert await house.hub.reading.document(GRACE, "lobby") == Document({"n": 1}, 1)


@timeless
async def test_waiting_for_events_ends_at_once_if_there_are_some() -> None:
    house = House()
    await house.post("a", "b")
    epoch, head, bodies = await house.hub.reading.events(GRACE, "lobby", 1, EPOCH, 25)
    assert (epoch, head, len(bodies)) == (EPOCH, 2, 1)
    assert asyncio.get_running_loop().time() < 1


@timeless
async def test_waiting_for_events_ends_when_some_come() -> None:
    house = House()
    await house.post("a")
    waiting = asyncio.create_task(house.hub.reading.events(GRACE, "lobby", None, None, 25))
    await asyncio.sleep(10)
    assert not waiting.done()
    await house.post("b")
    events = await waiting
    assert (events.head, len(events.bodies)) == (2, 1)


@timeless
async def test_waiting_in_vain_ends_too() -> None:
    house = House()
    await house.post("a")
    assert await house.hub.reading.events(GRACE, "lobby", 1, None, 25) == (EPOCH, 1, [])
    assert asyncio.get_running_loop().time() == pytest.approx(25, abs=0.01)
    assert await house.hub.reading.events(GRACE, "lobby", 1, None, 0) == (EPOCH, 1, [])


@timeless
async def test_events_that_can_not_be_read_on_from_there_say_where_to_begin() -> None:
    house = House()
    await house.post("a", "b", "c")
    await house.store.trim("lobby", 2)
    another = await house.refused(house.hub.reading.events(ADA, "lobby", 1, "another", 0))
    assert (another.code, dict(another.facts)) == ("reset", {"epoch": EPOCH, "head": 3})
    old = await house.refused(house.hub.reading.events(ADA, "lobby", 1, EPOCH, 0))
    assert (old.code, old.facts["truncated"]) == ("reset", 3)
    beyond = await house.refused(house.hub.reading.events(ADA, "lobby", 4, EPOCH, 0))
    assert beyond.code == "bad_position"


# --- signals ---


@timeless
async def test_signals_are_refused_where_they_can_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(rate=1)
    monkeypatch.setattr("hubbub.domain.live.MAX_VALUES", 1)

    def refusal_of(signal: Signal, by: Principal = ADA) -> Refusal:
        with pytest.raises(RefusalError) as caught:
            house.hub.writing.signal(by, signal)
        return caught.value.refusal

    assert refusal_of(Signal(room="lobby", signal="waving")).code == "bad_request"
    house.hub.writing.signal(ADA, Signal(room="lobby", key="van", value=1))
    assert refusal_of(Signal(room="lobby", key="bus", value=1), GRACE).code == "too_large"
    house.hub.writing.signal(ADA, Signal(room="lobby", signal="typing"))
    assert refusal_of(Signal(room="lobby", signal="typing")).code == "rate_limited"


@timeless
async def test_signals_reach_everyone_in_the_room_the_sender_too(new_peer: NewPeer) -> None:
    house, peers = House(), [new_peer(), new_peer()]
    for peer in peers:
        await house.join(peer)
    await asyncio.sleep(1)
    for peer in peers:
        peer.take()
    house.hub.writing.signal(ADA, Signal(room="lobby", signal="typing"))
    await asyncio.sleep(1)
    typing = {"signal": "typing", "room": "lobby", "by": "ada", "ttl": 5.0, "id": ADA.person.id}
    assert [pushes(peer) for peer in peers] == [[typing]] * 2


@timeless
async def test_a_live_value_outlives_the_presence_of_people() -> None:
    house = House()
    house.hub.writing.signal(ADA, Signal(room="lobby", key="van", value=1, ttl=30.0))
    await asyncio.sleep(20)
    house.fanout.sweep()
    assert (await house.hub.reading.snapshot(ADA, "lobby")).live != []
    await asyncio.sleep(11)
    house.fanout.sweep()
    assert house.fanout.get("lobby") is None
    assert (await house.hub.reading.snapshot(ADA, "lobby")).live == []


# --- the end ---


@timeless
async def test_stopping_answers_what_was_taken_and_lets_go_who_waits() -> None:
    house = House()
    waiting = asyncio.create_task(house.hub.reading.events(ADA, "lobby", None, None, 60))
    await settle()
    answers: list[Answer] = []
    house.hub.writing.submit(ADA, Post(room="kitchen", text="hi"), answers.append)
    await house.hub.stop()
    assert answers == [Accepted(1, AT)]
    assert (await waiting).bodies == []
    late = await house.hub.writing.commit(ADA, Post(room="lobby", text="too late"))
    assert isinstance(late, Refusal)
    assert late.code == "unavailable"
    assert asyncio.get_running_loop().time() < 1


@timeless
async def test_checking_asks_the_store() -> None:
    house = House()
    await house.hub.reading.check()
    house.store.is_failing = True
    with pytest.raises(Exception, match="full"):
        await house.hub.reading.check()


class Elsewhere(Local):
    """A broker with another node, which says that grace is there, in its time."""

    node = "here"
    answers_within = 0.1

    def __init__(self, hear: Callable[[LiveReport], None]) -> None:
        super().__init__()
        self._hear = hear

    def share(self, live: LiveReport) -> None:
        if live.asks:
            answer = LiveReport(live.room, "there", names=["grace"])
            asyncio.get_running_loop().call_later(0.05, self._hear, answer)


@timeless
async def test_who_looks_at_a_room_that_nobody_follows_here_sees_who_is_on_other_nodes() -> None:
    def hear(told: LiveReport) -> None:
        house.fanout.hear(told)

    house = House(broker=Elsewhere(hear))
    await house.hub.writing.commit(ADA, Post(room="lobby", text="hello"))
    assert (await house.hub.reading.snapshot(ADA, "lobby")).members.names == ["grace"]
    loop = asyncio.get_running_loop()
    now = loop.time()
    assert [count for _, count in await house.hub.reading.rooms(ADA, "", 10)] == [1]
    assert loop.time() == now, "it is known by now"


@timeless
async def test_what_was_deleted_is_in_no_snapshot_and_no_tail(new_peer: NewPeer) -> None:
    house, peer = House(), new_peer()
    await house.post("secret")
    await house.hub.reading.snapshot(ADA, "lobby")
    (feed,) = house.fanout
    assert "secret" in repr(feed.snapshot)
    feed.reading.add(await house.join(peer))  # so that there is a tail
    await house.post("another secret")
    await house.hub.writing.commit(ADA, Edit(room="lobby", seq=2, text="a third secret"))
    assert "third" in repr(feed._tail)
    for seq in (1, 2):
        await house.hub.writing.commit(ADA, Delete(room="lobby", seq=seq))
    await settle()
    assert "secret" not in repr((feed.snapshot, feed._tail))
    assert feed.tail_after(1) == (await house.store.read("lobby", 1, 9)).bodies
    assert feed._tail_bytes == sum(len(body) for body in feed.tail_after(1) or ())


@timeless
async def test_a_snapshot_that_was_read_before_a_deletion_is_not_kept_after_it() -> None:
    house = House()
    await house.post("secret")
    with house.fanout.pinned("lobby") as feed:
        stored = await house.store.snapshot("lobby", 50)
        await house.fanout.head(feed)
        await house.hub.writing.commit(ADA, Delete(room="lobby", seq=1))
        await settle()
        assert not feed.keep(stored)
        assert feed.snapshot is None
        assert feed.keep(await house.store.snapshot("lobby", 50))
    house.fanout.sweep()
    assert feed.snapshot is None, "nobody would tell it of a deletion"
