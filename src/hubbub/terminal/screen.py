"""Input and output of lines: a terminal, on which output does not disturb the line being typed, or plain streams."""

import asyncio
import codecs
import os
import signal
import sys
import termios
import tty
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from hubbub.streams import CannotWrite
from hubbub.terminal.editor import END, MAX_CHARACTERS, Editor
from hubbub.terminal.stdin import read_stdin
from hubbub.terminal.style import Line, Style, dim, warning
from hubbub.terminal.text import room, visible

MAX_LINES = 1000


class Screen(Protocol):
    """Shows lines and reads lines at the same time. To be used in a `with` block."""

    is_interactive: bool

    def show(self, lines: Sequence[Line]) -> None:
        """Show lines of the conversation."""

    def remark(self, text: str) -> None:
        """Show a remark about the conversation, such as a lost connection."""

    def complain(self, text: str) -> None:
        """Show what failed, and why."""

    def prompt(self, text: str) -> None:
        """Set the text before the line being typed, if there is such a line."""

    def lines(self) -> AsyncIterator[str]:
        """The entered lines, up to the end of input."""

    def untaken(self) -> list[str]:
        """The lines that were entered but not taken from `lines` yet, if a person entered them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Terminal:
    """A terminal: the row at the bottom is for typing, and output appears above it."""

    is_interactive = True

    def __init__(self) -> None:
        self._style = Style.of(sys.stdout)
        self._editor = Editor()
        self._prompt = "> "
        self._entered: deque[str] = deque()
        self._stir = asyncio.Event()
        self._is_reading = False
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._fd = sys.stdin.fileno()
        self._modes = termios.tcgetattr(self._fd)

    def show(self, lines: Sequence[Line]) -> None:
        """See `Screen.show`."""
        shown = "".join(f"{self._style.render(line)}\n" for line in lines)
        self._write(_CLEAR_ROW + shown + self._row())

    def remark(self, text: str) -> None:
        """See `Screen.remark`."""
        self.show([[warning(f"-- {text}")]])

    def complain(self, text: str) -> None:
        """See `Screen.complain`."""
        self.show([[warning(f"!! {text}")]])

    def prompt(self, text: str) -> None:
        """See `Screen.prompt`."""
        self._prompt = text
        self._write(_CLEAR_ROW + self._row())

    async def lines(self) -> AsyncIterator[str]:
        """See `Screen.lines`."""
        while True:
            self._listen(len(self._entered) < MAX_LINES)
            while not self._entered:
                self._stir.clear()
                await self._stir.wait()
            line = self._entered.popleft()
            if line == END:
                return
            yield line

    def untaken(self) -> list[str]:
        """See `Screen.untaken`."""
        return [line for line in self._entered if line != END]

    def __enter__(self) -> Self:
        self._take_terminal()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._take_terminal)
        self._listen(True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listen(False)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCONT)
        with suppress(termios.error):  # it was hung up
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._modes)
        self._write(_CLEAR_ROW + _PLAIN_PASTE)

    def _take_terminal(self) -> None:
        """Turn off echo and line buffering, at the start and after a stop by Ctrl-Z. Ctrl-C and Ctrl-Z still work."""
        with suppress(termios.error):
            tty.setcbreak(self._fd, termios.TCSADRAIN)
        self._write(_BRACKETED_PASTE + _CLEAR_ROW + self._row())

    def _listen(self, is_wanted: bool) -> None:
        if is_wanted == self._is_reading:
            return
        self._is_reading = is_wanted
        loop = asyncio.get_running_loop()
        if is_wanted:
            loop.add_reader(self._fd, self._read)
        else:
            loop.remove_reader(self._fd)

    def _read(self) -> None:
        try:
            typed = os.read(self._fd, 4096)
        except BlockingIOError:
            return
        except OSError:  # it was hung up
            typed = b""
        self._entered.extend(self._editor.feed(self._decoder.decode(typed)) if typed else [END])
        self._stir.set()
        if len(self._entered) >= MAX_LINES or not typed:
            self._listen(False)
        self._write(_CLEAR_ROW + self._row())
        if self._editor.is_overfull:
            self.complain(f"Not inserted: a message can have at most {MAX_CHARACTERS:,} characters")

    def _row(self) -> str:
        """The row for typing. The terminal saves the position of the cursor, since terminals differ in character widths."""
        columns = self._columns() - room(visible(self._prompt)) - 1
        before, after = self._editor.row(max(8, columns))
        prompt = self._style.render([dim(self._prompt)])
        return f"{prompt}{before}{_SAVE_CURSOR}{after}{_RESTORE_CURSOR}"

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns
        except OSError:  # it was hung up
            return 80

    def _write(self, text: str) -> None:
        """Write if possible. Reading notices a hangup."""
        with suppress(CannotWrite, BrokenPipeError):
            sys.stdout.write(text)
            sys.stdout.flush()


class Streams:
    """Plain streams: reads lines from stdin, writes the conversation to stdout and remarks to stderr."""

    is_interactive = False

    def __init__(self, *, quiet: bool = False) -> None:
        self._style = Style.of(sys.stdout)
        self._quiet = quiet

    def show(self, lines: Sequence[Line]) -> None:
        """See `Screen.show`."""
        sys.stdout.write("".join(f"{self._style.render(line)}\n" for line in lines))
        sys.stdout.flush()

    def remark(self, text: str) -> None:
        """See `Screen.remark`."""
        if not self._quiet:
            print(f"-- {visible(text)}", file=sys.stderr, flush=True)

    def complain(self, text: str) -> None:
        """See `Screen.complain`. Also shown if quiet."""
        print(f"hubbub: {visible(text)}", file=sys.stderr, flush=True)

    def prompt(self, text: str) -> None:
        """See `Screen.prompt`. There is no prompt."""

    async def lines(self) -> AsyncIterator[str]:
        """See `Screen.lines`."""
        async for line in read_stdin():
            yield line

    def untaken(self) -> list[str]:
        """See `Screen.untaken`. A program can send its lines again."""
        return []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def is_terminal() -> bool:
    """Whether input and output are a terminal that can clear a row."""
    is_tty = sys.stdin.isatty() and sys.stdout.isatty()
    return is_tty and os.environ.get("TERM", "dumb") != "dumb"


_CLEAR_ROW = "\r\x1b[J"
_SAVE_CURSOR, _RESTORE_CURSOR = "\x1b7", "\x1b8"
_BRACKETED_PASTE, _PLAIN_PASTE = (
    "\x1b[?2004h",
    "\x1b[?2004l",
)  # whether pasted text is marked as such
