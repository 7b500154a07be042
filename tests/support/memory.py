"""How much memory a process takes."""

import os
from collections.abc import Callable
from pathlib import Path

MIB = 2**20


def resident_bytes(pid: int) -> int:
    """Bytes of its memory that are in RAM (Linux)."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak_of(pid: int) -> Callable[[], int]:
    """Return what says how much of its memory was in RAM at the highest, from now on (Linux)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak() -> int:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    return peak
