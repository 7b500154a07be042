"""The command line: measure what nodes cost, and put that, and what follows from it, into the documentation."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.scale import costs
from benchmarks.scale.page import write

RESULTS = Path(__file__).parents[1] / "results" / "scale.json"

EXAMPLES = """\
examples:
  make scale                       measure (about 5 minutes on a quiet machine), and write the paper's tables and plots
  make scale ARGS="measure --turns 1"
  make scale ARGS="report"         write tables and plots of what was measured last
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.scale",
        description="Measure what nodes cost, and simulate what many of them would do.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = ("all", "measure", "report")
    parser.add_argument("action", nargs="?", choices=actions, default="all")
    parser.add_argument("--turns", type=int, default=3, metavar="N", help="how often (3)")
    options = parser.parse_args(arguments)
    if options.action != "report":
        measured = asyncio.run(costs.measure(options.turns, _say))
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    if options.action != "measure":
        if not RESULTS.exists():
            print(f"{RESULTS} is not there: measure first", file=sys.stderr)
            return 1
        write(msgspec.json.decode(RESULTS.read_bytes(), type=costs.Measured), _say)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
