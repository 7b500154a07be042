"""The line being typed: keys in, finished lines out, and the part of it that fits in one row.

Knows no terminal.
"""

import re
from collections import deque

from hubbub.terminal.text import visible, width

MAX_HISTORY = 100
MAX_CHARACTERS = 60_000
END = "\x04"

# A whole escape sequence (ECMA-48 section 5.4), or one that has only begun, or a single character.
_KEY = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z]|[^\[O])|(\x1b(?:\[[0-?]*[ -/]*|O)?)\Z|[^\x1b]"
)
_NAMED = {
    "\x1b[D": "left", "\x1bOD": "left", "\x02": "left",
    "\x1b[C": "right", "\x1bOC": "right", "\x06": "right",
    "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home", "\x01": "home",
    "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end", "\x05": "end",
    "\x1b[A": "older", "\x1bOA": "older", "\x10": "older",
    "\x1b[B": "newer", "\x1bOB": "newer", "\x0e": "newer",
    "\x7f": "backspace", "\x08": "backspace", "\x1b[3~": "delete", "\x04": "delete",
    "\x15": "cut_before", "\x0b": "cut_after", "\x17": "cut_word",
}  # fmt: skip


class Editor:
    """A single line with a cursor, and the lines entered before."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._unfinished = ""
        self._history: deque[str] = deque(maxlen=MAX_HISTORY)
        self._back = 0  # how far back in the history; 0: the line being typed

    def feed(self, keys: str) -> list[str]:
        """Take what was typed; returns the lines that were finished by it, and `END` for Ctrl-D."""
        finished = []
        keys, self._unfinished = self._unfinished + keys, ""
        for key in _KEY.finditer(keys):
            if key[1] is not None:
                self._unfinished = key[1]
            elif key[0] in "\r\n":
                finished.append(self._finish())
            elif key[0] == END and not self.text:
                finished.append(END)
            else:
                self._press(key[0])
        return finished

    def row(self, columns: int) -> tuple[str, int]:
        """As much of the line around the cursor as fits, and the cursor's column in it."""
        before, after = visible(self.text[: self.cursor]), visible(self.text[self.cursor :])
        while width(before) > columns - 1:
            before = before[max(1, (width(before) - columns) // 2) :]
        while width(before) + width(after) > columns:
            after = after[: -max(1, (width(before) + width(after) - columns) // 2)]
        return before + after, width(before)

    def _finish(self) -> str:
        line, self.text, self.cursor, self._back = self.text, "", 0, 0
        if line and (not self._history or self._history[-1] != line):
            self._history.append(line)
        return line

    def _press(self, key: str) -> None:
        match _NAMED.get(key):
            case None:
                self._insert(key)
            case "left":
                self.cursor = max(0, self.cursor - 1)
            case "right":
                self.cursor = min(len(self.text), self.cursor + 1)
            case "home":
                self.cursor = 0
            case "end":
                self.cursor = len(self.text)
            case "older":
                self._recall(self._back + 1)
            case "newer":
                self._recall(self._back - 1)
            case cut:
                self._cut(*self._span(cut))

    def _span(self, cut: str) -> tuple[int, int]:
        """From where to where a deleting key takes away."""
        match cut:
            case "backspace":
                return max(0, self.cursor - 1), self.cursor
            case "delete":
                return self.cursor, self.cursor + 1
            case "cut_before":
                return 0, self.cursor
            case "cut_after":
                return self.cursor, len(self.text)
            case _:
                before = self.text[: self.cursor].rstrip()
                return before.rfind(" ") + 1, self.cursor

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _insert(self, key: str) -> None:
        key = " " if key == "\t" else key
        if len(key) == 1 and ord(key) >= 0x20 and len(self.text) < MAX_CHARACTERS:
            self.text = self.text[: self.cursor] + key + self.text[self.cursor :]
            self.cursor += 1

    def _recall(self, back: int) -> None:
        if 0 <= back <= len(self._history):
            self._back = back
            self.text = self._history[-back] if back else ""
            self.cursor = len(self.text)
