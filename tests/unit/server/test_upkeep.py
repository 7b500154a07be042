"""What runs beside the hub, without a server around it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from hubbub.domain.live.values import LiveReport
from hubbub.protocol.people import Person
from hubbub.protocol.secrets import digest_of
from hubbub.server import upkeep
from hubbub.server.brokers.base import Local
from hubbub.server.duties import DutyFailed, keep_at
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.http.metrics import Metrics
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials, Door
from hubbub.server.people.ends import Ends
from hubbub.server.people.rates import Limits
from hubbub.server.people.tokens import Tokens
from hubbub.server.people.visits import Visit
from hubbub.server.stores.base import Token
from hubbub.server.transports.base import Links
from hubbub.server.upkeep import (
    BEAT,
    REMIND_EVERY,
    REMIND_STEP,
    REMIND_WITHIN,
    STORE_BEAT,
    beside_others,
    brokering,
    end,
    expiry,
    heartbeats,
    revocations,
)
from tests.support.fakes import AT, MemoryStore, settle, timeless


class StuckStore(MemoryStore):
    """A store that doesn't answer any more whether tokens were revoked, if it `is_stuck`."""

    is_stuck = False

    async def count_ends(self) -> int:
        if self.is_stuck:
            await asyncio.Event().wait()
        return await super().count_ends()


def token(name: str, until: float | None = None) -> Token:
    return Token(name, name, digest_of(f"hubbub_{name}"), ("read",), ("*",), "", until)


@asynccontextmanager
async def guarded(store: MemoryStore) -> AsyncIterator[Door]:
    """A door for who has one of the store's tokens, and what looks after it."""
    tokens = Tokens()
    await tokens.refresh(store)
    door = Door((tokens,), now=asyncio.get_running_loop().time, clock=time.monotonic)
    fanout = FanOut(store, now=time.time)
    hub = Hub(store, Journal(store, fanout.deliver, lambda: AT), fanout, door, Limits(256, 0))
    keeping = asyncio.create_task(keep_at(expiry(hub), print))
    ends = Ends(store)
    await ends.found_by((partial(tokens.refresh, store),), door.review)
    checking = asyncio.create_task(keep_at(revocations(ends), print))
    try:
        yield door
    finally:
        await end([keeping, checking])
        await hub.stop()


@timeless
async def test_whose_token_expires_is_shown_out_although_the_database_does_not_answer() -> None:
    store = StuckStore()
    store.give(token("ada", until=5.0), token("grace"))
    async with guarded(store) as door:
        ada, grace = (door.enter(Credentials(token=f"hubbub_{name}")) for name in ("ada", "grace"))
        store.is_stuck = True
        await asyncio.sleep(5 + 2 * BEAT)
        assert ada.is_expelled and not grace.is_expelled


@timeless
async def test_whose_token_is_revoked_is_shown_out_within_a_beat() -> None:
    store = StuckStore()
    store.give(token("ada"), token("grace"))
    async with guarded(store) as door:
        ada, grace = (door.enter(Credentials(token=f"hubbub_{name}")) for name in ("ada", "grace"))
        store.give(token("grace"))
        await asyncio.sleep(1.1 * BEAT)
        assert ada.is_expelled and not grace.is_expelled


def stuck(visit: Visit) -> Visit:
    """One that can't be shown out."""

    def leave() -> None:
        raise ZeroDivisionError

    visit.when_expelled(leave)
    return visit


@timeless
async def test_who_can_not_be_shown_out_holds_up_nobody_and_ends_the_server_within_a_second() -> (
    None
):
    store = MemoryStore()
    names = ("ada", "grace", "hal")
    store.give(*(token(name, until=5.0) for name in names))
    tokens = Tokens()
    await tokens.refresh(store)
    door = Door((tokens,), now=asyncio.get_running_loop().time, clock=time.monotonic)
    visits = [stuck(door.enter(Credentials(token=f"hubbub_{name}"))) for name in names]
    fine = [door.enter(Credentials(token=f"hubbub_{name}")) for name in names]
    out: list[Visit] = []
    for visit in fine:
        visit.when_expelled(partial(out.append, visit))
    fanout = FanOut(store, now=time.time)
    hub = Hub(store, Journal(store, fanout.deliver, lambda: AT), fanout, door, Limits(256, 0))
    with pytest.raises(DutyFailed):
        await asyncio.wait_for(keep_at(expiry(hub), print), 6.01)
    assert set(out) == set(fine) and door.visits.known == set(visits)
    await hub.stop()


