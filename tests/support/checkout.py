"""A fresh checkout of this repository, as somebody has it who has just got it."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked(pattern: str = "*") -> list[str]:
    """The files of this checkout that are, or would be, committed."""
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", pattern)
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in names.split("\0") if name and (ROOT / name).is_file()]


def copy_checkout(folder: Path) -> Path:
    """Copy these files to a new folder, with the times that make goes by; nothing else."""
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder
