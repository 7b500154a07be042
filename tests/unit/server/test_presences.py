"""Who is told how whom is: the law, and what must hold in between."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.facts import Needs, Proposal
from hubbub.protocol.commands.preferences import HIDE_PRESENCE, Prefer
from hubbub.protocol.commands.watching import MAX_WATCHED
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.presence import OFFLINE, PersonPresence
from hubbub.server.engine.devices import GRACE, MOST_REMEMBERED
from hubbub.server.engine.presences import TELL_EVERY
from hubbub.server.engine.signals import LEASE
from hubbub.server.stores.base import StoreFailed
from tests.support.fakes import account, timeless
from tests.support.sight import Sight, Watcher
from tests.support.team import ROLES

ONLINE = PersonPresence("online")
KEYS = {name: account(name).id for name in ROLES}
MARY, DAVE = KEYS["mary"], KEYS["dave"]

names, nodes = st.sampled_from([*ROLES]), st.integers(0, 1)


def one(do: str, *what: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(do), *what)


happening = st.one_of(
    one("connect", names, nodes),
    one("connect", names, nodes),
    one("disconnect", names),
    one("rest", names, st.booleans()),
    one("hide", names, st.booleans()),
    one("block", names, names),
    one("suspend", names),
    one("remove", names),
    one("change_role", names, st.sampled_from(["guest", "member"])),
    one("come_or_go", names),
    one("watch", names, nodes),
    one("wait", st.sampled_from([0.05, 1.5, 9.0])),
)


async def look(sight: Sight, name: str, node: int) -> Watcher:
    """Let somebody watch everyone, and someone who isn't there."""
    watcher = sight.watcher(name, node)
    await watcher.watch(*KEYS.values(), "@p00000000000z")
    return watcher


def states(watcher: Watcher) -> dict[str, str]:
    return {who: presence.state for who, presence in watcher.view().items()}


@given(st.lists(happening, min_size=20, max_size=40))
@timeless
async def test_whatever_happens_each_watcher_sees_what_the_model_says(
    history: list[tuple[Any, ...]],
) -> None:
    sight = Sight()
    await sight.begin()
    for inside in ("sam", "mary"):
        await sight.come_or_go(inside)
    watchers = [await look(sight, *each) for each in (("dave", 0), ("sam", 1), ("mary", 1))]
    for do, *what in history:
        match do:
            case "watch":
                watchers.append(await look(sight, *what))
            case "wait":
                await asyncio.sleep(*what)
            case _:
                await getattr(sight, do)(*what)
    await sight.rest_all()
    for watcher in watchers:
        assert states(watcher) == sight.model(watcher)
        presences = watcher.told
        assert all(
            presence.seen is None or presence.state == "offline" for presence in presences.values()
        )
    await sight.close()


async def begun(*watching: str, nodes: int = 2) -> tuple[Sight, list[Watcher]]:
    """A town, and who watches everyone there on the first node."""
    sight = Sight(nodes)
    await sight.begin()
    return sight, [await look(sight, name, 0) for name in watching]


@timeless
async def test_who_changes_all_the_time_is_told_of_once_a_second() -> None:
    sight, [dave] = await begun("dave")
    await sight.connect("mary", 1)
    for n in range(200):
        await sight.rest("mary", n % 2 == 0)
        await asyncio.sleep(0.13)
    times = dave.ear.times
    assert len(times) <= 200 * 0.13 / TELL_EVERY + 1
    assert all(later - sooner >= TELL_EVERY * 0.999 for sooner, later in pairwise(times))
    await asyncio.sleep(3)
    assert dave.view()[MARY] == ONLINE
    await sight.close()


@timeless
async def test_a_change_reaches_those_who_watch_and_nobody_else() -> None:
    sight, [dave] = await begun("dave")
    others = [sight.watcher("grace", n % 2) for n in range(20)]
    for each in others:
        await each.watch(DAVE)
    await sight.block("mary", "sam")
    others.append(blocked := sight.watcher("sam"))
    await sight.come_or_go("sam")
    await sight.come_or_go("mary")
    await blocked.watch(MARY)
    before = sight.nodes[1].cable.shared
    await sight.connect("mary", 1)
    await asyncio.sleep(3)
    assert dave.view()[MARY] == ONLINE
    assert sight.nodes[1].cable.shared - before <= 2  # its feed asks, and it enters
    assert not any(each.ear.times for each in others)
    await sight.close()


@timeless
async def test_a_device_that_comes_back_soon_was_never_away_and_one_that_does_not_has_left() -> (
    None
):
    sight, [dave] = await begun("dave")
    await sight.connect("mary")
    await asyncio.sleep(3)
    count = len(dave.ear.heard)
    await sight.disconnect("mary")
    await asyncio.sleep(GRACE - 1)
    await sight.connect("mary", 1)
    await sight.rest_all()
    assert len(dave.ear.heard) == count == 1
    await sight.disconnect("mary")
    await sight.rest_all(GRACE + 5)
    assert states(dave)[MARY] == "offline" and dave.told[MARY].seen
    await sight.close()


@timeless
async def test_a_node_that_dies_takes_its_devices_with_it_within_the_lease() -> None:
    sight, [dave] = await begun("dave")
    await sight.connect("mary", 1)
    await sight.connect("grace", 1)
    await sight.rest_all(20)
    assert {dave.view()[MARY], dave.view()[KEYS["grace"]]} == {ONLINE}
    sight.nodes[1].die()
    await sight.connect("grace", 0)
    await sight.nodes[0].tend(LEASE - 5)
    assert not dave.ear.heard
    await sight.nodes[0].tend(15)
    assert states(dave)[MARY] == "offline" and dave.told[KEYS["grace"]] == ONLINE
    await sight.close()


@timeless
async def test_a_node_that_stops_says_nothing_of_devices_that_may_go_to_another() -> None:
    sight, [dave] = await begun("dave")
    await sight.connect("mary", 1)
    await sight.rest_all(20)
    await sight.disconnect("mary")
    await sight.nodes[1].fanout.close()
    sight.nodes[1].die()
    await asyncio.sleep(3)  # it is on its way
    await sight.connect("mary", 0)
    dave.view()
    await sight.nodes[0].tend(60)
    assert not dave.ear.heard and dave.told[MARY] == ONLINE
    await sight.close()


def _count(wanted: Needs) -> int:
    """How much a store is asked for at once."""
    return sum(len(keys) for asked in (wanted.rows, wanted.lists) for keys in asked.values())


class Gate:
    """Holds up what a store is asked, once it has read it, and notes how much it was asked."""

    def __init__(self, sight: Sight) -> None:
        self.is_open = True
        self.held: list[asyncio.Future[None]] = []
        self.asked: list[tuple[str, int]] = []
        for name in ("find", "rows", "heads"):
            setattr(sight.store, name, self._held(name, getattr(sight.store, name)))

    def _held(self, name: str, ask: Any) -> Any:
        async def held(*what: Any) -> Any:
            found = await ask(*what)
            rows = _count(what[0]) if name == "find" else len(what)
            self.asked.append((name, rows))
            if not self.is_open:
                self.held.append(asyncio.get_running_loop().create_future())
                await self.held[-1]
            return found

        return held

    async def release(self, which: int = 0) -> None:
        """Let one answer that was held up come."""
        self.held.pop(which).set_result(None)
        await asyncio.sleep(5)

    async def open(self) -> None:
        """Hold up nothing any more."""
        self.is_open = True
        while self.held:
            await self.release()


@timeless
async def test_from_the_event_on_that_takes_the_right_nothing_is_told() -> None:
    sight, [dave, sam] = await begun("dave", "sam")
    for _ in range(2):  # sam shares a room with both
        await sight.come_or_go("mary" if _ else "sam")
    await sam.watch(MARY)
    gate = Gate(sight)
    gate.is_open = False
    await sight.block("mary", "dave")
    await sight.come_or_go("mary")
    await sight.connect("mary")
    await asyncio.sleep(5)
    assert not dave.ear.heard and not sam.ear.heard  # it isn't known yet whether they may know
    await gate.open()
    assert dave.view()[MARY] == OFFLINE and MARY not in sam.view()
    await sight.close()


@timeless
async def test_what_was_read_before_an_event_is_not_believed_after_it() -> None:
    sight, [dave] = await begun("dave")
    await sight.connect("mary")
    await asyncio.sleep(3)
    gate = Gate(sight)
    gate.is_open = False
    watching = asyncio.create_task(dave.watch(MARY))
    await asyncio.sleep(1)
    await sight.hide("mary", True)
    await asyncio.sleep(1)
    assert len(gate.held) == 2
    await gate.release(1)
    await gate.open()
    await watching
    assert dave.view()[MARY] == OFFLINE
    await sight.close()


@timeless
@pytest.mark.parametrize("reader, there", [("sam", "dave"), ("dave", "grace")])
async def test_one_asks_as_much_about_an_account_that_one_may_not_know_as_about_none(
    reader: str, there: str
) -> None:
    sight, _ = await begun()
    if reader != "sam":
        await sight.suspend(there)  # whom nobody knows then
    watcher = sight.watcher(reader)
    gate = Gate(sight)
    costs = []
    for who in (KEYS[there], "@p00000000000z"):
        gate.asked.clear()
        assert await watcher.watch(who) == {}
        costs.append(gate.asked[:])
        assert not watcher.onlooker.people and len(sight.nodes[0].fanout.presences) == 0
    assert costs[0] == costs[1] != []
    await sight.close()