@timeless
async def test_one_kind_of_credentials_holds_up_no_other_and_ends_the_server_within_a_second() -> (
    None
):
    store, tokens = MemoryStore(), Tokens()
    store.give(token("ada"))
    await tokens.refresh(store)
    door, ends = Door((tokens,), now=time.time, clock=time.monotonic), Ends(store)
    ada = door.enter(Credentials(token="hubbub_ada"))

    async def fail() -> bool:
        raise ZeroDivisionError

    await ends.found_by((fail, partial(tokens.refresh, store)), door.review)
    store.give()
    with pytest.raises(DutyFailed):
        await asyncio.wait_for(keep_at(revocations(ends), print), 1.01)
    assert ada.is_expelled


@timeless
async def test_what_others_rely_on_is_never_later_than_usual() -> None:
    store = MemoryStore()
    store.is_shared = True
    fanout = FanOut(store, now=time.time)
    assert [duty.most for duty in beside_others(fanout, store, has_broker=False)] == [
        upkeep.LOOK,
        STORE_BEAT,
    ]
    assert heartbeats(Links(), Metrics()).most == BEAT


@timeless
async def test_the_log_says_when_looks_fail_and_when_they_go_on_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    store.is_shared = True
    look, _ = beside_others(FanOut(store, now=time.time), store, has_broker=True)
    store.is_failing = True
    looking = asyncio.create_task(keep_at(look, print))
    await asyncio.sleep(60)
    store.is_failing = False
    await asyncio.sleep(60)
    looking.cancel()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "Can't look for events from other nodes: the disk is full",
        "Recovered: can look for events from other nodes again",
    ]


# --- reminders to other nodes ---


class Told(Local):
    """A broker that notes when something was shared, and of which room."""

    answers_within = 0.1

    def __init__(self) -> None:
        super().__init__()
        self.shared: list[tuple[float, str]] = []

    def share(self, live: LiveReport) -> None:
        self.shared.append((asyncio.get_running_loop().time(), live.room))


@asynccontextmanager
async def reminding(rooms: list[str]) -> AsyncIterator[tuple[FanOut, Told]]:
    """A fan-out that reminds other nodes of who is in these rooms; they have heard of it once."""
    broker = Told()
    fanout = FanOut(MemoryStore(), broker, now=time.time)
    for room in rooms:
        with fanout.pinned(room) as feed:
            feed.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    broker.shared.clear()
    _, reminders = brokering(broker, fanout)
    task = asyncio.create_task(keep_at(reminders, print))
    yield fanout, broker
    task.cancel()


@timeless
async def test_many_rooms_are_reminded_of_within_a_round_several_at_a_time() -> None:
    rooms = [f"room-{n}" for n in range(5_000)]
    async with reminding(rooms) as (_, broker):
        begin = asyncio.get_running_loop().time()
        await asyncio.sleep(2 * REMIND_EVERY - 0.01)
        times = [time - begin for time, _ in broker.shared]
        assert Counter(room for _, room in broker.shared) == dict.fromkeys(rooms, 2)
        assert len(set(times)) <= 2 * REMIND_EVERY / REMIND_STEP, "it is not woken up for each"
        half = sum(time < REMIND_EVERY / 2 for time in times)
        assert half == pytest.approx(len(rooms) / 2, rel=0.02), "they are spread over the round"


@timeless
async def test_a_few_rooms_are_reminded_of_once_a_round_and_soon_when_the_broker_returns() -> None:
    async with reminding(["lobby", "kitchen"]) as (_, broker):
        await asyncio.sleep(2 * REMIND_EVERY - 0.01)
        assert [room for _, room in broker.shared] == ["lobby", "kitchen"] * 2
        broker.shared.clear()
        broker.returned.set()
        await asyncio.sleep(REMIND_WITHIN - 0.01)
        assert [room for _, room in broker.shared] == ["lobby", "kitchen"]


@timeless
async def test_of_a_room_that_is_left_during_a_round_nobody_is_reminded() -> None:
    async with reminding(["lobby", "kitchen"]) as (fanout, broker):
        broker.returned.set()
        await settle()
        kitchen = fanout.get("kitchen")
        assert kitchen is not None
        kitchen.signals.exit(Person("ada"))
        fanout.sweep()
        broker.shared.clear()
        await asyncio.sleep(REMIND_WITHIN - 0.01)
        assert broker.shared == []
