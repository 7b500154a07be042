"""When everybody comes at once, each costs the node what one does, waits for few, and leaves nothing behind."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import pytest

from hubbub.domain.facts import Accepted, Facts, Needs
from hubbub.domain.principals import Principal, Scope
from hubbub.protocol.commands.rooms import Ban, Unban
from hubbub.protocol.commands.starting import Started
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import FollowAll, Start
from hubbub.server.clients.followed import Followed
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.heads import Watch
from hubbub.server.hub.turns import AT_ONCE
from tests.support import house, rooms
from tests.support.calls import counted
from tests.support.fakes import EPOCH, MemoryStore
from tests.support.garbage import garbage
from tests.support.house import NewPeer
from tests.support.rooms import ADA, ROOM_RULES, account, becoming
from tests.support.transports import Noting

EACH = 3  # rooms of everybody


class Narrow(MemoryStore):
    """A store that counts how often something is looked up, and by how many at the same time; `asked` are all reads."""

    most = now = count = asked = 0

    def _fail_if_asked(self) -> None:
        self.asked += 1
        super()._fail_if_asked()

    async def find(self, wanted: Needs) -> Facts:
        self.count += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return await super().find(wanted)


class Device(NamedTuple):
    """A device of someone, and what it follows."""

    who: Principal
    followed: Followed


class Crowd:
    """A node, and people who are in the same rooms."""

    def __init__(self) -> None:
        self.store = Narrow(rules=ROOM_RULES)
        self.house = house.House(store=self.store, rules=ROOM_RULES)
        self.hub = self.house.hub

    async def gather(
        self, new_peer: NewPeer, count: int, *, count_rooms: int = EACH
    ) -> list[Device]:
        people = [account(f"k{n:03}") for n in range(count)]
        await self.store.commit([becoming(each) for each in people], "")
        inside = await rooms.House.opened(self.store)
        made = [await inside.make(ADA) for _ in range(count_rooms)]
        for who in people:
            for room in made:
                await inside.join(who, room)
        devices = [Device(who, Followed(self.hub)) for who in people]
        for device in devices:
            device.followed.open(Noting(new_peer().outlet))
        return devices

    async def start(self, device: Device) -> Started:
        return await self.hub.starting.start(device.who, Start())

    async def step_in(self, device: Device) -> None:
        """Be told of all rooms from the last position on."""
        await (await self.returning(device))()

    async def returning(self, device: Device) -> Callable[[], Coroutine[Any, Any, None]]:
        """What a device does that comes back."""
        shown = await self.store.own_rooms(device.who.id)
        own = {DIRECTORY: 0, device.who.id: (await self.store.head(device.who.id)).seq}
        heads = {row.room: row.head for row in shown}
        command = FollowAll(rooms=own, heads=heads, epoch=EPOCH)

        async def act() -> None:
            answer = await device.followed.follow_all(command, device.who)
            assert not answer["refused"] and len(answer["rooms"]) == 2

        return act

    async def leave(self, devices: list[Device]) -> None:
        for device in devices:
            device.followed.end()
        self.house.fanout.sweep()
        await self.hub.stop()


async def cost_of_coming(new_peer: NewPeer, count_rooms: int) -> tuple[int, int]:
    """How many functions are called when somebody comes back, and when somebody comes whom the node doesn't know."""
    crowd = Crowd()
    devices = await crowd.gather(new_peer, 3, count_rooms=count_rooms)
    await asyncio.gather(*map(crowd.step_in, devices[:2]))
    devices[0].followed.end()
    costs = []
    for device in (devices[0], devices[2]):
        act = await crowd.returning(device)
        with counted("call", "c_call") as calls:
            await act()
        costs.append(calls.count)
    await crowd.leave(devices)
    return costs[0], costs[1]


async def test_a_room_more_costs_few_calls_when_somebody_comes_back(new_peer: NewPeer) -> None:
    await cost_of_coming(new_peer, 2)  # fills the caches of functions
    (few, new_to_few), (many, new_to_many) = [await cost_of_coming(new_peer, n) for n in (10, 50)]
    assert (many - few) / 40 < 2
    assert (new_to_many - new_to_few) / 40 < 30  # with those of the store


async def seen(crowd: Crowd, device: Device, room: str) -> bool:
    """Whether somebody who asks for the head of a room is told it."""
    device.followed.unfollow(room)
    command = FollowAll(heads={room: 0}, epoch=EPOCH)
    answer = await device.followed.follow_all(command, device.who)
    assert (room in answer["heads"]) is not (room in answer["refused"])
    return room in answer["heads"]


