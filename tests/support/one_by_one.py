"""Runs `hubbub` with some lists of words, one after the other, by the streams that a shell gave to this process.

Each run is a fork of this process, which has imported everything: `python -m tests.support.one_by_one RESULTS RUNS`, where
RUNS is JSON, and RESULTS the file that gets the exit statuses, negative for a signal.
"""

import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path

from hubbub.cli import main
from tests.support.nursery import NEEDED, finish


def status(words: list[str]) -> int:
    """Run it once."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.argv = ["hubbub", *words]
    try:
        sys.exit(main())
    except SystemExit as end:
        finish(end.code)


if __name__ == "__main__":
    results, runs = Path(sys.argv[1]), json.loads(sys.argv[2])
    for module in NEEDED:
        import_module(module)
    gc.freeze()  # or each run would copy what its collector looks at
    results.write_text(json.dumps([status(words) for words in runs]))
