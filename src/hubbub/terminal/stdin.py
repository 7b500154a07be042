"""Reads standard input as lines of text, ahead of their use, and validates them."""

import asyncio
import os
import select
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

MAX_AHEAD = 1000  # lines
MAX_LINE_BYTES = 2**20  # no server accepts larger messages
_STDIN = 0
_READ_BYTES = 65_536


class BadInput(Exception):
    """Standard input can't be sent. The message says where and why."""


async def read_stdin() -> AsyncIterator[str]:
    """The lines of standard input without line breaks, read by a thread that is at most 1,000 lines ahead.

    It is a thread, since an event loop can't wait for files, and a daemon, since a blocked read can't be
    interrupted. It reads the descriptor, since the interpreter can't exit while a thread is inside `sys.stdin`.

    Raises:
        BadInput: a line is not UTF-8 or too long, or the input can't be read. The lines before it are yielded first.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | BadInput | None] = asyncio.Queue()
    places = threading.Semaphore(MAX_AHEAD)

    def read() -> None:
        last: BadInput | None = None
        with suppress(RuntimeError):  # the loop has ended, so nobody needs the lines
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
    """Split the pieces that `read` returns into lines, until it returns nothing.

    No byte is copied more than a few times. A line that is too long is refused before its end is read.

    Raises:
        BadInput: see `read_stdin`.
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
    except BlockingIOError:  # another program made it non-blocking
        select.select([_STDIN], [], [])
        return _read(read)
    except OSError as error:
        raise BadInput(f"Can't read standard input: {error.strerror}") from None


def _line(number: int, line: bytearray) -> str:
    _check_size(number, line)
    try:
        return line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} is 0x{line[error.start]:02X}"
        raise BadInput(f"Line {number} of standard input is not valid UTF-8: {where}") from None


def _check_size(number: int, line: bytearray) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise BadInput(
            f"Line {number} of standard input is too long: use at most {MAX_LINE_BYTES:,} bytes"
        )
