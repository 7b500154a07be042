"""Starts hubbub's command line at once: a process that has imported everything forks, and the child becomes it.

What starts is `hubbub.cli.main` in a fresh process with a fresh loop; only the half second of imports is saved, so that
a test can kill it a hundred times. Run as a module, this is the nursery.
"""

import asyncio
import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fcntl import ioctl
from functools import cache
from importlib import import_module
from termios import TIOCSCTTY
from typing import TYPE_CHECKING, NoReturn

from hubbub.cli.registry import COMMANDS
from hubbub.server.people.passwords import Argon2
from tests.support.network import HERE, Place

if TYPE_CHECKING:
    from hubbub.server.parts import Parts

# What a child would otherwise import itself.
NEEDED = (
    *("hubbub.server.serving", *COMMANDS.values(), "hubbub.doctor", "hubbub.terminal.send"),
    *("hubbub.server.stores.sqlite.store", "hubbub.server.stores.postgres.store"),
    *("argon2", "tests.support.clocks"),
)
# What the hash of a password takes, in KiB: little.
CHEAP = (1_024,)


class _Reading(asyncio.StreamReaderProtocol):
    """Reads to the end, and lets go."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


class Child:
    """A process that a nursery has forked, with as much of asyncio's `Process` as its tests need."""

    returncode: int | None = None

    def __init__(self, pid: int, keeper: asyncio.StreamReader) -> None:
        self.pid = pid
        self._ending = asyncio.create_task(self._end(keeper))

    def send_signal(self, how: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, how)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until it has ended; returns the exit status, negative for a signal."""
        return await asyncio.shield(self._ending)

    async def _end(self, keeper: asyncio.StreamReader) -> int:
        self.returncode = int(await keeper.read())  # to the end, where it lets go
        return self.returncode


class Forked(Child):
    """One whose output the test reads."""

    def __init__(
        self,
        pid: int,
        keeper: asyncio.StreamReader,
        stdout: asyncio.StreamReader,
    ) -> None:
        super().__init__(pid, keeper)
        self.stdout = stdout


class Nursery:
    """One here, or at another place."""

    def __init__(self, place: Place = HERE) -> None:
        self._orders, theirs = socket.socketpair()
        command = (sys.executable, "-m", "tests.support.nursery", str(theirs.fileno()))
        with theirs:
            self._process = subprocess.Popen(
                [*place.prefix, *command],
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    async def fork(
        self,
        *words: str,
        environment: Mapping[str, str],
        sabotage: str = "",
    ) -> Forked:
        """Start `hubbub WORDS`, perhaps sabotaged. Its standard output and error are one pipe, its input the nursery's."""
        stdout, output = await pipe()
        begun = await self._begin(words, environment, {1: output, 2: output}, sabotage=sabotage)
        os.close(output)
        return Forked(*begun, stdout)

    async def fork_with(
        self,
        *words: str,
        environment: Mapping[str, str],
        streams: Sequence[int | None],
        is_terminal: bool = False,
    ) -> Child:
        """Start `hubbub WORDS` with these standard streams, of which some may be closed, or which are its own terminal."""
        given = {number: fd for number, fd in enumerate(streams) if fd is not None}
        closed = [number for number, fd in enumerate(streams) if fd is None]
        begun = await self._begin(words, environment, given, closed=closed, is_terminal=is_terminal)
        return Child(*begun)

    async def _begin(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        streams: Mapping[int, int],
        **more: object,
    ) -> tuple[int, asyncio.StreamReader]:
        """Have a process forked; returns its pid, and what tells when it ends."""
        order = {
            "words": words,
            "environment": dict(environment),
            "folder": os.getcwd(),
            "numbers": list(streams),
            **more,
        }
        ours, keepers = socket.socketpair()
        socket.send_fds(self._orders, [b"!"], [keepers.fileno(), *streams.values()])
        keepers.close()
        ours.sendall(json.dumps(order).encode() + b"\n")
        keeper = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: _Reading(keeper), sock=ours)
        return int(await keeper.readline()), keeper

    def close(self) -> None:
        """End it. What it has forked goes on."""
        self._orders.close()
        self._process.wait()


