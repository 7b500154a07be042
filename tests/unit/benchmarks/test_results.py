from pathlib import Path

from benchmarks.results import Results, Skipped, Summary, ratio, read, summarize


def test_a_summary_is_the_median_and_the_extremes() -> None:
    assert summarize([5.0, 1.0, 2.0]) == Summary(2.0, 1.0, 5.0)
    assert summarize([1.0, 2.0]) == Summary(1.5, 1.0, 2.0)
    assert summarize([]) is None


def test_a_ratio_is_of_medians_and_needs_both() -> None:
    assert ratio(Summary(6, 1, 9), Summary(2, 0, 9)) == 3
    assert ratio(Summary(6, 1, 9), Summary(0, 0, 0)) is None
    assert ratio(None, Summary(2, 0, 9)) is None


def test_a_row_summarizes_only_turns_that_have_the_figure() -> None:
    row = Results("", {}, 3, False).row("rest", 0, "ws")
    row.turns += [{"p50": 1.0}, {"other": 7.0}, {"p50": 3.0}]
    assert row.summary("p50") == Summary(2.0, 1.0, 3.0)
    assert row.summary("p99") is None


def test_a_remark_is_kept_once() -> None:
    row = Results("", {}, 3, False).row("rest", 0, "ws")
    row.remark(["3 lost", "3 lost"])
    row.remark(["3 lost", "slow"])
    assert row.remarks == ["3 lost", "slow"]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    results = Results("2026-11-23T09:00Z", {"cores": "2"}, 1, True)
    results.row("busy", 0, "ws").turns.append({"deliveries": 60_000.0})
    results.skipped.append(Skipped("idle", "", "too few files"))
    results.write(tmp_path / "new" / "results.json")
    assert read(tmp_path / "new" / "results.json") == results