@timeless
async def test_everybody_whom_one_watches_is_asked_about_at_once() -> None:
    sight, _ = await begun()
    gate = Gate(sight)
    await sight.watcher("dave").watch(*KEYS.values(), "@p00000000000z")
    everybody = len(KEYS) + 1
    assert [name for name, _ in gate.asked] == ["find"]
    assert gate.asked[0][1] <= 4 * everybody + 1  # account, block, preference and sessions of each
    await sight.close()


@timeless
async def test_a_client_that_is_slow_gets_only_the_newest() -> None:
    sight, [dave] = await begun("dave")
    dave.ear.is_deaf = True
    await sight.connect("mary")
    for n in range(20):
        await sight.rest("mary", n % 2 == 0)
        await asyncio.sleep(2)
    dave.ear.is_deaf = False
    await asyncio.sleep(2)
    assert [notice.people for notice in dave.ear.heard] == [{MARY: ONLINE}]
    await sight.close()


@timeless
async def test_whoever_watches_others_again_and_again_leaves_nothing_behind() -> None:
    sight, [dave] = await begun("dave")
    presences, fanout = sight.nodes[0].fanout.presences, sight.nodes[0].fanout
    for n in range(300):
        await dave.watch(*[*KEYS.values()][n % 5 :])
    await dave.watch(MARY, MARY)
    assert dave.known == {MARY} and len(presences) == 1
    dave.node.hub.watching.stop(dave.onlooker)
    await asyncio.sleep(5)
    fanout.sweep()
    assert len(presences) == 0 and not [*fanout] and not presences.doubted
    await sight.close()


@timeless
async def test_while_the_store_fails_nobody_is_told_what_may_not_be_told_any_more() -> None:
    sight, [dave] = await begun("dave")
    await sight.hide("mary", True)
    sight.store.is_failing = True
    await asyncio.sleep(3)
    grace = sight.watcher("grace")
    with pytest.raises(StoreFailed):
        await grace.watch(MARY)
    await sight.connect("mary")
    await asyncio.sleep(3)
    assert dave.view()[MARY].state == "offline"
    sight.store.is_failing = False
    await sight.hide("mary", False)
    await asyncio.sleep(5)
    assert dave.view()[MARY] == ONLINE
    await sight.close()


@timeless
async def test_when_someone_was_last_there_is_remembered_of_so_many_and_then_read() -> None:
    sight, _ = await begun()
    devices = sight.nodes[0].hub.watching.devices
    for n in range(MOST_REMEMBERED + 10):
        devices.remember(f"@p{n:012}", n)
    assert len(devices._left) == MOST_REMEMBERED
    assert not devices.knows("@p000000000000")
    await sight.close()


@timeless
async def test_whoever_could_not_be_told_how_people_are_watches_nobody() -> None:
    sight, [dave] = await begun("dave")
    sight.store.is_failing = True
    with pytest.raises(StoreFailed):
        await dave.watch(MARY)
    assert not dave.onlooker.people and len(dave.node.fanout.presences) == 0
    await sight.close()


@timeless
async def test_whoever_asks_about_too_many_people_must_wait() -> None:
    sight = Sight(1, rate=100)
    await sight.begin()
    dave, grace = sight.watcher("dave"), sight.watcher("grace")
    crowd = [f"@p{n:012}" for n in range(MAX_WATCHED)]
    for _ in range(4):
        await dave.watch(*crowd)
    with pytest.raises(RefusalError) as refused:
        await dave.watch(*crowd)
    assert refused.value.refusal.code == "rate_limited"
    await grace.watch(*crowd)
    await asyncio.sleep(refused.value.refusal.retry_after or 0)
    await dave.watch(*crowd)
    await sight.close()


@timeless
async def test_when_events_were_lost_that_may_have_taken_rights_all_is_asked_again() -> None:
    sight, [dave] = await begun("dave")
    for name in ("mary", "dave"):
        await sight.connect(name)
    await asyncio.sleep(3)
    for name, who in (("mary", MARY), ("dave", DAVE)):
        prefer = Prefer(room=who, name=HIDE_PRESENCE, value=True)
        await sight.store.commit([Proposal(account(name), prefer)], "")  # and it isn't delivered
    fanout = sight.nodes[0].fanout
    for log, hidden in ((MARY, [MARY]), (DIRECTORY, [MARY, DAVE])):
        with fanout.pinned(log) as feed:
            feed.skip(9)
        await asyncio.sleep(3)
        assert [who for who, shown in dave.view().items() if shown == ONLINE] == [
            who for who in (MARY, DAVE) if who not in hidden
        ]
    await sight.close()
