"""How much memory a process takes."""

import os
from pathlib import Path

MIB = 2**20


def resident_bytes(pid: int) -> int:
    """Bytes of its memory that are in RAM (Linux)."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
