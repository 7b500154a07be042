"""Changes and signals that are submitted to the hub."""

import asyncio
from functools import partial

import pytest

from hubbub.domain.facts import Accepted, Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import (
    MOST_ALT_BYTES,
    Change,
    Edit,
    Post,
    Signal,
)
from hubbub.server.hub.writing import Policy
from tests.support.fakes import (
    ADA,
    AT,
    GRACE,
    HeldStore,
    settle,
    timeless,
)
from tests.support.house import House, NewPeer, pushes, seqs
from tests.support.team import code


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
    assert house.hub.writing.submit(ADA, change, answers.append, Policy.WAIT) is None
    answers.append(await house.hub.writing.commit(ADA, change))
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == [code] * 3
    assert house.store.commits == []


@timeless
async def test_what_an_edit_repeats_counts_as_if_it_had_been_sent() -> None:
    """Its event has all alt texts of the message."""
    writing = House(rate=1_000, bytes_per_s=2 * MOST_ALT_BYTES).hub.writing
    made, free = Edit(room="@r000000000001", seq=1, text="x"), Edit(room="lobby", seq=1, text="x")
    codes = [code(await writing.commit(ADA, each)) for each in [made] * 5 + [free] * 9]
    assert codes == ["not_found"] * 4 + ["rate_limited"] + ["not_found"] * 9
    assert code(await writing.commit(ADA, made, Policy.UNLIMITED)) == "not_found"


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
        post = Post(room="lobby", text=str(n))
        if later := house.hub.writing.submit(ADA, post, answers.append, Policy.WAIT):
            await later
    await settle()
    assert [a.seq for a in answers if isinstance(a, Accepted)] == list(range(1, 51))
    assert asyncio.get_running_loop().time() == pytest.approx(3.0, abs=0.01)


@timeless
async def test_our_own_applications_are_never_too_fast_but_screened() -> None:
    house = House(rate=10)
    own = partial(house.hub.writing.commit, ADA, policy=Policy.UNLIMITED)
    answers = [await own(Post(room="lobby", text=str(n))) for n in range(50)]
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert isinstance(await own(Post(room="the lobby", text="hi")), Refusal)


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


@timeless
async def test_signals_are_refused_where_they_can_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(rate=1)
    monkeypatch.setattr("hubbub.domain.live.values.MAX_VALUES", 1)

    async def refusal_of(signal: Signal, by: Principal = ADA) -> Refusal:
        with pytest.raises(RefusalError) as caught:
            await house.hub.writing.signal(by, signal)
        return caught.value.refusal

    assert (await refusal_of(Signal(room="lobby", signal="waving"))).code == "bad_request"
    await house.hub.writing.signal(ADA, Signal(room="lobby", key="van", value=1))
    assert (await refusal_of(Signal(room="lobby", key="bus", value=1), GRACE)).code == "too_large"
    await house.hub.writing.signal(ADA, Signal(room="lobby", signal="typing"))
    assert (await refusal_of(Signal(room="lobby", signal="typing"))).code == "rate_limited"


@timeless
async def test_signals_reach_everyone_in_the_room_the_sender_too(new_peer: NewPeer) -> None:
    house, peers = House(), [new_peer(), new_peer()]
    for peer in peers:
        await house.join(peer)
    await asyncio.sleep(1)
    for peer in peers:
        peer.take()
    await house.hub.writing.signal(ADA, Signal(room="lobby", signal="typing"))
    await asyncio.sleep(1)
    typing = {"signal": "typing", "room": "lobby", "by": "ada", "ttl": 5.0, "id": ADA.person.id}
    assert [pushes(peer) for peer in peers] == [[typing]] * 2


@timeless
async def test_a_live_value_outlives_the_presence_of_people() -> None:
    house = House()
    await house.hub.writing.signal(ADA, Signal(room="lobby", key="van", value=1, ttl=30.0))
    await asyncio.sleep(20)
    house.fanout.sweep()
    assert (await house.hub.reading.snapshot(ADA, "lobby")).live != []
    await asyncio.sleep(11)
    house.fanout.sweep()
    assert house.fanout.get("lobby") is None
    assert (await house.hub.reading.snapshot(ADA, "lobby")).live == []
