"""A run of the benchmarks: every scenario, its servers in turn, each figure several times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.cores import Cores
from benchmarks.generator import LoadFailed
from benchmarks.measure import Once, Point
from benchmarks.progress import Progress
from benchmarks.results import Results, Skipped
from benchmarks.scenarios import Scenario
from benchmarks.servers import Peer, ServerFailed

STARTING = 1.2  # seconds for a server to start and stop, more or less
OPENINGS = 4000  # a second, more or less


@dataclass(frozen=True, slots=True)
class Plan:
    """The servers that a scenario is measured with."""

    scenario: Scenario
    peers: tuple[Peer, ...]

    def weight(self, turns: int) -> float:
        """About how many seconds it takes."""
        return turns * len(self.peers) * sum(map(weight, self.scenario.points))

    def count(self, turns: int) -> int:
        """How many measurements it has."""
        return turns * len(self.peers) * len(self.scenario.points)


def weight(point: Point) -> float:
    """About how many seconds one measurement takes."""
    load = point.load
    joins = max(load.clients, load.rooms * load.members)
    return STARTING + joins / OPENINGS + load.settle + load.warmup + load.seconds


def make_plans(
    scenarios: Sequence[Scenario], peers: Sequence[Peer], files: int
) -> tuple[list[Plan], list[Skipped]]:
    """What can be measured here, where a process may have so many files open; and what can't."""
    plans, skipped = [], []
    absent = {peer.key: why for peer in peers if (why := peer.missing())}
    for scenario in scenarios:
        wanted = [peer for peer in peers if scenario.suits(peer.key)]
        skipped += [Skipped(scenario.key, p.key, absent[p.key]) for p in wanted if p.key in absent]
        present = tuple(peer for peer in wanted if peer.key not in absent)
        if scenario.files > files:
            why = f"needs {scenario.files} open files; the limit is {files} (ulimit -Hn)"
            skipped.append(Skipped(scenario.key, "", why))
        elif present:
            plans.append(Plan(scenario, present))
    return plans, skipped


class Session:
    """Measures what is planned, and keeps it in `results` after each measurement."""

    def __init__(self, results: Results, cores: Cores, keep: Callable[[], None]) -> None:
        self._results, self._cores, self._keep = results, cores, keep

    def run(self, plans: Sequence[Plan]) -> None:
        """Measure all of it. A server that fails once isn't tried again at that point."""
        turns = self._results.turns
        progress = Progress(
            sum(plan.count(turns) for plan in plans), sum(plan.weight(turns) for plan in plans)
        )
        for plan in plans:
            with plan.scenario.course(plan.scenario.metrics, self._cores) as once:
                for point in plan.scenario.points:
                    self._measure(plan, point, once, progress)

    def _measure(self, plan: Plan, point: Point, once: Once, progress: Progress) -> None:
        """One point: all servers, then all again: ABCABC."""
        failed: set[str] = set()
        key, axis, turns = plan.scenario.key, plan.scenario.axis, self._results.turns
        place = f"{key} at {point.at:,} {axis}" if axis else key
        for turn in range(turns):
            for peer in plan.peers:
                progress.show(f"{place}: {peer.key}, turn {turn + 1} of {turns}")
                fault = peer.key not in failed and self._once(key, point, peer, turn, once)
                if fault:
                    failed.add(peer.key)
                    progress.note(f"{place}: {peer.key} failed: {fault}")
                progress.done(weight(point))
                self._keep()

    def _once(self, scenario: str, point: Point, peer: Peer, turn: int, once: Once) -> str:
        row = self._results.row(scenario, point.at, peer.key)
        try:
            outcome = once(peer, point, turn)
        except (LoadFailed, ServerFailed) as error:
            row.remark([f"failed: {error}"])
            return str(error)
        row.turns.append(outcome.values)
        row.remark(outcome.remarks)
        return ""
