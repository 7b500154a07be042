"""Makes the three standard streams safe before any command runs: whatever they are, using them can't crash.

A missing stream behaves like one that can't be read or written. Characters that the encoding lacks become escapes.
"""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

IN, OUT, ERR = range(3)


class CannotWrite(Exception):
    """Standard output can't be written; the message says why."""


class _Output(io.FileIO):
    """A descriptor to write to. Raises only the first failure, if at all; later writes are dropped."""

    def __init__(self, fd: int, *, is_heard: bool) -> None:
        super().__init__(fd, "wb", closefd=False)
        self.is_heard = is_heard
        self._has_failed = False

    def write(self, data: "ReadableBuffer", /) -> int:
        """See RawIOBase. Waits if another program has made the descriptor non-blocking."""
        while not self._has_failed:
            try:
                return os.write(self.fileno(), data)
            except BlockingIOError:
                select.select([], [self], [])
            except OSError as error:
                self._has_failed = True
                if self.is_heard:
                    raise _reason(error) from None
        return memoryview(data).nbytes


def secure() -> None:
    """Make `sys.stdin`, `sys.stdout` and `sys.stderr` safe to use, for the life of the process.

    The first failure to write standard output raises `CannotWrite`, or BrokenPipeError if its reader has gone. Messages that can't be
    written to standard error are dropped, since there is nowhere left to report that.
    """
    _occupy()
    sys.stdin = sys.stdin or open(IN, closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stdout = _writing(OUT, sys.stdout, is_heard=True)
    sys.stderr = _writing(ERR, sys.stderr, is_heard=False)


def _occupy() -> None:
    """Occupy the numbers of closed streams, so that no file or socket opened later is mistaken for one.

    Each is opened in the wrong direction, so that using it fails like using a closed stream.
    """
    while (fd := os.open(os.devnull, os.O_WRONLY)) == IN:
        pass
    os.close(fd)
    while (fd := os.open(os.devnull, os.O_RDONLY)) in (OUT, ERR):
        pass
    os.close(fd)


def _writing(fd: int, stream: TextIO | None, *, is_heard: bool) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(fd, is_heard=is_heard)),
        encoding=stream.encoding if stream else None,
        errors="backslashreplace",
        line_buffering=not is_heard or os.isatty(fd),
    )


def _reason(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error
    return CannotWrite(f"Can't write to standard output: {error.strerror}")
