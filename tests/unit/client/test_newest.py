import pytest

from hubbub.client.rooms.live import LiveView
from hubbub.client.rooms.newest import Newest
from hubbub.protocol.messages import Presence


async def test_a_newer_item_takes_the_place_of_an_older_one_of_its_key() -> None:
    box: Newest[str] = Newest()
    for key, item in [("a", "old"), ("b", "other"), ("a", "new")]:
        box.put(key, item)
    box.end()
    assert [item async for item in box] == ["other", "new"]


async def test_the_oldest_are_dropped_when_there_are_too_many() -> None:
    box: Newest[int] = Newest(limit=3)
    for n in range(10):
        box.put(n, n)
    box.end()
    assert [item async for item in box] == [7, 8, 9]


@pytest.mark.parametrize(
    "presence, names",
    [
        (Presence("lobby", 2, names=["ada", "grace"]), ["ada", "grace"]),
        (Presence("lobby", 1, joined=["linus"], left=["ada"]), ["linus"]),
        (Presence("lobby", 101), []),
    ],
)
def test_presence_is_folded(presence: Presence, names: list[str]) -> None:
    live = LiveView(lambda: 0.0)
    live.fold(Presence("lobby", 1, names=["ada"]))
    live.fold(presence)
    assert (live.members.count, live.members.names) == (presence.count, names)
