"""Standard output and error of a server, which never waits for anyone to read them."""

import atexit
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable

MAX_BYTES = 262_144  # that may wait for a slow reader
LAST_SECONDS = 1.0  # seconds at the end for waiting output


class Pump(io.RawIOBase):
    """Accepts all output at once, and writes it in its own thread.

    Output that doesn't fit while the reader is slow, or can't be written, is dropped and counted in `lost`.
    """

    def __init__(self, fd: int) -> None:
        self.lost = 0  # writes, each of one or more lines
        self._fd = fd
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=self._start_again)  # which has no such thread

    def _start_again(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0
        self._changed = threading.Condition()  # the old one may be held by a thread of the parent
        self._thread = None

    def write(self, data) -> int:  # type: ignore[no-untyped-def]
        """Never waits for a reader, and never fails."""
        with self._changed:
            if self._waiting_bytes + len(data) > MAX_BYTES:
                self.lost += 1
                return len(data)
            self._waiting.append(bytes(data))
            self._waiting_bytes += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="output", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return len(data)

    def drain(self) -> None:
        """Give waiting output a moment to be written."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, LAST_SECONDS)

    def writable(self) -> bool:
        """See `io`."""
        return True

    def fileno(self) -> int:
        """See `io`."""
        return self._fd

    def isatty(self) -> bool:
        """See `io`."""
        return os.isatty(self._fd)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                data = self._waiting[0]
            is_written = self._write(data)
            with self._changed:
                self.lost += not is_written
                self._waiting.popleft()
                self._waiting_bytes -= len(data)
                self._changed.notify_all()

    def _write(self, data: bytes) -> bool:
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:  # another process made it non-blocking
                select.select([], [self._fd], [])
            except OSError:
                return False
        return True


def never_wait() -> Callable[[], int]:
    """Make sure that print and log calls never wait or fail. Returns a function that counts the lost ones."""
    pumps = [Pump(stream.fileno()) for stream in (sys.stdout, sys.stderr)]
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(pump, stream.encoding, "backslashreplace", line_buffering=True)  # type: ignore[type-var]
        for pump, stream in zip(pumps, (sys.stdout, sys.stderr), strict=True)
    )
    atexit.register(drain)
    return lambda: sum(pump.lost for pump in pumps)


def drain() -> None:
    """Give waiting output a moment to be written before the process ends."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(buffer := getattr(stream, "buffer", None), Pump):
            buffer.drain()
