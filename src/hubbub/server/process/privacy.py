"""Keeps a server's files private, whoever made the data directory.

New files are private by the umask that the command line sets; this module handles existing ones.
"""

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

OURS = (
    "hubbub.db*",
    "audit.log*",
    "lock",
)  # other files in the directory are not our concern
OTHERS = stat.S_IRWXG | stat.S_IRWXO
READ, WRITE = stat.S_IRGRP | stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH

log = logging.getLogger(__name__)


def secure(data: Path) -> None:
    """Make our files private before any is opened, and warn about a directory that others can use.

    The directory is left alone: its creator may have meant to give a group access.
    """
    for file in exposed_files(data):
        try:
            file.chmod(0o600)
            log.warning("%s was open to other users; now only its owner has access", file)
        except OSError as error:
            log.warning(
                "%s is open to other users, and its mode can't be changed: %s", file, error.strerror
            )
    if what := openness(data):
        log.warning("Other users can %s the data directory; fix it with: chmod 700 %s", what, data)


def openness(data: Path) -> str:
    """Return what others can do with a directory; empty if nothing that matters, or if it doesn't exist."""
    mode = data.stat().st_mode if data.is_dir() else 0
    can = [word for word, bits in (("read", READ), ("write to", WRITE)) if mode & bits]
    return " and ".join(can)


def exposed_files(data: Path) -> list[Path]:
    """Return our files that others can read or write."""
    return [file for file in _ours(data) if file.lstat().st_mode & OTHERS]


def _ours(data: Path) -> Iterator[Path]:
    """Yield our files. Links are skipped: their targets may belong to others."""
    for pattern in OURS:
        yield from (f for f in sorted(data.glob(pattern)) if stat.S_ISREG(f.lstat().st_mode))