async def test_whoever_could_read_a_room_is_asked_about_again_once_something_has_happened_to_them(
    new_peer: NewPeer,
) -> None:
    crowd = Crowd()
    [device, other] = await crowd.gather(new_peer, 2)
    room = (await crowd.store.own_rooms(device.who.id))[0].room
    told = []
    ban, unban = Ban(room=room, who=device.who.id), Unban(room=room, who=device.who.id)
    for change in (None, ban, None, unban):
        if change is not None:
            assert isinstance(await crowd.hub.writing.commit(ADA, change), Accepted)
        told.append((await seen(crowd, device, room), await seen(crowd, other, room)))
    assert told == [(True, True), (False, True), (False, True), (True, True)]
    await crowd.leave([device, other])


async def test_a_credential_that_allows_less_is_asked_about_apart(new_peer: NewPeer) -> None:
    crowd = Crowd()
    [device] = await crowd.gather(new_peer, 1)
    room = (await crowd.store.own_rooms(device.who.id))[0].room
    who = device.who
    narrow = Principal(who.name, who.role, who.id, frozenset({Scope.POST}))
    told = []
    for each in (who, narrow, who):
        device.followed.go_on(each)
        told.append(await seen(crowd, device._replace(who=each), room))
    assert told == [True, False, True]
    await crowd.leave([device])


@pytest.mark.parametrize("act", [Crowd.start, Crowd.step_in])
async def test_twice_as_many_who_come_at_once_cost_twice_as_much(
    new_peer: NewPeer, act: Callable[[Crowd, Device], Any]
) -> None:
    costs = []
    for count in (2, 40, 80):  # the first only fills the caches of functions
        crowd = Crowd()
        devices = await crowd.gather(new_peer, count)
        todo = [act(crowd, device) for device in devices]
        with counted() as calls:
            await asyncio.gather(*todo)
        costs.append(calls.count)
        await crowd.leave(devices)
    assert costs[2] < 2.5 * costs[1]  # it would be 4 times if each cost as much as all


async def test_only_some_are_in_progress_at_the_same_time(new_peer: NewPeer) -> None:
    crowd = Crowd()
    devices = await crowd.gather(new_peer, 3 * AT_ONCE)
    await asyncio.gather(*map(crowd.start, devices), *map(crowd.step_in, devices))
    assert 1 < crowd.store.most <= AT_ONCE
    await crowd.leave(devices)


async def test_all_about_whoever_comes_is_looked_up_at_once_and_not_again_when_they_come_back(
    new_peer: NewPeer,
) -> None:
    crowd = Crowd()
    [device, other] = await crowd.gather(new_peer, 2)
    looked = []
    for each in (other, device, device):
        crowd.store.count = 0
        await crowd.step_in(each)
        looked.append(crowd.store.count)
        each.followed.end()
    assert looked == [1, 1, 0]
    await crowd.leave([])


async def test_following_many_rooms_in_full_asks_the_store_as_seldom_as_following_few(
    new_peer: NewPeer,
) -> None:
    asked = []
    for count in (3, 60):
        crowd = Crowd()
        [device] = await crowd.gather(new_peer, 1, count_rooms=count)
        rooms = {row.room: row.head for row in await crowd.store.own_rooms(device.who.id)}
        crowd.store.asked = 0
        answer = await device.followed.follow_all(FollowAll(rooms=rooms, epoch=EPOCH), device.who)
        assert answer["rooms"].keys() == rooms.keys()
        asked.append(crowd.store.asked)
        await crowd.leave([device])
    assert asked[0] == asked[1] <= 4


async def test_starting_asks_the_store_three_times_however_many_rooms_there_are(
    new_peer: NewPeer,
) -> None:
    asked = []
    for count in (3, 60):
        crowd = Crowd()
        [device] = await crowd.gather(new_peer, 1, count_rooms=count)
        crowd.store.asked = 0
        started = await crowd.hub.starting.start(device.who, Start(directory=0, epoch=EPOCH))
        assert len(started.rooms) == count
        asked.append(crowd.store.asked)
        await crowd.leave([device])
    assert asked == [3, 3]


async def test_those_who_are_gone_leave_nothing_to_collect(new_peer: NewPeer) -> None:
    crowd = Crowd()
    devices = await crowd.gather(new_peer, 2)
    gc.collect()
    gc.disable()
    await asyncio.gather(*map(crowd.step_in, devices))
    await crowd.leave(devices)
    devices.clear()
    assert not [each for each in garbage() if isinstance(each, Feed | Watch | Followed)]
