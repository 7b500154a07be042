"""Where tests write: in memory, if there is plenty and programs may run from it.

A flush, of which a run makes many thousands, then waits for no disk. What a flush is for is tested by faults (tests/faults).
"""

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 12 * 2**30  # bytes; a whole run takes some of them


def pytest_configure() -> None:
    """Make temporary files there from now on, unless a place was chosen for them."""
    with suppress(OSError, AttributeError):
        if "TMPDIR" not in os.environ and _available() > ENOUGH and _runs_programs():
            os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _available() -> int:
    found = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    return min(int(found[1]) * 1024 if found else 0, shutil.disk_usage(MEMORY).free)


def _runs_programs() -> bool:
    return not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
