"""The command line: measure, or put what was measured into the documentation."""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report, results, scenarios, servers
from benchmarks.cores import choose_cores
from benchmarks.generator import HERE, LoadFailed, compile_c
from benchmarks.machine import describe
from benchmarks.results import Results
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import PEERS, raise_file_limit
from benchmarks.session import Session, make_plans

RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "explanation" / "performance.md"
IMAGES = HERE.parent / "docs" / "images"

EXAMPLES = """\
examples:
  make bench                                        all of it: about 25 minutes on a quiet machine
  make bench ARGS="--quick"                         a rough look, in under 4 minutes
  make bench ARGS="--only busy,quiet --peers hubbub,ws --turns 5"
  make bench ARGS="report"                          put the last results into docs/
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    options = parse(arguments)
    try:
        return publish(options.results) if options.action == "report" else measure(options)
    except LoadFailed as error:
        print(error, file=sys.stderr)
        return 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure hubbub beside other servers, in turn, on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=("run", "report"), default="run")
    parser.add_argument("--quick", action="store_true", help="one short turn, fewer points")
    keys = ",".join(scenario.key for scenario in SCENARIOS)
    parser.add_argument("--only", metavar="NAMES", default=keys, help=f"scenarios of: {keys}")
    keys = ",".join(peer.key for peer in PEERS)
    parser.add_argument(
        "--peers", metavar="NAMES", default=keys, help=f"servers of: {keys}; hubbub: all its forms"
    )
    parser.add_argument(
        "--turns", type=int, metavar="N", help="how often each is measured (3; quick: 1)"
    )
    parser.add_argument(
        "--results", type=Path, metavar="DIR", default=RESULTS, help="where results are kept"
    )
    options = parser.parse_args(arguments)
    try:
        options.only = scenarios.choose(options.only, options.quick)
        options.peers = servers.choose(options.peers)
    except KeyError as error:
        parser.error(str(error.args[0]))
    options.turns = options.turns or (1 if options.quick else 3)
    return options


def measure(options: argparse.Namespace) -> int:
    """Measure, and write results.json, results.md and the plots."""
    compile_c(HERE / "load.c")
    cores, files = choose_cores(), raise_file_limit()
    if not cores.server:
        print(
            "There is only one core: server and load share it, and the figures are lower.",
            file=sys.stderr,
        )
    began = time.monotonic()
    found = Results(
        f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", describe(), options.turns, options.quick
    )
    plans, found.skipped = make_plans(options.only, options.peers, files)
    for skip in found.skipped:
        print(f"{skip.scenario}: without {skip.peer or 'anybody'}: {skip.why}", file=sys.stderr)

    def keep() -> None:
        found.took_s = time.monotonic() - began
        found.write(options.results / "results.json")

    try:
        Session(found, cores, keep).run(plans)
    except KeyboardInterrupt:
        print("\nStopped; what was measured so far is kept.", file=sys.stderr)
    print(f"\n{report.markdown(found)}")
    keep()
    write_report(found, options.results)
    return int(any("failed" in remark for row in found.rows for remark in row.remarks))


def write_report(found: Results, folder: Path) -> None:
    """Tables and plots, beside the JSON."""
    plots: list[Path] = []
    try:
        from benchmarks.plots import draw

        plots = draw(found, folder)
    except ImportError:
        print("No plots: matplotlib is not installed.", file=sys.stderr)
    (folder / "results.md").write_text(report.markdown(found, [plot.name for plot in plots]))
    print(f"Written to {folder}", file=sys.stderr)


def publish(folder: Path) -> int:
    """Put the last results into the documentation: tables and plots."""
    from benchmarks.plots import draw

    path = folder / "results.json"
    if not path.exists():
        print(f"{path} is not there: measure first", file=sys.stderr)
        return 1
    found = results.read(path)
    plots = [f"../images/{plot.name}" for plot in draw(found, IMAGES)]
    for key in report.write_into(PAGE, report.parts(found, plots)):
        print(f"{PAGE.name}: no figures for {key}; that part is left as it was", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
