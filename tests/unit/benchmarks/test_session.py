from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from benchmarks import scenarios, servers
from benchmarks.cores import Cores
from benchmarks.generator import LoadFailed
from benchmarks.measure import Metric, Once, Outcome, Point
from benchmarks.results import Results
from benchmarks.servers import Peer
from benchmarks.session import Plan, Session, make_plans

ADA, GRACE = (Peer(key, key, "", lambda *_: [], "", lambda: "") for key in ("ada", "grace"))


class Fake:
    """Measures nothing; keeps who was asked for."""

    def __init__(self, failing: str = "") -> None:
        self.asked: list[tuple[int, str, int]] = []
        self._failing = failing

    @contextmanager
    def course(self, _: Sequence[Metric], cores: Cores) -> Iterator[Once]:
        yield self._once

    def _once(self, peer: Peer, point: Point, turn: int) -> Outcome:
        self.asked.append((point.at, peer.key, turn))
        if peer.key == self._failing:
            raise LoadFailed("it broke")
        return Outcome({"deliveries": 1.0}, ["odd"])


def run(fake: Fake, results: Results, scenario: str = "busy") -> None:
    [chosen] = scenarios.choose(scenario, is_quick=False)
    plan = Plan(replace(chosen, course=fake.course), (ADA, GRACE))
    Session(results, Cores(), lambda: None).run([plan])


def test_servers_take_turns() -> None:
    fake = Fake()
    run(fake, Results("", {}, 2, False))
    assert fake.asked == [(0, "ada", 0), (0, "grace", 0), (0, "ada", 1), (0, "grace", 1)]


def test_every_turn_is_kept() -> None:
    results = Results("", {}, 2, False)
    run(Fake(), results)
    row = results.find("busy", 0, "grace")
    assert row is not None
    assert (row.turns, row.remarks) == ([{"deliveries": 1.0}] * 2, ["odd"])


def test_a_server_that_failed_is_not_tried_again_at_that_point(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake, results = Fake(failing="ada"), Results("", {}, 2, False)
    run(fake, results, "rooms")
    at_one = [(peer, turn) for at, peer, turn in fake.asked if at == 1]
    assert at_one == [("ada", 0), ("grace", 0), ("grace", 1)]
    row = results.find("rooms", 1, "ada")
    assert row is not None
    assert row.remarks == ["failed: it broke"]
    assert "rooms at 10 rooms: ada failed: it broke" in capsys.readouterr().err


def test_a_scenario_that_needs_more_files_than_there_may_be_is_skipped() -> None:
    plans, skipped = make_plans(scenarios.choose("busy,idle", False), servers.choose("floor"), 1024)
    assert [plan.scenario.key for plan in plans] == ["busy"]
    assert [(skip.scenario, skip.peer) for skip in skipped] == [("idle", "")]
    assert "limit is 1024" in skipped[0].why


def test_a_server_that_is_not_installed_is_skipped() -> None:
    [floor] = servers.choose("floor")
    absent = replace(floor, key="ws", missing=lambda: "not here")
    plans, skipped = make_plans(scenarios.choose("busy", False), [floor, absent], 10_000)
    assert [peer.key for peer in plans[0].peers] == ["floor"]
    assert [(skip.peer, skip.why) for skip in skipped] == [("ws", "not here")]


def test_a_former_hubbub_is_measured_wherever_todays_is() -> None:
    [floor] = servers.choose("floor")
    former = [replace(floor, key=f"former-{form}") for form in ("plain", "native")]
    plans, _ = make_plans(scenarios.choose("busy,history", False), former, 10_000)
    measured = {plan.scenario.key: [peer.key for peer in plan.peers] for plan in plans}
    assert measured == {"busy": ["former-plain", "former-native"], "history": ["former-native"]}


def test_hubbub_names_all_its_forms() -> None:
    keys = [peer.key for peer in servers.choose("ws,hubbub")]
    forms = ("plain", "native", "normal", "socketio", "sockjs")
    assert keys == [*(f"hubbub-{form}" for form in forms), "ws"]


@pytest.mark.parametrize("names", ["", "nobody", "ws,nobody"])
def test_an_unknown_server_is_refused_with_those_there_are(names: str) -> None:
    with pytest.raises(KeyError, match=r"there is no server .*; there are hubbub-plain, "):
        servers.choose(names)


def test_the_quick_form_has_fewer_points_and_shorter_ones() -> None:
    long, short = (scenarios.choose("rooms,idle", is_quick) for is_quick in (False, True))
    assert [len(scenario.points) for scenario in long] == [1, 5]
    assert [len(scenario.points) for scenario in short] == [1, 2]
    assert all(point.load.seconds <= 1 for scenario in short for point in scenario.points)
