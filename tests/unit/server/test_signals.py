import asyncio
import itertools
from typing import Any

import msgspec

from hubbub.domain.live.values import MAX_VALUES, LiveReport, Stamped
from hubbub.protocol.messages import Receipt, Typing, Value
from hubbub.protocol.people import Person
from hubbub.server.engine.signals import COMINGS_PER_SECOND, TICK, Signals
from tests.support.fakes import timeless


class Wall:
    """What is sent in a room, and when."""

    def __init__(self) -> None:
        self.signals = Signals("lobby", self._send)
        self.sent: list[tuple[float, list[dict[str, Any]]]] = []
        self.watchers = 1

    def _send(self, bodies: list[bytes]) -> int:
        now = round(asyncio.get_running_loop().time(), 6)
        self.sent.append((now, [msgspec.json.decode(body) for body in bodies]))
        return self.watchers

    def take(self) -> list[dict[str, Any]]:
        """All that was sent since the last call."""
        sent, self.sent = self.sent, []
        return [signal for _, signals in sent for signal in signals]

    def times(self) -> list[float]:
        return [time for time, _ in self.sent]


def typing(by: str = "ada") -> Typing:
    return Typing("lobby", by, 5.0)


def value(content: Any, key: str = "van", by: str = "ada", ttl: float = 60.0) -> Value:
    return Value("lobby", by, key, content, ttl)


@timeless
async def test_a_signal_goes_out_at_the_next_tick() -> None:
    wall = Wall()
    wall.signals.put(typing())
    assert wall.sent == []
    await asyncio.sleep(1)
    assert wall.sent == [(TICK, [{"signal": "typing", "room": "lobby", "by": "ada", "ttl": 5.0}])]


@timeless
async def test_signals_are_gathered_for_a_tick() -> None:
    wall = Wall()
    for n in range(100):
        wall.signals.put(value(n, key=f"van-{n % 3}"))
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    assert len(wall.sent) == 10
    assert all(
        later - sooner > TICK - 1e-6
        for sooner, later in zip(wall.times(), wall.times()[1:], strict=False)
    )


@timeless
async def test_of_each_kind_author_and_key_only_the_newest_goes_out() -> None:
    wall = Wall()
    for n in range(5):
        wall.signals.put(value(n))
        wall.signals.put(value(10 * n, key="bus"))
        wall.signals.put(typing("ada"))
        wall.signals.put(typing("grace"))
    await asyncio.sleep(1)
    sent = wall.take()
    assert len(sent) == 4
    assert {s["key"]: s["value"] for s in sent if s["signal"] == "value"} == {"van": 4, "bus": 40}
    assert {s["by"] for s in sent if s["signal"] == "typing"} == {"ada", "grace"}


@timeless
async def test_nothing_is_sent_twice_and_silence_costs_nothing() -> None:
    wall = Wall()
    wall.signals.put(typing())
    await asyncio.sleep(1)
    assert len(wall.take()) == 1
    await asyncio.sleep(3600)
    assert wall.take() == []


@timeless
async def test_a_live_value_is_kept_for_newcomers_until_its_time_is_over() -> None:
    wall = Wall()
    wall.signals.put(value(1, ttl=30.0))
    wall.signals.put(value(2, key="bus", ttl=60.0))
    wall.signals.put(typing())
    await asyncio.sleep(29)
    assert wall.signals.live() == [value(1, ttl=1.0), value(2, key="bus", ttl=31.0)]
    await asyncio.sleep(1)
    assert wall.signals.live() == [value(2, key="bus", ttl=30.0)]
    await asyncio.sleep(30)
    assert wall.signals.live() == []
    assert not wall.signals.are_needed


@timeless
async def test_a_newer_value_lives_its_own_time() -> None:
    wall = Wall()
    wall.signals.put(value(1, ttl=30.0))
    await asyncio.sleep(20)
    wall.signals.put(value(2, ttl=30.0))
    await asyncio.sleep(20)
    assert wall.signals.live() == [value(2, ttl=10.0)]


@timeless
async def test_null_removes_a_value_and_says_so() -> None:
    wall = Wall()
    wall.signals.put(value(1))
    await asyncio.sleep(1)
    wall.take()
    wall.signals.put(value(None))
    assert wall.signals.live() == []
    await asyncio.sleep(1)
    assert [signal["value"] for signal in wall.take()] == [None]


@timeless
async def test_a_room_has_only_so_many_live_values() -> None:
    wall = Wall()
    for n in range(MAX_VALUES):
        assert wall.signals.put(value(n, key=str(n)))
    assert not wall.signals.put(value(1, key="one too many"))
    assert wall.signals.put(value(1, key="7"))
    assert wall.signals.put(value(None, key="7"))
    assert wall.signals.put(value(1, key="one too many"))
    assert wall.signals.put(typing())
    assert len(wall.signals.live()) == MAX_VALUES


@timeless
async def test_what_has_expired_leaves_its_place_to_others() -> None:
    wall = Wall()
    for n in range(MAX_VALUES):
        assert wall.signals.put(value(n, key=str(n), ttl=5.0))
    await asyncio.sleep(6)
    assert wall.signals.put(value(1, key="another"))


@timeless
async def test_comings_and_goings_are_told() -> None:
    wall = Wall()
    wall.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    wall.signals.enter(Person("grace"))
    wall.signals.exit(Person("ada"))
    await asyncio.sleep(1)
    assert wall.take() == [
        {"signal": "presence", "room": "lobby", "count": 1, "joined": ["ada"], "left": []},
        {"signal": "presence", "room": "lobby", "count": 1, "joined": ["grace"], "left": ["ada"]},
    ]


