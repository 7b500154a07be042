"""From what happens in a room to the lines that tell it."""

from collections import OrderedDict
from datetime import date, datetime

import msgspec

from hubbub.events import AnyEvent, Deleted, Edited, Patched, Posted, Reacted, Unreacted
from hubbub.protocol.messages import Message
from hubbub.terminal.style import Style
from hubbub.terminal.text import shorten, visible, visible_lines

MAX_REMEMBERED = 500
_EXCERPT, _PATCH = 24, 60  # columns


class Transcript:
    """Tells one room, in local time. Remembers the newest messages, to quote them when they change."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._day: date | None = None
        self._remembered: OrderedDict[int, tuple[str, str]] = OrderedDict()

    def message(self, message: Message) -> list[str]:
        """Lines for a message as it is now."""
        if message.deleted:
            return self._stamped(message.at, f"* a message by {self._name(message.by)} was deleted")
        lines = self._written(message)
        if message.edited_at:
            lines[-1] += self._style.dim(" (edited)")
        for emoji, names in (message.reactions or {}).items():
            who = ", ".join(self._name(name) for name in names)
            lines.append(f"{_INDENT}{self._style.dim('└')} {self._visible(emoji)} {who}")
        return lines

    def event(self, event: AnyEvent) -> list[str]:
        """Lines for what just happened."""
        if isinstance(event, Posted):
            return self._written(event)
        return self._stamped(event.at, f"* {self._name(event.by)} {self._deed(event)}")

    def _deed(self, event: Edited | Deleted | Reacted | Unreacted | Patched) -> str:
        match event:
            case Edited():
                before = self._quote(event.message)
                self._remember(event.message, event.by, event.text)
                return f"corrected {before} to: " + f"\n{_INDENT}".join(self._lines(event.text))
            case Deleted():
                return f"deleted {self._quote(event.message)}"
            case Reacted():
                return f"reacted {self._visible(event.emoji)} to {self._quote(event.message)}"
            case Unreacted():
                return f"took {self._visible(event.emoji)} off {self._quote(event.message)}"
            case Patched():
                patch = msgspec.json.encode(event.patch).decode()
                return f"changed the room's state: {shorten(visible(patch), _PATCH)}"

    def _written(self, message: Posted | Message) -> list[str]:
        text = message.text
        if text is None and message.arguments is not None:
            arguments = msgspec.json.encode(message.arguments).decode()
            text = f"[{message.emitted_as}: {shorten(visible(arguments), _PATCH)}]"
        if text is None:
            text = f"[{len(message.bytes or b'')} bytes]"
        self._remember(message.seq, message.by, text)
        reply = f"(to {self._quote(message.reply_to)}) " if message.reply_to else ""
        first, *more = self._lines(text)
        lines = self._stamped(message.at, f"{self._name(message.by)}: {reply}{first}")
        return lines + [_INDENT + line for line in more]

    def _stamped(self, at: str, text: str) -> list[str]:
        """The text with its time, after the day if that is another one than before."""
        when = datetime.fromisoformat(at).astimezone()
        lines = [f"{self._style.dim(f'{when:%H:%M}')} {text}"]
        if when.date() != self._day:
            self._day = when.date()
            lines.insert(0, self._style.dim(f"--- {when:%A, %d %B %Y} ---"))
        return lines

    def _remember(self, seq: int, by: str, text: str) -> None:
        self._remembered[seq] = (by, text[:_EXCERPT])
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    def _quote(self, seq: int) -> str:
        if seq not in self._remembered:
            return f"message {seq}"
        by, text = self._remembered[seq]
        return f"{self._name(by)}'s “{shorten(visible(text), _EXCERPT)}”"

    def _name(self, name: str) -> str:
        return self._style.name(visible(name))

    def _visible(self, text: str) -> str:
        return visible(text, self._style.escape)

    def _lines(self, text: str) -> list[str]:
        return visible_lines(text, self._style.escape)


_INDENT = " " * 6  # under the text, not under the time: no line of a message can pass for another's
