"""Tables of what was measured, in Markdown; and the page that they are written into."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from benchmarks.measure import Metric
from benchmarks.results import Results, Row, Summary, ratio
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import PEERS

REFERENCE = "ws"
TITLES = {peer.key: peer.title for peer in PEERS}
SCENARIO_TITLES = {scenario.key: scenario.title for scenario in SCENARIOS}
MARKED = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def number(figure: float) -> str:
    """Three digits, and no more than anybody can read."""
    if figure >= 1e6:
        return f"{figure / 1e6:.3g} M" if figure < 1e9 else f"{figure / 1e6:,.0f} M"
    if figure >= 1000:
        return f"{float(f'{figure:.3g}'):,.0f}"
    if figure >= 100:
        return f"{figure:.0f}"
    return f"{figure:.3g}"


def cell(summary: Summary | None) -> str:
    """A median, and between which figures it lies."""
    if summary is None:
        return "–"
    if summary.least == summary.most:
        return number(summary.median)
    return f"{number(summary.median)} ({number(summary.least)}–{number(summary.most)})"


def times(figure: float | None) -> str:
    """A ratio."""
    return "–" if figure is None else f"{number(figure)}×"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows))


def scenario_table(scenario: Scenario, results: Results) -> str:
    """A scenario's figures, and what is to be said of them. Empty if it wasn't measured."""
    rows = [row for row in results.rows if row.scenario == scenario.key]
    if not rows:
        return ""
    make = _by_point if scenario.axis else _by_peer
    return "\n\n".join([make(scenario, results), *_remarks(scenario, results)])


def _by_peer(scenario: Scenario, results: Results) -> str:
    """One server a row; beside each figure how many times that of `ws` it is."""
    head = ["server"]
    for metric in scenario.metrics:
        head.append(metric.label)
        head += ["× ws"] * _is_compared(metric, scenario, results)
    lines = []
    for row in (row for row in results.rows if row.scenario == scenario.key and row.turns):
        line = [TITLES[row.peer]]
        for metric in scenario.metrics:
            line.append(cell(row.summary(metric.key)))
            if _is_compared(metric, scenario, results):
                line.append(times(_ratio(row, metric, results)))
        lines.append(line)
    return table(head, lines)


def _by_point(scenario: Scenario, results: Results) -> str:
    """One place on the axis a row, one server a column; a table for each figure."""
    if len(scenario.peers) == 1:
        return _one_peer(scenario, results)
    peers = [key for key in TITLES if _rows(scenario, key, results)]
    tables = []
    for metric in scenario.metrics:
        lines = []
        for point in scenario.points:
            found = [results.find(scenario.key, point.at, key) for key in peers]
            cells = [cell(row.summary(metric.key)) if row else "–" for row in found]
            if any(row and row.turns for row in found):
                lines.append([f"{point.at:,}", *cells])
        head = [scenario.axis, *(TITLES[key] for key in peers)]
        tables.append(f"{_capital(metric.label)}:\n\n{table(head, lines)}")
    return "\n\n".join(tables)


def _one_peer(scenario: Scenario, results: Results) -> str:
    head = [scenario.axis, *(metric.label for metric in scenario.metrics)]
    rows = _rows(scenario, scenario.peers[0], results)
    lines = [
        [f"{row.point:,}", *(cell(row.summary(metric.key)) for metric in scenario.metrics)]
        for row in rows
    ]
    return table(head, lines)


def _rows(scenario: Scenario, peer: str, results: Results) -> list[Row]:
    return [r for r in results.rows if (r.scenario, r.peer) == (scenario.key, peer) and r.turns]


def _ratio(row: Row, metric: Metric, results: Results) -> float | None:
    reference = results.find(row.scenario, row.point, REFERENCE)
    return ratio(row.summary(metric.key), reference.summary(metric.key) if reference else None)


def _is_compared(metric: Metric, scenario: Scenario, results: Results) -> bool:
    row = results.find(scenario.key, scenario.points[0].at, REFERENCE)
    return row is not None and row.summary(metric.key) is not None


def _remarks(scenario: Scenario, results: Results) -> Iterator[str]:
    """What was not as it should be, and who was not measured, as a list."""
    said = []
    for row in results.rows:
        if row.scenario == scenario.key and row.remarks:
            where = f" at {row.point:,} {scenario.axis}" if scenario.axis else ""
            said.append(f"- {TITLES[row.peer]}{where}: {'; '.join(row.remarks)}.")
    for skip in results.skipped:
        if skip.scenario == scenario.key:
            said.append(f"- {TITLES.get(skip.peer, 'Nobody')} was not measured: {skip.why}.")
    if said:
        yield "\n".join(said)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def machine_table(results: Results) -> str:
    """On what and when it was measured."""
    turns = "one turn" if results.turns == 1 else f"{results.turns} turns, medians (least–most)"
    rows = [[name, text] for name, text in results.machine.items()]
    rows += [["measured", f"{results.started[:10]}, {turns}, in {results.took_s / 60:.0f} minutes"]]
    if results.is_quick:
        rows += [["form", "quick: rough figures"]]
    return table(["", ""], rows).replace("---:", "---")


def parts(results: Results, plots: Sequence[str] = ()) -> dict[str, str]:
    """Each part of the report by its key; those without figures left out.

    A plot, given by how the page refers to it, comes before its scenario's table.
    """
    found = {"machine": machine_table(results)}
    found |= {scenario.key: scenario_table(scenario, results) for scenario in SCENARIOS}
    images = {plot_key(plot): f"![{SCENARIO_TITLES[plot_key(plot)]}]({plot})\n\n" for plot in plots}
    return {key: images.get(key, "") + text for key, text in found.items() if text}


def plot_key(path: str) -> str:
    """The scenario that a plot is of, by the file's name."""
    return PurePath(path).stem.removeprefix("bench-")


def markdown(results: Results, plots: Sequence[str] = ()) -> str:
    """All of it as one document."""
    titles = {"machine": "Machine"} | SCENARIO_TITLES
    found = parts(results, plots)
    sections = [f"## {titles[key]}\n\n{text}" for key, text in found.items()]
    return "\n\n".join(["# What was measured", *sections]) + "\n"


def write_into(page: Path, texts: Mapping[str, str]) -> list[str]:
    """Put each part between its marks in a page; returns the keys of marks without a part.

    A mark is `<!-- measured: KEY -->`, and what was put there ends with `<!-- end -->`.
    """
    missing = []

    def fill(mark: re.Match[str]) -> str:
        if mark[2] not in texts:
            missing.append(mark[2])
            return mark[0]
        return f"{mark[1]}\n{texts[mark[2]]}\n\n{mark[3]}"

    page.write_text(MARKED.sub(fill, page.read_text()))
    return missing
