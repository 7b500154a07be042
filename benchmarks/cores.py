"""Which core the server and the load are held on, and starting processes there."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the server and one for the load; none: wherever the kernel puts them."""

    server: Sequence[int] = ()
    load: Sequence[int] = ()


def choose_cores() -> Cores:
    """A core each, if there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores((allowed[0],), (allowed[1],)) if len(allowed) > 1 else Cores()


@contextmanager
def process_on(
    cores: Sequence[int], command: Sequence[str], *, stderr: int, stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """A process held on the cores, with a pipe for what it says; killed if it outlives the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)  # this thread's, which the process inherits
    try:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
        )
    finally:
        os.sched_setaffinity(0, before)
    with process:
        try:
            yield process
        finally:
            process.kill()
