"""Plots of what was measured: one statement each, on a card of their own that stands on any page."""

from collections.abc import Callable, Iterator
from math import floor, log10
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.measure import Metric
from benchmarks.report import TITLES, number
from benchmarks.results import Results, Row, Summary
from benchmarks.scenarios import SCENARIOS, Scenario

INK, PAPER, GRID, REST = "#24292f", "#fbfbf9", "#d8dbe0", "#8b949e"
COLOURS = {
    "hubbub-plain": "#d9480f",
    "hubbub-native": "#f08c00",
    "hubbub-normal": "#fab005",
    "ws": "#1971c2",
    "nats": "#2f9e44",
    "floor": "#495057",
}
MARKERS = {"hubbub-plain": "o", "hubbub-native": "s", "ws": "D", "nats": "^", "floor": "v"}
STYLE: Any = {
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "figure.constrained_layout.w_pad": 0.15,  # inches, or the last label of an axis ends at the edge
    "figure.constrained_layout.h_pad": 0.1,
    "font.size": 11,
    "axes.axisbelow": True,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# Which figure of each scenario is drawn.
BARS = (("busy", "deliveries"), ("quiet", "cpu"), ("ingest", "messages"), ("idle", "memory"))
LINES = (("rooms", "cpu"), ("clients", "deliveries"), ("history", "resume"))


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw each plot for which there are figures, as bench-SCENARIO.png; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    with pyplot.rc_context(STYLE):
        return [_save(figure, folder, name) for name, figure in _figures(results)]


def _figures(results: Results) -> Iterator[tuple[str, Figure]]:
    for drawing, chosen in ((_bars, BARS), (_lines, LINES)):
        for key, metric in chosen:
            scenario = next(s for s in SCENARIOS if s.key == key)
            if figure := drawing(scenario, _metric(scenario, metric), results):
                yield key, figure
    if figure := _latencies(next(s for s in SCENARIOS if s.key == "steady"), results):
        yield "steady", figure


def _metric(scenario: Scenario, key: str) -> Metric:
    return next(metric for metric in scenario.metrics if metric.key == key)


def _bars(scenario: Scenario, metric: Metric, results: Results) -> Figure | None:
    """One bar a server, the best on top."""
    found = sorted(
        _summaries(scenario, metric.key, results),
        key=lambda entry: entry[1].median,
        reverse=not metric.is_better_high,
    )
    if not found:
        return None
    figure, axes = _card(0.42 * len(found) + 1.6)
    for place, (row, summary) in enumerate(found):
        axes.barh(place, summary.median, color=COLOURS.get(row.peer, REST), height=0.68)
        axes.plot([summary.least, summary.most], [place, place], color=INK, lw=1.5)
        axes.annotate(
            number(summary.median),
            (summary.most, place),
            (6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(found)), [TITLES[row.peer] for row, _ in found])
    _scale(axes.set_xscale, [summary for _, summary in found])
    axes.margins(x=0.14)
    if axes.get_xscale() == "log":  # from a whole power of ten, so that the least has a bar too
        axes.set_xlim(left=10 ** floor(log10(min(summary.least for _, summary in found))))
    _ticks(axes.xaxis)
    axes.grid(axis="x")
    _name(axes, scenario, metric)
    return figure


def _lines(scenario: Scenario, metric: Metric, results: Results) -> Figure | None:
    """One line a server, over the scenario's axis, both logarithmic."""
    found = _summaries(scenario, metric.key, results)
    if not found:
        return None
    figure, axes = _card(4.2)
    for peer in dict.fromkeys(row.peer for row, _ in found):
        own = [(row.point, summary) for row, summary in found if row.peer == peer and row.point]
        places, medians = [at for at, _ in own], [summary.median for _, summary in own]
        colour = COLOURS.get(peer, REST)
        axes.fill_between(
            places,
            [summary.least for _, summary in own],
            [summary.most for _, summary in own],
            color=colour,
            alpha=0.15,
            lw=0,
        )
        axes.plot(
            places, medians, color=colour, marker=MARKERS.get(peer, "x"), lw=2, label=TITLES[peer]
        )
    axes.set_xscale("log")
    _scale(axes.set_yscale, [summary for _, summary in found])
    if axes.get_yscale() != "log":
        axes.set_ylim(0, 1.15 * max(summary.most for _, summary in found))
    axes.set_xlabel(scenario.axis)
    axes.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
    _ticks(axes.yaxis)
    axes.grid()
    figure.legend(frameon=False, loc="outside lower center", ncols=3)
    _name(axes, scenario, metric)
    return figure


def _latencies(scenario: Scenario, results: Results) -> Figure | None:
    """From the median to p99.9 of a delivery, a server a row, the best on top."""
    keys = ("delivery_p50", "delivery_p99", "delivery_p999")
    rows = [row for row in results.rows if row.scenario == scenario.key and row.turns]
    rows.sort(key=lambda row: -_median(row, keys[1]))
    if not rows:
        return None
    figure, axes = _card(0.42 * len(rows) + 1.8)
    for place, row in enumerate(rows):
        colour = COLOURS.get(row.peer, REST)
        places = [_median(row, key) for key in keys]
        axes.plot(places, [place] * 3, color=colour, lw=2, zorder=1)
        for at, marker in zip(places, "o|d", strict=True):
            axes.scatter(at, place, color=colour, marker=marker, s=60, zorder=2)
    axes.set_yticks(range(len(rows)), [TITLES[row.peer] for row in rows])
    axes.set_xscale("log")
    _ticks(axes.xaxis)
    axes.grid(axis="x")
    axes.set_title(f"{scenario.title}: ms to another client")
    axes.set_xlabel("● median   | p99   ◆ p99.9 · less is better")
    return figure


def _median(row: Row, key: str) -> float:
    summary = row.summary(key)
    return summary.median if summary else 0.0


def _summaries(scenario: Scenario, metric: str, results: Results) -> list[tuple[Row, Summary]]:
    rows = (row for row in results.rows if row.scenario == scenario.key)
    return [(row, summary) for row in rows if (summary := row.summary(metric))]


def _card(height: float) -> tuple[Figure, Axes]:
    return pyplot.subplots(figsize=(8, height), layout="constrained")


def _scale(set_scale: Callable[[str], None], summaries: list[Summary]) -> None:
    """Logarithmic if the figures are far apart."""
    medians = [summary.median for summary in summaries]
    if min(medians) > 0 and max(medians) / min(medians) > 20:
        set_scale("log")


def _ticks(axis: Axis) -> None:
    """Plain numbers; on a logarithmic axis of less than two decades also in between."""
    if axis.get_scale() == "log":
        least, most = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if most / least < 100 else (1,)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda at, _: number(at))


def _name(axes: Axes, scenario: Scenario, metric: Metric) -> None:
    better = "more" if metric.is_better_high else "less"
    is_log = "log" in (axes.get_xscale(), axes.get_yscale())
    axes.set_title(f"{scenario.title}: {metric.label}")
    words = f"{better} is better" + (", logarithmic" if is_log else "")
    axes.set_xlabel(" · ".join(filter(None, [axes.get_xlabel(), words])))


def _save(figure: Figure, folder: Path, name: str) -> Path:
    path = folder / f"bench-{name}.png"
    figure.savefig(path, dpi=160, metadata={"Software": None})
    pyplot.close(figure)
    return path
