"""Nodes tell each other what is live, over a broker that is a list in memory here."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hubbub.domain.live.values import LiveReport, packed
from hubbub.protocol.messages import Typing, Value
from hubbub.protocol.people import Person
from hubbub.server.brokers.base import Local
from hubbub.server.engine.signals import COMINGS_PER_SECOND, LEASE, SENDS_PER_SECOND, TICK, Signals
from tests.support.fakes import timeless


class Wire(Local):
    """A node's end of the broker: what it shares goes to the others, unless it is cut off."""

    def __init__(self, node: str, others: "list[Node]") -> None:
        super().__init__()
        self.node = node
        self.others = others
        self.shared: list[LiveReport] = []
        self.is_cut = False

    def share(self, live: LiveReport) -> None:
        self.shared.append(live)
        for other in self.others:
            if not self.is_cut and other.wire is not self:
                other.signals.hear(msgspec.json.decode(msgspec.json.encode(live), type=LiveReport))


class Node:
    """One room on one node, and what was sent to who watches it there."""

    def __init__(self, name: str, nodes: "list[Node]") -> None:
        self.wire = Wire(name, nodes)
        nodes.append(self)
        self.signals = Signals("lobby", self._send, self.wire)
        self.sent: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.watchers = 1

    def _send(self, bodies: list[bytes]) -> int:
        self.times.append(asyncio.get_running_loop().time())
        self.sent += [msgspec.json.decode(body) for body in bodies]
        return self.watchers

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [signal for signal in self.sent if signal["signal"] == kind]


def nodes(names: str = "ab") -> list[Node]:
    cluster: list[Node] = []
    for name in names:
        Node(name, cluster)
    return cluster


def van(content: Any, ttl: float = 60.0) -> Value:
    return packed(Value("lobby", "ada", "van", content, ttl))


def same(read: Callable[[Node], Any], cluster: list[Node]) -> Any:
    first, *others = map(read, cluster)
    assert all(other == first for other in others)
    return first


@timeless
async def test_what_is_signalled_on_one_node_is_shown_on_all() -> None:
    first, second = nodes()
    first.signals.put(Typing("lobby", "ada", 5.0))
    first.signals.put(van(1))
    await asyncio.sleep(3 * TICK)
    assert same(lambda node: node.of("typing"), [first, second]) == [
        {"signal": "typing", "room": "lobby", "by": "ada", "ttl": 5.0}
    ]
    assert [signal["value"] for signal in second.of("value")] == [1]
    assert second.signals.live() == [van(1, ttl=59.8)]  # told after a tick, as 60
    assert first.signals.are_needed and not second.signals.are_needed
    assert second.wire.shared == [], "what is heard is not told again"


@timeless
async def test_of_many_values_within_a_tick_one_goes_to_other_nodes() -> None:
    first, second = nodes()
    for n in range(100):
        first.signals.put(van(n))
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    assert len(first.wire.shared) == 10
    assert len(second.of("value")) == 10
    assert second.of("value")[-1]["value"] == 99


@timeless
async def test_who_comes_and_goes_on_one_node_does_so_on_all() -> None:
    first, second = nodes()
    first.signals.enter(Person("ada"))
    second.signals.enter(Person("grace"))
    await asyncio.sleep(1)
    assert same(lambda node: node.signals.members().names, [first, second]) == ["ada", "grace"]
    first.signals.exit(Person("ada"))
    await asyncio.sleep(1)
    assert second.of("presence")[-1] == {
        "signal": "presence",
        "room": "lobby",
        "count": 1,
        "joined": [],
        "left": ["ada"],
    }
    assert same(lambda node: node.signals.members().names, [first, second]) == ["grace"]


@timeless
async def test_who_follows_a_room_only_now_asks_what_is_live() -> None:
    cluster = nodes("ab")
    cluster[0].signals.enter(Person("ada"))
    cluster[0].signals.put(van(1))
    await asyncio.sleep(1)
    third = Node("c", cluster)
    third.signals.remind(asks=True)
    await asyncio.sleep(1)
    assert third.signals.members().names == ["ada"]
    assert third.signals.live() == [van(1, ttl=58.0)]
    assert cluster[1].wire.shared == [], "who has nothing to say is silent"


@timeless
async def test_who_is_on_a_node_that_crashed_is_gone_in_time() -> None:
    first, second = nodes()
    first.signals.enter(Person("ada"))
    second.signals.enter(Person("grace"))
    await asyncio.sleep(1)
    second.sent.clear()
    await asyncio.sleep(LEASE - 2)
    second.signals.sweep()
    await asyncio.sleep(TICK * 2)
    assert second.of("presence") == []
    await asyncio.sleep(2)
    second.signals.sweep()
    await asyncio.sleep(TICK * 2)
    assert [signal["left"] for signal in second.of("presence")] == [["ada"]]


@timeless
async def test_what_was_lost_is_made_good_by_the_next_reminder() -> None:
    first, second = nodes()
    first.signals.put(van(1))
    first.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    first.wire.is_cut = True
    first.signals.put(van(2))
    first.signals.exit(Person("ada"))
    first.signals.enter(Person("grace"))
    await asyncio.sleep(1)
    assert second.signals.members().names == ["ada"]
    first.wire.is_cut = False
    first.signals.remind()
    await asyncio.sleep(1)
    assert second.signals.members().names == ["grace"]
    assert [signal["value"] for signal in second.of("value")] == [1, 2]


@timeless
async def test_what_nobody_was_told_yet_is_told_with_a_reminder() -> None:
    first, second = nodes()
    first.signals.put(Typing("lobby", "ada", 5.0))
    first.signals.put(van(1))
    first.signals.remind()
    await asyncio.sleep(1)
    assert [signal["by"] for signal in second.of("typing")] == ["ada"]
    assert [signal["value"] for signal in second.of("value")] == [1]
    assert len(first.wire.shared) == 1, "and with that alone"


@pytest.mark.parametrize("asks", [False, True], ids=["a reminder", "another's question"])
@timeless
async def test_that_the_last_one_left_is_told_although_a_reminder_comes_first(asks: bool) -> None:
    first, second = nodes()
    first.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    first.signals.exit(Person("ada"))
    if asks:
        second.signals.remind(asks=True)
    else:
        first.signals.remind()
    assert second.signals.members().names == []
    first.wire.shared.clear()
    first.signals.remind()
    assert first.wire.shared == [], "once is enough"


@timeless
async def test_at_its_end_a_node_says_that_nobody_is_there() -> None:
    first, second = nodes()
    first.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    first.signals.exit(Person("ada"))
    first.signals.close()
    assert second.signals.members().names == []
    await asyncio.sleep(1)
    assert len(first.times) == 1, "and nothing is sent there any more"


@timeless
async def test_a_crowds_comings_are_told_to_others_seldom() -> None:
    first, _ = nodes()
    for n in range(COMINGS_PER_SECOND):
        first.signals.enter(Person(f"guest-{n}"))
    await asyncio.sleep(0.5)
    for n in range(100):
        first.signals.enter(Person(f"late-{n}"))
        await asyncio.sleep(0.05)
    assert len(first.wire.shared) == 6  # in 5.5 seconds


@timeless
async def test_the_more_watch_the_longer_is_a_tick() -> None:
    first, _ = nodes()
    first.watchers = SENDS_PER_SECOND // 2
    for n in range(300):
        first.signals.put(van(n))
        await asyncio.sleep(0.01)
    assert len(first.times) in (6, 7)
    first.watchers = 1
    await asyncio.sleep(1)
    assert first.of("value")[-1]["value"] == 299
