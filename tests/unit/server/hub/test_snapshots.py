"""Rooms as they are now, which those who come at the same time share."""

import pytest

from hubbub.protocol.messages import (
    Delete,
    Edit,
)
from hubbub.server.hub import snapshots
from tests.support.fakes import (
    ADA,
    settle,
    timeless,
)
from tests.support.house import CountingStore, House, NewPeer


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
async def test_what_was_deleted_is_in_no_snapshot_and_no_tail(new_peer: NewPeer) -> None:
    house, peer = House(), new_peer()
    await house.post("secret")
    await house.hub.reading.snapshot(ADA, "lobby")
    (feed,) = house.fanout
    assert "secret" in repr(feed.snapshot)
    feed.followers.reading.add(await house.join(peer))  # so that there is a tail
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
