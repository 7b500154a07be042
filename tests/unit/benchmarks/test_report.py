from pathlib import Path

import pytest

from benchmarks.report import cell, markdown, number, parts, table, write_into
from benchmarks.results import Results, Skipped, Summary


@pytest.fixture
def results() -> Results:
    results = Results("2026-11-23T09:00Z", {"cores": "2"}, 2, False)
    for peer, turns in {"hubbub-plain": (12e6, 14e6), "ws": (60_000.0, 70_000.0)}.items():
        results.row("busy", 0, peer).turns += [{"deliveries": turn} for turn in turns]
    return results


@pytest.mark.parametrize(
    "figure, text",
    [
        (0.04082, "0.0408"),
        (1, "1"),
        (12.34, "12.3"),
        (236.4, "236"),
        (1234.5, "1,230"),
        (71_640, "71,600"),
        (716_400, "716,000"),
        (16_940_000, "16.9 M"),
        (1_234_000_000, "1,234 M"),
    ],
)
def test_a_number_has_three_digits(figure: float, text: str) -> None:
    assert number(figure) == text


def test_a_cell_shows_the_extremes_only_if_there_are_any() -> None:
    assert cell(Summary(2, 1, 3)) == "2 (1–3)"
    assert cell(Summary(2, 2, 2)) == "2"
    assert cell(None) == "–"


def test_figures_stand_to_the_right() -> None:
    assert table(["server", "ms"], [["npm ws", "3"]]).splitlines() == [
        "| server | ms |",
        "| --- | ---: |",
        "| npm ws | 3 |",
    ]


def test_figures_come_with_their_ratio_to_ws(results: Results) -> None:
    row = "| hubbub, plain | 13 M (12 M–14 M) | 200× |"
    assert row in parts(results)["busy"]


def test_without_ws_there_are_no_ratios(results: Results) -> None:
    results.rows = [row for row in results.rows if row.peer != "ws"]
    assert "×" not in parts(results)["busy"]


def test_what_went_wrong_is_said_under_the_table(results: Results) -> None:
    results.row("busy", 0, "ws").remark(["5 deliveries never came"])
    results.skipped.append(Skipped("busy", "nats", "there is no nats-server"))
    said = parts(results)["busy"].splitlines()[-2:]
    assert said == [
        "- npm ws: 5 deliveries never came.",
        "- nats-server was not measured: there is no nats-server.",
    ]


def test_growth_has_a_row_for_each_place_and_a_column_for_each_server() -> None:
    results = Results("2026-11-23T09:00Z", {}, 1, False)
    results.row("clients", 10, "ws").turns.append({"deliveries": 100.0})
    results.row("clients", 50, "ws").turns.append({"deliveries": 200.0})
    results.row("clients", 50, "floor").turns.append({"deliveries": 900.0})
    rows = parts(results)["clients"].splitlines()
    assert "| clients in the room | npm ws | the floor (C) |" in rows
    assert "| 10 | 100 | – |" in rows
    assert "| 50 | 200 | 900 |" in rows


def test_the_document_has_only_what_was_measured(results: Results) -> None:
    titles = [line for line in markdown(results).splitlines() if line.startswith("#")]
    assert titles == ["# What was measured", "## Machine", "## A busy room"]


def test_a_plot_comes_before_its_scenarios_table(results: Results) -> None:
    plots = ["../images/bench-busy.png", "../images/bench-quiet.png"]
    found = parts(results, plots)
    assert found["busy"].startswith("![A busy room](../images/bench-busy.png)\n\n| server |")
    assert "quiet" not in found


def test_parts_are_put_between_their_marks_and_nothing_else_is_touched(
    tmp_path: Path, results: Results
) -> None:
    page = tmp_path / "page.md"
    marks = "Before\n\n<!-- measured: {} -->\nold\n<!-- end -->\n\nafter\n"
    page.write_text(marks.format("busy") + marks.format("quiet"))
    assert write_into(page, {"busy": "new"}) == ["quiet"]
    once = page.read_text()
    assert once == (
        "Before\n\n<!-- measured: busy -->\n\nnew\n\n<!-- end -->\n\nafter\n"
        + marks.format("quiet")
    )
    write_into(page, {"busy": "new"})
    assert page.read_text() == once
