"""What was measured, as plain records that go to a JSON file and back; and medians of it."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

Values = dict[str, float]  # by the key of a metric


@dataclass(frozen=True, slots=True)
class Summary:
    """Several turns of one figure."""

    median: float
    least: float
    most: float


@dataclass(slots=True)
class Row:
    """One server at one point of one scenario: the figures of each turn, and what went wrong."""

    scenario: str
    point: int
    peer: str
    turns: list[Values] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def summary(self, metric: str) -> Summary | None:
        """The turns' figures of a metric, if there are any."""
        return summarize([turn[metric] for turn in self.turns if metric in turn])

    def remark(self, remarks: Iterable[str]) -> None:
        """Keep each remark once."""
        self.remarks += [text for text in dict.fromkeys(remarks) if text not in self.remarks]


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not measured, and why. No peer: nobody."""

    scenario: str
    peer: str
    why: str


@dataclass(slots=True)
class Results:
    """One run of the benchmarks."""

    started: str  # UTC, ISO 8601
    machine: dict[str, str]
    turns: int
    is_quick: bool
    rows: list[Row] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    took_s: float = 0.0

    def row(self, scenario: str, point: int, peer: str) -> Row:
        """The row of a server, made if it isn't there yet."""
        found = self.find(scenario, point, peer)
        if found is None:
            found = Row(scenario, point, peer)
            self.rows.append(found)
        return found

    def find(self, scenario: str, point: int, peer: str) -> Row | None:
        """The row of a server, if there is one."""
        wanted = (scenario, point, peer)
        rows = (row for row in self.rows if (row.scenario, row.point, row.peer) == wanted)
        return next(rows, None)

    def write(self, path: Path) -> None:
        """Write all of it to a file, at once or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n")
        fresh.replace(path)


def read(path: Path) -> Results:
    """What `write` wrote."""
    fields = json.loads(path.read_text())
    rows = [Row(**row) for row in fields.pop("rows")]
    skipped = [Skipped(**entry) for entry in fields.pop("skipped")]
    return Results(**fields, rows=rows, skipped=skipped)


def summarize(figures: Sequence[float]) -> Summary | None:
    """Median, least and most; None of nothing."""
    if not figures:
        return None
    return Summary(statistics.median(figures), min(figures), max(figures))


def ratio(one: Summary | None, other: Summary | None) -> float | None:
    """How many times the other's median one's is."""
    if one is None or other is None or not other.median:
        return None
    return one.median / other.median