async def pipe() -> tuple[asyncio.StreamReader, int]:
    """What comes out of a pipe, and the end to write to."""
    output, to_us = os.pipe()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: _Reading(reader), os.fdopen(output, "rb"))
    return reader, to_us


@cache
def nursery() -> Nursery:
    """The one that all tests of this process share."""
    shared = Nursery()
    atexit.register(shared.close)
    return shared


def is_read_later(environment: Mapping[str, str]) -> bool:
    """Whether nothing of this is read by the interpreter when it starts, or by a library when it is imported."""
    return not any(name.startswith(("PYTHON", "SSL_CERT_")) for name in environment)


def _breed(orders: socket.socket) -> None:
    """Fork a keeper for each order."""
    for module in NEEDED:
        import_module(module)
    from aiohttp import web

    from hubbub.server.http.routes import ROUTES

    Argon2.__init__.__defaults__ = CHEAP
    web.Application().add_routes(
        each.definition for each in ROUTES
    )  # whose patterns are kept compiled
    gc.freeze()  # or each child would copy what its collector looks at
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are nobody's concern
    while fds := socket.recv_fds(orders, 1, 4)[1]:
        if os.fork() == 0:
            orders.close()
            _keep(*fds)
            return
        for fd in fds:
            os.close(fd)


def _keep(tests: int, *streams: int) -> None:
    """Fork what was ordered, and tell when it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=tests) as answers:
        order = json.loads(answers.makefile().readline())
        if pid := os.fork():
            for stream in streams:
                os.close(stream)
            answers.sendall(f"{pid}\n".encode())
            _, status = os.waitpid(pid, 0)
            answers.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)
    _become(*streams, **order)


def _become(
    *streams: int,
    numbers: list[int],
    words: list[str],
    environment: dict[str, str],
    folder: str,
    sabotage: str = "",
    closed: Sequence[int] = (),
    is_terminal: bool = False,
) -> None:
    """Be what `python -m hubbub WORDS` would be."""
    from hubbub.cli import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream, number in zip(streams, numbers, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    for number in closed:
        _close(number)
    if is_terminal:
        _take_terminal()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hubbub", *words]
    try:
        parts = _sabotaged(sabotage) if sabotage else None
        sys.exit(main() if parts is None else _serve(words, parts))
    except SystemExit as end:
        finish(end.code)


def _close(number: int) -> None:
    """Begin without a standard stream, as the interpreter does."""
    os.close(number)
    name = ("stdin", "stdout", "stderr")[number]
    setattr(sys, name, None)
    setattr(sys, f"__{name}__", None)


def _take_terminal() -> None:
    """Make the terminal this process's own, so that Ctrl-C arrives. A hangup counts, even if the tests run under nohup."""
    os.setsid()
    ioctl(0, TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def finish(code: str | int | None) -> NoReturn:
    """End as the interpreter does, which then would take all modules apart: 50 ms."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()  # what complains when it is let go
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    assert code is None or isinstance(code, int)
    os._exit(code or 0)


def _sabotaged(sabotage: str) -> "Parts | None":
    """Sabotage this process. Return the parts that its server gets, if any differ."""
    from hubbub.server.parts import USUAL
    from tests.support import clocks, disks, dying, patience, seeded_bugs

    parts = USUAL
    for order in sabotage.split(" and "):
        if seeded_bugs.is_bug(order):
            parts = seeded_bugs.sown(order, parts)
        elif dying.is_death(order):
            parts = dying.mortal(order, parts)
        elif clocks.is_clock(order):
            clocks.set_up(order)
        elif order == patience.SHORT_LEASES:
            patience.shorten_leases()
        else:
            disks.insert(order)
    return None if parts is USUAL else parts


def _serve(words: list[str], parts: "Parts") -> int:
    """Do what `hubbub serve` does, with other parts."""
    from hubbub.cli import parser
    from hubbub.cli.settings import flags, settings_file
    from hubbub.server.serving import serve
    from hubbub.server.sources import load, origins

    chosen = parser(words).parse_args(words)
    given = flags(chosen), os.environ, settings_file(chosen)
    serve(load(*given), origins(*given), parts)
    return 0


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as orders_of_tests:
        _breed(orders_of_tests)
