"""Several workers on one machine: processes that listen on one port, each a node like any other.

The original process becomes their supervisor: it restarts workers that crash, forwards signals, and ends
after all workers. If the supervisor is killed, the workers stop by themselves.
"""

import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hubbub.server.process.output import drain

RESTART_PAUSE = 1.0  # seconds; doubled each time the worker was not ready in between
MAX_RESTART_PAUSE = 10.0
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STOPPING = "Stopping; send the signal again (Ctrl-C) to stop at once"
STOPPED = (
    0,
    -signal.SIGTERM,
)  # a worker that has only begun has no handler yet, and nothing to tidy up
CANNOT_START = 70  # a worker's exit status; a worker that was never ready is not restarted after it

log = logging.getLogger(__name__)

WorkerMain = Callable[[int, Callable[[], None], int], None]


class Supervisor:
    """Runs `work(number, ready, alive)` in `count` processes.

    A worker calls `ready` once it listens; `alive` is a file that reaches its end when the supervisor dies.
    """

    def __init__(self, count: int, work: WorkerMain, all_ready: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._all_ready = all_ready
        self._numbers: dict[int, int] = {}  # the number of each worker, by process id
        self._due: dict[int, float] = {}  # when to start each worker, by number
        self._ready: set[int] = set()  # workers that have been ready at least once
        self._pauses: dict[int, float] = {}  # before the next restart of a worker, by number
        self._signals: list[int] = []  # received, and handled only between two steps
        self._is_stopping = False
        self._status = 0
        self._told, self._tell = os.pipe()  # by which workers say that they are ready
        self._alive, self._life = os.pipe()  # which ends with this process

    def run(self) -> int:
        """Run until all workers have ended; return the exit status."""
        self._due = dict.fromkeys(range(self._count), 0.0)
        with _woken_by_signals(self._signals.append) as woken:
            while self._numbers or self._due:
                while self._signals:
                    self._pass_on(self._signals.pop(0))
                for number in [n for n, due in self._due.items() if due <= time.monotonic()]:
                    del self._due[number]
                    self._start(number)
                pause = min(self._due.values(), default=time.monotonic() + 60) - time.monotonic()
                for file in select.select([woken, self._told], [], [], max(pause, 0))[0]:
                    heard = os.read(file, 1024)
                    if file == self._told:
                        self._hear(heard)
                self._reap()
        for file in (self._told, self._tell, self._alive, self._life):
            os.close(file)
        return self._status

    def _start(self, number: int) -> None:
        signal.pthread_sigmask(
            signal.SIG_BLOCK, PASSED_ON
        )  # signals that arrive from now on are for both processes
        if pid := os.fork():
            self._numbers[pid] = number
            signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
            return
        try:
            signal.set_wakeup_fd(-1)
            for which in (*PASSED_ON, signal.SIGCHLD):
                signal.signal(which, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the worker has its own handler
            signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
            os.setpgid(0, 0)  # a terminal's Ctrl-C goes to the supervisor, which passes it on
            os.close(self._life)
            self._work(number, lambda: self._say_ready(number), self._alive)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("Worker %d failed", number)
            code = 1
        drain()
        os._exit(code)

    def _say_ready(self, number: int) -> None:
        os.write(self._tell, bytes([number]))

    def _hear(self, ready: bytes) -> None:
        before = len(self._ready)
        self._ready.update(ready)
        for number in ready:
            self._pauses.pop(number, None)
        if before < len(self._ready) == self._count:
            self._all_ready()

    def _pass_on(self, which: int) -> None:
        if which != signal.SIGHUP:
            if not self._is_stopping:
                print(STOPPING, file=sys.stderr, flush=True)
            self._is_stopping = True
            self._due.clear()
        for pid in self._numbers:
            os.kill(pid, signal.SIGHUP if which == signal.SIGHUP else signal.SIGTERM)

    def _reap(self) -> None:
        for pid in list(self._numbers):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if not gone:
                continue
            number = self._numbers.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            if self._is_stopping:
                self._status = self._status or int(code not in STOPPED)
            elif code == CANNOT_START and number not in self._ready:
                self._status = 1
                self._pass_on(signal.SIGTERM)
            else:
                self._start_again(number, code)

    def _start_again(self, number: int, code: int) -> None:
        pause = min(self._pauses.get(number, RESTART_PAUSE), MAX_RESTART_PAUSE)
        self._pauses[number] = 2 * pause
        self._due[number] = time.monotonic() + pause
        how = (
            f"exited with status {code}"
            if code >= 0
            else f"was killed by {signal.Signals(-code).name}"
        )
        log.error("Worker %d %s; restarting it in %.0f s", number, how, pause)


@contextmanager
def _woken_by_signals(handle: Callable[[int], None]) -> Iterator[int]:
    """Yield a file that becomes readable when a signal arrives."""
    woken, wake = os.pipe()
    for file in (woken, wake):
        os.set_blocking(file, False)
    signal.set_wakeup_fd(wake)
    for which in PASSED_ON:
        signal.signal(which, lambda number, _: handle(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(-1)
        for which in (*PASSED_ON, signal.SIGCHLD):
            signal.signal(which, signal.SIG_DFL)
        os.close(woken)
        os.close(wake)