@timeless
async def test_who_reloads_a_page_is_not_told() -> None:
    wall = Wall()
    wall.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    wall.take()
    wall.signals.exit(Person("ada"))
    wall.signals.enter(Person("ada"))
    await asyncio.sleep(1)
    assert wall.take() == []


@timeless
async def test_in_a_large_room_comings_and_goings_are_told_more_seldom() -> None:
    wall = Wall()
    for n in range(COMINGS_PER_SECOND):  # so each telling is followed by a second of silence
        wall.signals.enter(Person(f"guest-{n}"))
    await asyncio.sleep(10)
    (first,) = wall.times()
    assert first == TICK
    wall.take()
    until = asyncio.get_running_loop().time() + 10
    n = 0
    while asyncio.get_running_loop().time() < until:
        wall.signals.enter(Person(f"late-{n}"))
        n += 1
        await asyncio.sleep(0.05)
    await asyncio.sleep(10)
    times = wall.times()
    assert all(later - sooner > 1 - 1e-6 for sooner, later in itertools.pairwise(times))
    assert 9 <= len(times) <= 11
    assert wall.take()[-1] == {
        "signal": "presence",
        "room": "lobby",
        "count": COMINGS_PER_SECOND + n,
    }


@timeless
async def test_other_signals_do_not_wait_for_a_large_rooms_presence() -> None:
    wall = Wall()
    for n in range(COMINGS_PER_SECOND):
        wall.signals.enter(Person(f"guest-{n}"))
    await asyncio.sleep(0.15)
    wall.take()
    wall.signals.enter(Person("ada"))
    await asyncio.sleep(0.2)
    assert wall.take() == []
    wall.signals.put(typing())
    await asyncio.sleep(0.15)
    assert [signal["signal"] for signal in wall.take()] == ["typing"]
    await asyncio.sleep(2)
    assert [signal["signal"] for signal in wall.take()] == ["presence"]


@timeless
async def test_who_has_just_caught_up_is_told_who_is_here_and_what_is_live() -> None:
    wall = Wall()
    wall.signals.enter(Person("ada"))
    wall.signals.put(value(1))
    assert [msgspec.json.decode(body) for body in wall.signals.present()] == [
        {"signal": "presence", "room": "lobby", "count": 1, "names": ["ada"]},
        msgspec.to_builtins(value(1)),
    ]


@timeless
async def test_after_the_end_nothing_is_told() -> None:
    wall = Wall()
    wall.signals.close()
    wall.signals.enter(Person("ada"))
    wall.signals.close()
    await asyncio.sleep(1)
    assert wall.sent == []


@timeless
async def test_of_each_member_the_newest_receipt_counts_however_late_others_come() -> None:
    wall = Wall()
    signals = wall.signals
    newest, older = (Receipt("lobby", "@p", upto) for upto in (5, 3))
    signals.put_receipt(newest)
    signals.hear(LiveReport("lobby", "another node", [Stamped(older)]))
    signals.put_receipt(older)
    signals.replace_receipts([older], signals.receipts())
    await asyncio.sleep(2 * TICK)
    assert wall.take() == [{"signal": "receipt", "room": "lobby", "by": "@p", "upto": 5}]
    assert signals.live() == [newest]
    signals.put_receipt(Receipt("lobby", "@p", 6))
    signals.replace_receipts([], signals.receipts())
    assert signals.live() == []
    await asyncio.sleep(2 * TICK)
    assert wall.take() == [], "nor is it told what was about to be"


@timeless
async def test_receipts_that_come_while_others_are_looked_up_stay_and_are_told() -> None:
    wall = Wall()
    signals = wall.signals
    gone, new, newer, known = (Receipt("lobby", f"@{by}", 5) for by in "pqrs")
    signals.put_receipt(gone)
    before = signals.receipts()
    signals.put_receipt(new)
    signals.put_receipt(Receipt("lobby", "@r", 4))
    signals.replace_receipts([newer, known], before)
    assert signals.live() == [new, newer, known]
    await asyncio.sleep(2 * TICK)
    assert [(told["by"], told["upto"]) for told in wall.take()] == [("@q", 5), ("@r", 5)]


@timeless
async def test_a_receipt_that_a_look_up_finds_first_is_told_too() -> None:
    wall = Wall()
    signals = wall.signals
    signals.replace_receipts([Receipt("lobby", "@p", 4)], {})
    signals.replace_receipts([Receipt("lobby", "@p", 5)], signals.receipts())
    signals.put_receipt(Receipt("lobby", "@p", 5))
    await asyncio.sleep(2 * TICK)
    assert [told["upto"] for told in wall.take()] == [5]


@timeless
async def test_whoever_heeds_sees_a_change_that_is_undone_before_the_next_tick() -> None:
    seen: list[list[str]] = []
    signals = Signals("@ada", lambda _: 0, heed=lambda: seen.append(signals.attendance.names()))
    online, away = Person("online"), Person("away")
    signals.enter(online)
    await asyncio.sleep(1)
    signals.enter(away)
    signals.exit(online)
    signals.hear(LiveReport("@ada", "other", [], names=["away"]))
    await asyncio.sleep(TICK / 2)
    signals.enter(online)
    signals.exit(away)
    signals.hear(LiveReport("@ada", "other", [], names=["online"]))
    assert seen[0] == ["online"]
    assert ["away"] in seen
    assert seen[-1] == ["online"]
