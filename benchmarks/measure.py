"""One measurement: a fresh server on one core, a load on another, and what the figures say."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from benchmarks import generator
from benchmarks.cores import Cores
from benchmarks.generator import Line, Load
from benchmarks.results import Values
from benchmarks.servers import Peer, running

DRAIN = 5.0  # seconds without a delivery after which the missing ones are lost
BUSY = 0.97  # of a core: then the generator may have been the limit


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: what it is called, and how it is read from the generator's line."""

    key: str
    title: str
    unit: str
    of: Callable[[Line, Load], float | None]  # None: it has none
    is_better_high: bool = False

    @property
    def label(self) -> str:
        """Its title, with the unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one measurement, and what was not as it should be."""

    values: Values
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Point:
    """One load of a scenario; `at` is its place on the scenario's axis."""

    at: int
    load: Load


Once = Callable[[Peer, Point, int], Outcome]  # the int: which turn, from 0
Course = Callable[[Sequence[Metric], Cores], AbstractContextManager[Once]]


@contextmanager
def timed(metrics: Sequence[Metric], cores: Cores) -> Iterator[Once]:
    """Each measurement starts a fresh server and makes the point's load.

    The first turn also waits for every last delivery. Order and loss are checked in all turns.
    """

    def once(peer: Peer, point: Point, turn: int) -> Outcome:
        load = point.load if turn else replace(point.load, drain=DRAIN)
        with running(peer, cores.server) as target:
            line = generator.run(load, target, cores.load)
        return Outcome(figures(metrics, line, load), remarks_on(line, load))

    yield once


def figures(metrics: Sequence[Metric], line: Line, load: Load) -> Values:
    """Those that there are."""
    found = ((metric.key, metric.of(line, load)) for metric in metrics)
    return {key: figure for key, figure in found if figure is not None}


def remarks_on(line: Line, load: Load) -> list[str]:
    """What was lost, came twice, went wrong, or makes the figures doubtful."""
    counts = {
        "gaps": "{} deliveries left out",
        "repeats": "{} deliveries twice or out of order",
        "strays": "{} deliveries to the wrong client",
        "missing": "{} deliveries never came",
        "broken": "{} connections broken by the server",
        "refused": "{} commands refused",
    }
    found = [text.format(line[key]) for key, text in counts.items() if line[key]]
    wanted = load.rate * (load.members or load.clients)
    if load.rate and line["deliveries_per_s"] < 0.95 * wanted:
        found.append(f"fell behind: {line['deliveries_per_s'] / wanted:.0%} delivered in time")
    if load.seconds and not load.rate and line["load_cpu"] > BUSY:
        found.append("the load generator was busy all the time, and may have been the limit")
    return found
