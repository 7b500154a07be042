"""Standard input as lines of text: read ahead of whoever takes them, and checked."""

import asyncio
import os
import select
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

MAX_AHEAD = 1000  # lines
MAX_LINE_BYTES = 2**20  # no server takes larger messages
_STDIN = 0
_READ_BYTES = 65_536


class BadInput(Exception):
    """What standard input holds can't be sent; the message says where and why."""


async def read_stdin() -> AsyncIterator[str]:
    """The lines of standard input without their ends, read by a thread that is at most 1,000 lines ahead.

    A thread, since an event loop can't wait for a file; a daemon, since nothing can wake it. It
    reads the descriptor itself: the interpreter can't end while a thread is inside of `sys.stdin`.

    Raises:
        BadInput: after the good lines, a line is not UTF-8 or too long, or input can't be read.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | BadInput | None] = asyncio.Queue()
    places = threading.Semaphore(MAX_AHEAD)

    def read() -> None:
        last: BadInput | None = None
        with suppress(RuntimeError):  # the loop is gone, and so is the need
            try:
                for line in split(lambda: os.read(_STDIN, _READ_BYTES)):
                    places.acquire()
                    loop.call_soon_threadsafe(queue.put_nowait, line)
            except BadInput as error:
                last = error
            loop.call_soon_threadsafe(queue.put_nowait, last)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        if isinstance(line, BadInput):
            raise line
        places.release()
        yield line


def split(read: Callable[[], bytes]) -> Iterator[str]:
    """The lines of what `read` returns, piece by piece, until it returns nothing.

    No byte is copied more than a few times, and a line that is too long is refused before its end has come.

    Raises:
        BadInput: as `read_stdin`.
    """
    number, begun = 1, bytearray()
    while piece := _read(read):
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield _line(number, begun + end)
            number, begun = number + 1, bytearray()
        begun += rest
        _check_size(number, begun)
    if begun:
        yield _line(number, begun)


def _read(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except BlockingIOError:  # another program has made it non-blocking
        select.select([_STDIN], [], [])
        return _read(read)
    except OSError as error:
        raise BadInput(f"can't read standard input: {error.strerror}") from None


def _line(number: int, line: bytearray) -> str:
    _check_size(number, line)
    try:
        return line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} is 0x{line[error.start]:02X}"
        raise BadInput(f"line {number} of standard input is not UTF-8: {where}") from None


def _check_size(number: int, line: bytearray) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise BadInput(f"line {number} of standard input has more than {MAX_LINE_BYTES:,} bytes")
