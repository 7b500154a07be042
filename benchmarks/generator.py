"""The load generator: compiles load.c, puts its arguments together, reads its one line of JSON."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cores import process_on

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
MESSAGE_BYTES = 64
TAG = b"=marker="  # that load.c begins its marker with, in each text
STARTING, STOPPING = 120.0, 30.0  # seconds for opening all connections, and for the last line

Line = dict[str, Any]


class LoadFailed(Exception):
    """The load could not be made; the message is what the generator said."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server is spoken to, in the forms that load.c fills in."""

    path: str = "/"
    steps: tuple[tuple[str, str], ...] = ()  # after the upgrade: say, and hear
    join: str = ""
    joined: str = ""
    message: str = "%t"
    message_with_ack: str = ""
    ack: str = ""
    refused: str = ""
    is_binary: bool = False

    def arguments(self, with_ack: bool = False) -> list[str]:
        """What load.c is told of it."""
        found = ["--path", self.path]
        for say, hear in self.steps:
            found += ["--say", say, "--hear", hear]
        if self.join:
            found += ["--join", self.join, "--joined", self.joined]
        if self.refused:
            found += ["--refused", self.refused]
        if with_ack and self.ack:
            found += ["--message", self.message_with_ack, "--ack", self.ack]
        else:
            found += ["--message", self.message]
        return found + ["--binary"] * self.is_binary


@dataclass(frozen=True, slots=True)
class Load:
    """What clients do: how many there are, in which rooms, and who posts how much."""

    clients: int = 10
    rooms: int = 1
    members: int = 0  # of each room; 0: all clients
    senders: int = 1  # of each room
    window: int = 1  # texts a sender keeps in flight, if there is no rate
    rate: float = 0.0  # texts a second, all senders together
    warmup: float = 0.5
    seconds: float = 2.0
    settle: float = 0.3
    drain: float = 0.0
    limit: int = 0
    dialing: int = 64
    with_ack: bool = False
    replay: tuple[int, int] | None = None

    def arguments(self) -> list[str]:
        """What load.c is told of it."""
        names = (
            *("clients", "rooms", "members", "senders", "window", "rate", "warmup", "seconds"),
            *("settle", "drain", "limit", "dialing"),
        )
        found = [part for name in names for part in (f"--{name}", str(getattr(self, name)))]
        if self.replay:
            found += ["--replay", "{}-{}".format(*self.replay)]
        return [*found, "--size", str(MESSAGE_BYTES)]


@dataclass(frozen=True, slots=True)
class Target:
    """A running server."""

    port: int
    pids: tuple[int, ...]
    dialect: Dialect


def compile_c(source: Path) -> Path:
    """The program made of a C source, compiled when it isn't in the cache yet.

    Raises:
        LoadFailed: there is no C compiler, or it refuses.
    """
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    program = CACHE / f"{source.stem}-{digest}"
    if program.exists():
        return program
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise LoadFailed(
            f"{source.name} needs a C compiler, and there is no `cc`: install one (on Debian:"
            " apt-get install gcc libc6-dev), or name it in the environment variable CC"
        )
    CACHE.mkdir(exist_ok=True)
    fresh = program.with_name(f"{program.name}.{os.getpid()}")
    ran = subprocess.run(
        [compiler, "-O2", "-o", str(fresh), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise LoadFailed(f"{compiler} refuses {source.name}:\n{ran.stderr}")
    fresh.replace(program)
    return program


def run(load: Load, target: Target, cores: Sequence[int] = ()) -> Line:
    """Make a load, and return what was measured.

    Raises:
        LoadFailed: it could not be made.
    """
    with process_on(cores, command(load, target), stderr=subprocess.PIPE) as process:
        return _finish(process, load)


@contextmanager
def watching(load: Load, target: Target, cores: Sequence[int] = ()) -> Iterator[Line]:
    """A load beside which the block runs: measured from the block's first moment to its last.

    What was measured is in the yielded dict after the block.
    """
    line: Line = {}
    announcing = command(load, target, "--announce")
    with process_on(cores, announcing, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "measuring\n":
            _finish(process, load)
        yield line
        process.send_signal(signal.SIGTERM)
        line |= _finish(process, load)


def command(load: Load, target: Target, *more: str) -> list[str]:
    """The generator's command line."""
    return [
        *(str(compile_c(HERE / "load.c")), "--port", str(target.port)),
        *load.arguments(),
        *target.dialect.arguments(load.with_ack),
        *(part for pid in target.pids for part in ("--pid", str(pid))),
        *more,
    ]


def _finish(process: subprocess.Popen[str], load: Load) -> Line:
    patience = STARTING + load.warmup + load.seconds + load.drain + STOPPING
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"no result within {patience:.0f} s") from None
    if process.returncode:
        raise LoadFailed(err.strip() or f"the generator ended with {process.returncode}")
    line: Line = json.loads(out.splitlines()[-1])
    return line
