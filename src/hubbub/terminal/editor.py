"""The message being typed: takes keys, returns finished messages, and shows the part that fits in one row.

Knows no terminal. The cursor moves by graphemes. Pasted text stays in the message, with its line breaks.
"""

import re
from collections import deque

from hubbub.terminal.text import beginning, end, grapheme_end, grapheme_start, in_a_row, room

MAX_HISTORY = 100
MAX_CHARACTERS = 60_000
END = "\x04"
_BEGIN_PASTE, _END_PASTE = "\x1b[200~", "\x1b[201~"
_MAX_PASTED = 2 * (
    MAX_CHARACTERS + len(_END_PASTE)
)  # always too much, even with two characters per line break

# A complete escape sequence (ECMA-48 section 5.4), an incomplete one, a run of text, or a single key.
_KEY = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z]|[^\[O])|(\x1b(?:\[[0-?]*[ -/]*|O)?)\Z|[^\x00-\x1f\x7f]+|[^\x1b]"
)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NAMED = {
    "\x1b[D": "left", "\x1bOD": "left", "\x02": "left",
    "\x1b[C": "right", "\x1bOC": "right", "\x06": "right",
    "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home", "\x01": "home",
    "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end", "\x05": "end",
    "\x1b[A": "older", "\x1bOA": "older", "\x10": "older",
    "\x1b[B": "newer", "\x1bOB": "newer", "\x0e": "newer",
    "\x7f": "backspace", "\x08": "backspace", "\x1b[3~": "delete", "\x04": "delete",
    "\x15": "cut_before", "\x0b": "cut_after", "\x17": "cut_word",
    "\x1b\r": "new_line", "\x1b\n": "new_line",
}  # fmt: skip


class Editor:
    """A message with a cursor, and the history of earlier messages.

    Attributes:
        is_overfull: the last `feed` inserted more than a message can hold. That text was dropped.
    """

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self.is_overfull = False
        self._unfinished = ""
        self._pasted: str | None = None  # the text of a paste that has not ended
        self._history: deque[str] = deque(maxlen=MAX_HISTORY)
        self._back = 0  # how far back in the history; 0: the message being typed

    def feed(self, keys: str) -> list[str]:
        """Process keys. Return the messages that they finished, and `END` for Ctrl-D."""
        finished: list[str] = []
        self.is_overfull = False
        rest, self._unfinished = self._unfinished + keys, ""
        while rest:
            rest = (
                self._take_key(rest, finished) if self._pasted is None else self._take_pasted(rest)
            )
        return finished

    def row(self, columns: int) -> tuple[str, str]:
        """The part of the message that fits in a row: before the cursor, and after it."""
        near = 8 * columns  # characters; more can't fit
        before = end(in_a_row(self.text[max(0, self.cursor - near) : self.cursor]), columns - 1)
        after = in_a_row(self.text[self.cursor : self.cursor + near])
        return before, beginning(after, columns - room(before))

    def _take_key(self, keys: str, finished: list[str]) -> str:
        """Process the first key and return the rest."""
        key = _KEY.match(keys)
        if key is None:  # a broken escape sequence
            return keys[1:]
        if key[1] is not None:
            self._unfinished = key[1]
        elif key[0] in "\r\n":
            finished.append(self._finish())
        elif key[0] == END and not self.text:
            finished.append(END)
        else:
            self._press(key[0])
        return keys[key.end() :]

    def _take_pasted(self, keys: str) -> str:
        """Process keys within a paste, which are text up to its end. Return what follows the end."""
        self._pasted = (self._pasted or "") + keys
        text, end_of_paste, rest = self._pasted.partition(_END_PASTE)
        if not end_of_paste:
            self._pasted = text[-_MAX_PASTED:]
            return ""
        self._pasted = None
        self._insert(text.replace("\r\n", "\n").replace("\r", "\n"))
        return rest

    def _finish(self) -> str:
        line, self.text, self.cursor, self._back = self.text, "", 0, 0
        if line and (not self._history or self._history[-1] != line):
            self._history.append(line)
        return line

    def _press(self, key: str) -> None:
        match _NAMED.get(key):
            case None if key == _BEGIN_PASTE:
                self._pasted = ""
            case None if not key.startswith("\x1b"):
                self._insert(" " if key == "\t" else key)
            case "new_line":
                self._insert("\n")
            case "older":
                self._recall(self._back + 1)
            case "newer":
                self._recall(self._back - 1)
            case "left" | "right" | "home" | "end" as move:
                self.cursor = self._place(move)
            case str(cut):
                self._cut(*self._span(cut))

    def _place(self, move: str) -> int:
        """Where a moving key takes the cursor."""
        match move:
            case "left":
                return grapheme_start(self.text, self.cursor)
            case "right":
                return grapheme_end(self.text, self.cursor)
            case "home":
                return 0
            case _:
                return len(self.text)

    def _span(self, cut: str) -> tuple[int, int]:
        """Start and end of what a deleting key removes."""
        match cut:
            case "backspace":
                return self._place("left"), self.cursor
            case "delete":
                return self.cursor, self._place("right")
            case "cut_before":
                return 0, self.cursor
            case "cut_after":
                return self.cursor, len(self.text)
            case _:
                before = self.text[: self.cursor].rstrip()
                return max(before.rfind(" "), before.rfind("\n")) + 1, self.cursor

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _insert(self, typed: str) -> None:
        """Insert text at the cursor, or nothing if it does not fit."""
        typed = _NOT_TEXT.sub("", typed)
        self.is_overfull |= len(self.text) + len(typed) > MAX_CHARACTERS
        if not self.is_overfull:
            self.text = self.text[: self.cursor] + typed + self.text[self.cursor :]
            self.cursor += len(typed)

    def _recall(self, back: int) -> None:
        if 0 <= back <= len(self._history):
            self._back = back
            self.text = self._history[-back] if back else ""
            self.cursor = len(self.text)
