import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Head, Proposal
from hubbub.domain.tables.rooms import ROOM, MadeRoom, RoomKey
from hubbub.events import encode
from hubbub.events.people import Preferred
from hubbub.protocol.messages import Patch, Post
from hubbub.server.reactors import base
from hubbub.server.reactors import retention as retentions
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.retention import Retention
from hubbub.server.stores.base import LogPage
from tests.support.fakes import ADA, MemoryStore, timeless

MADE, OTHER, OWN = "@r000000000001", "@r000000000002", "@p000000000001"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


async def post(store: MemoryStore, count: int, days_ago: float = 0, room: str = "lobby") -> None:
    at = (NOW - timedelta(days=days_ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    await store.commit([Proposal(ADA, Post(room=room, text="hi"))] * count, at)


async def forget(store: MemoryStore, events: int, days: float, now: datetime = NOW) -> None:
    await go_round(Retention(store, events, days, lambda: now), store)


@timeless
async def test_by_default_all_is_kept() -> None:
    store = MemoryStore()
    await post(store, 20, days_ago=10_000)
    await forget(store, 0, 0)
    assert await store.head("lobby") == Head(20, 1, 20)


@timeless
async def test_of_each_room_the_newest_events_are_kept() -> None:
    store = MemoryStore()
    for room, count in (("lobby", 20), ("kitchen", 5), ("attic", 4)):
        await post(store, count, room=room)
    await forget(store, 5, 0)
    assert store.kept == {"lobby": 16}
    await post(store, 1)
    await forget(store, 5, 0)
    assert await store.head("lobby") == Head(21, 17, 21)


@timeless
async def test_what_is_older_than_so_many_days_is_forgotten() -> None:
    store = MemoryStore()
    await post(store, 12, days_ago=3)
    await post(store, 1, days_ago=2.001)
    await post(store, 1, days_ago=2)
    await post(store, 7, days_ago=1)
    await forget(store, 0, 2)
    assert await store.head("lobby") == Head(21, 14, 21)
    await forget(store, 0, 2, now=NOW + timedelta(days=9))
    assert await store.head("lobby") == Head(21, 22, 21)
    await forget(store, 0, 2, now=NOW + timedelta(days=10))
    assert await store.head("lobby") == Head(21, 22, 21)


@timeless
async def test_whichever_limit_forgets_more_holds() -> None:
    store = MemoryStore()
    await post(store, 6, days_ago=3)
    await post(store, 6, days_ago=1)
    await forget(store, 9, 2)
    assert await store.head("lobby") == Head(12, 7, 12)
    await forget(store, 4, 2)
    assert await store.head("lobby") == Head(12, 9, 12)


@timeless
async def test_the_time_zone_of_the_clock_does_not_matter() -> None:
    store = MemoryStore()
    await post(store, 1, days_ago=2.1)
    await post(store, 1, days_ago=1.9)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    await forget(store, 0, 2, now=elsewhere)
    assert await store.head("lobby") == Head(2, 2, 2)


@timeless
async def test_the_document_stays() -> None:
    store = MemoryStore()
    await store.commit([Proposal(ADA, Patch(room="lobby", patch={"n": 1}))], "2020-01-01T00:00:00Z")
    await post(store, 3)
    await forget(store, 1, 0)
    assert await store.head("lobby") == Head(4, 4, 3)
    assert await store.document("lobby") == Document({"n": 1}, 1)


@timeless
async def test_all_rooms_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ROOMS_AT_ONCE", 2)
    store = MemoryStore()
    for n in range(7):
        await post(store, 2, room=f"room-{n}")
    await asyncio.wait_for(forget(store, 1, 0), 30)
    assert store.kept == {f"room-{n}": 2 for n in range(7)}


@timeless
async def test_many_are_forgotten_in_steps_so_that_posts_get_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    steps: list[int] = []
    trim = store.trim

    async def watched(room: str, upto: int) -> None:
        steps.append(upto)
        await trim(room, upto)

    monkeypatch.setattr(store, "trim", watched)
    monkeypatch.setattr(retentions, "EVENTS_AT_ONCE", 4)
    await post(store, 12)
    await forget(store, 2, 0)
    assert steps == [4, 8, 10]


@timeless
async def test_a_step_may_be_repeated_as_after_a_crash() -> None:
    store = MemoryStore()
    await post(store, 12)
    retention = Retention(store, 5, 0, lambda: NOW)
    assert await retention.step("lobby", 0, 12) == 7
    assert await retention.step("lobby", 0, 12) == 7
    assert await store.head("lobby") == Head(12, 8, 12)
    assert await retention.step("lobby", 7, 12) == 7


@timeless
async def test_a_step_reads_no_more_than_it_may_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    most: list[int] = []
    read = store.read

    async def watched(room: str, after: int, upto: int) -> LogPage:
        most.append(upto)
        return await read(room, after, upto)

    monkeypatch.setattr(store, "read", watched)
    monkeypatch.setattr(retentions, "EVENTS_AT_ONCE", 4)
    await post(store, 12, days_ago=3)
    assert await Retention(store, 0, 2, lambda: NOW).step("lobby", 2, 12) == 6
    assert set(most) == {6}


async def in_log(store: MemoryStore, log: str, days_ago: float, count: int = 1) -> None:
    """Have some events in a log that the rules would not let anyone post in."""
    at = (NOW - timedelta(days=days_ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for _ in range(count):
        seq = len(store.logs.setdefault(log, [])) + 1
        event = Preferred(room=log, seq=seq, at=at, by=OWN, name="x", value=1)
        store.logs[log].append(encode(event))


@timeless
async def test_a_made_room_keeps_what_its_own_setting_says_and_others_what_holds_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    for room, days in ((MADE, 7), (OTHER, 0)):
        flags = (True, True, True, True)
        row = MadeRoom(
            *(room, "open", "x", "", "", "none", "all", 0, days, *flags, None, "", OWN, None)
        )
        store.records.rows.setdefault(ROOM, {})[RoomKey(room)] = row
        await in_log(store, room, days_ago=40)
        await in_log(store, room, days_ago=10)
        await in_log(store, room, days_ago=1)
    await forget(store, 0, 0)
    assert store.kept == {MADE: 3}
    await forget(store, 0, 30)
    assert store.kept == {MADE: 3, OTHER: 2}


@timeless
@pytest.mark.parametrize("log", ["@directory", OWN])
async def test_what_is_told_to_those_who_follow_is_kept_for_a_month(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    await in_log(store, log, days_ago=31, count=2)
    await in_log(store, log, days_ago=29, count=5)
    await forget(store, 0, 1)
    assert store.kept == {log: 3}
    monkeypatch.setattr(retentions, "TOLD_EVENTS", 4)
    await forget(store, 0, 0)
    assert store.kept == {log: 4}


@timeless
async def test_the_audit_log_is_kept_for_ever() -> None:
    store = MemoryStore()
    await in_log(store, "@audit", days_ago=10_000)
    await forget(store, 1, 1)
    assert store.kept == {}
