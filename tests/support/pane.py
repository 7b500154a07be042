"""A program in a terminal of its own: types to it, and knows what stands on its screen."""

import asyncio
import codecs
import os
import pty
import re
import select
import signal
import termios
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.support.nursery import Child, nursery

WAIT_SECONDS = 40.0  # a client waits up to 30 s before it tries to connect again
_TOKEN = re.compile(
    r"\x1b\[(\??[\d;]*)([A-Za-z])|(\x1b(?:\[\??[\d;]*)?)\Z|\x1b([78])|([\r\n])|([^\x1b\r\n]+)"
)


class Display:
    """Rows as a terminal of endless width shows them; knows only what the line mode uses."""

    def __init__(self) -> None:
        self.rows = [""]
        self.is_marking_pastes = False
        self._column = self._saved = 0
        self._unfinished = ""

    def feed(self, output: str) -> None:
        """Obey what was written."""
        output, self._unfinished = self._unfinished + output, ""
        end = 0
        for token in _TOKEN.finditer(output):
            assert token.start() == end, f"what is {output[end : token.start()]!r}?"
            end = token.end()
            number, letter, unfinished, cursor, control, text = token.groups()
            if unfinished is not None:
                self._unfinished = unfinished
            elif letter is not None:
                self._obey(letter, number)
            elif cursor == "7":
                self._saved = self._column
            elif cursor == "8":
                self._column = self._saved
            elif control == "\n":
                self.rows.append("")
            elif control == "\r":
                self._column = 0
            else:
                self._write(text)

    def _obey(self, letter: str, number: str) -> None:
        match letter:
            case "J":
                self.rows[-1] = self.rows[-1][: self._column]
            case "C":
                self._column += int(number or 1)
            case "h" | "l" if number == "?2004":
                self.is_marking_pastes = letter == "h"
            case "m":
                pass
            case _:
                raise AssertionError(f"what is \\x1b[{number}{letter}?")

    def _write(self, text: str) -> None:
        row = self.rows[-1].ljust(self._column)
        self.rows[-1] = row[: self._column] + text + row[self._column + len(text) :]
        self._column += len(text)


class Pane:
    """`python -m hubbub ARGUMENTS` in a pseudo-terminal.

    async with Pane("chat", server.url) as pane:
        pane.press("hello\\r")
        await pane.shows("ada: hello")
    """

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._arguments = arguments
        self._environment = {"TERM": "xterm", "LC_ALL": "C.UTF-8"} | (environment or {})
        self._display = Display()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._stir = asyncio.Event()
        self.raw = ""

    @property
    def rows(self) -> list[str]:
        """All that was shown, and the row for typing last."""
        return self._display.rows

    def press(self, keys: str) -> None:
        """Press keys; `\\r` is Enter."""
        os.write(self._terminal, keys.encode())

    async def shows(self, text: str) -> None:
        """Wait until a row holds the text."""
        await self.until(lambda: any(text in row for row in self.rows), f"{text!r} shown")

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so of the screen."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not is_so():
                    self._stir.clear()
                    await self._stir.wait()
        except TimeoutError:
            shown = "\n".join(self.rows)
            raise AssertionError(f"not {what}, but:\n{shown}") from None

    async def finish(self) -> int:
        """Wait for the end, and until everything that was written is read; returns the exit code."""
        code = await self.ended()
        while select.select([self._terminal], [], [], 0)[0]:
            self._read()
        return code

    def does_echo(self) -> bool:
        """Whether the terminal itself shows what is typed, as it does for a shell."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def paste(self, text: str) -> None:
        """Paste as a terminal does: marked if the program has asked for it, with `\\r` for line ends."""
        pasted = text.replace("\n", "\r")
        self.press(f"\x1b[200~{pasted}\x1b[201~" if self._display.is_marking_pastes else pasted)

    @property
    def marks_pastes(self) -> bool:
        """Whether the program has asked for pasted text to be marked."""
        return self._display.is_marking_pastes

    def hang_up(self) -> None:
        """Close the window: the program gets SIGHUP, and its terminal is gone."""
        asyncio.get_running_loop().remove_reader(self._terminal)
        os.close(self._theirs)
        os.close(self._terminal)
        self._is_open = False

    def interrupt(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the end; returns the exit code."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._process.wait()

    async def __aenter__(self) -> Self:
        self._terminal, self._theirs = pty.openpty()
        termios.tcsetwinsize(self._theirs, (50, 200))
        self._is_open = True
        self._process = await self._start()
        asyncio.get_running_loop().add_reader(self._terminal, self._read)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        await self._process.wait()
        if self._is_open:
            asyncio.get_running_loop().remove_reader(self._terminal)
            os.close(self._terminal)
            os.close(self._theirs)  # not earlier: the terminal is to outlive the program

    async def _start(self) -> Child:
        inherited = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
        return await nursery().fork_with(
            *self._arguments,
            environment=inherited | self._environment,
            streams=[self._theirs] * 3,
            is_terminal=True,
        )

    def _read(self) -> None:
        written = self._decoder.decode(os.read(self._terminal, 65_536))
        self.raw += written
        self._display.feed(written)
        self._stir.set()
