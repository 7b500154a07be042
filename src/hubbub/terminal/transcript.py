"""Turns messages and events of a room into lines of text."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlsplit

import msgspec

from hubbub.events import (
    Attached,
    Deleted,
    Edited,
    Erasable,
    Erased,
    Event,
    LinkPreview,
    Patched,
    Posted,
    Previewed,
    Reacted,
    Unreacted,
)
from hubbub.events.conversation import Pinned, Unpinned
from hubbub.events.rooms import (
    Appointed,
    Archived,
    Banned,
    Changed,
    Created,
    Invited,
    Joined,
    Left,
    Muted,
    Removed,
    Restored,
    Unbanned,
    Unmuted,
)
from hubbub.protocol.messages import Message
from hubbub.terminal.style import Line, Part, dim, name
from hubbub.terminal.text import message_lines, shorten, visible

MAX_REMEMBERED = 500
_DONE: dict[type[Event], str] = {
    Created: "made the room",
    Changed: "changed the room",
    Archived: "archived the room",
    Restored: "restored the room",
    Joined: "joined",
    Left: "left",
}
_DONE_TO: dict[type[Event], str] = {
    Invited: "added",
    Removed: "removed",
    Banned: "banned",
    Unbanned: "ended the ban of",
    Muted: "muted",
    Unmuted: "unmuted",
}
_EXCERPT, _PATCH, _HOST, _PREVIEW = 24, 60, 40, 70  # columns
_INDENT = (
    " " * 6
)  # the width of the time, so that no line of a message can pass for another message


class Transcript:
    """The transcript of one room, in local time. Remembers recent messages, to quote them when they change.

    `called` returns what the author is called whom an event names.
    """

    def __init__(self, called: Callable[[str], str] = str) -> None:
        self._called = called
        self._day: date | None = None
        self._remembered: OrderedDict[int, tuple[str, str]] = OrderedDict()

    def message(self, message: Message) -> list[Line]:
        """The lines for a message in its current state."""
        if message.deleted:
            return self._gone(message)
        *lines, last = self._written(message)
        lines.append([*last, dim(" (edited)")] if message.edited_at else last)
        lines += [_preview(each) for each in message.previews or ()]
        for emoji, names in (message.reactions or {}).items():
            who = [part for by in names for part in (", ", self._name(by))][1:]
            lines.append([_INDENT, dim("└"), f" {emoji} ", *who])
        return lines

    def event(self, event: Event) -> list[Line]:
        """The lines for an event."""
        if isinstance(event, Erasable) and event.erased:
            return self._erased(event)
        if isinstance(event, Posted):
            return self._written(event)
        if isinstance(event, Previewed):
            return [_preview(each) for each in event.previews]
        first, *more = self._deed(event)
        return self._stamped(event.at, ["* ", self._name(event.by), " ", *first]) + more

    def replied(self, seq: int, by: str | None) -> Line:
        """The line for a reply in the thread of a message."""
        who = name(self._called(by)) if by else "Somebody"
        return ["* ", who, " replied to ", *self._quote(seq), f" (thread {seq})"]

    def _deed(self, event: Event) -> list[Line]:
        match event:
            case Edited():
                before = self._quote(event.message)
                text = event.text or ""
                self._remember(event.message, event.by, text)
                first, *more = message_lines(text)
                more += [f"[alt text: {visible(alt)}]" for alt in (event.alts or {}).values()]
                return [["edited ", *before, " to: ", first], *_indented(more)]
            case Deleted():
                self._remembered.pop(event.message, None)
                return [[f"deleted message {event.message}"]]
            case Reacted():
                return [[f"reacted with {event.emoji} to ", *self._quote(event.message)]]
            case Unreacted():
                return [[f"removed {event.emoji} from ", *self._quote(event.message)]]
            case Pinned():
                return [["pinned ", *self._quote(event.message)]]
            case Unpinned():
                return [["unpinned ", *self._quote(event.message)]]
            case Patched():
                return [[f"changed the room's state: {_in_short(event.patch)}"]]
            case _:
                return [self._done_in_room(event)]

    def _done_in_room(self, event: Event) -> Line:
        """What was done with a made room or its members; of any other event, its kind."""
        kind = type(event)
        if kind in _DONE_TO and (who := getattr(event, "who", None)) is not None:
            return [f"{_DONE_TO[kind]} ", self._name(who)]
        if isinstance(event, Appointed):
            return ["made ", self._name(event.who), f" a {event.role}"]
        if isinstance(event, Erased):
            for seq in event.messages:
                self._remembered.pop(seq, None)
            return ["erased what ", self._name(event.of), " wrote"]
        if isinstance(event, Changed) and event.title:
            return [f"called the room {visible(event.title)}"]
        return [_DONE.get(kind, str(event.__struct_config__.tag))]

    def _name(self, by: str) -> Part:
        return name(self._called(by))

    def _erased(self, event: Event) -> list[Line]:
        """The lines for an event whose message was deleted: a placeholder for a post, nothing for others."""
        return self._gone(event) if isinstance(event, Posted) else []

    def _gone(self, message: Posted | Message) -> list[Line]:
        return self._stamped(
            message.at, ["* a message by ", self._name(message.by), " was deleted"]
        )

    def _written(self, message: Posted | Message) -> list[Line]:
        text = message.text
        if isinstance(message, Posted) and message.is_former:
            text = "[edited later]"
        if text is None and message.arguments is not None:
            text = f"[{message.emitted_as}: {_in_short(message.arguments)}]"
        if text is None:
            text = f"[{len(message.bytes or b'')} bytes]"
        self._remember(message.seq, message.by, text)
        reply = ["(to ", *self._quote(message.reply_to), ") "] if message.reply_to else []
        if (of := message.of) is not None:
            reply.append(f"(forwards message {of.message} of {visible(of.room)}) ")
        first, *more = message_lines(text)
        files = [
            f"[{_shown(file)}, {file.size:,} bytes; /save {message.seq}]"
            for file in message.files or ()
        ]
        if files and not text:
            first, *files = files
        line: Line = [self._name(message.by), ": ", *reply, first]
        return self._stamped(message.at, line) + _indented([*more, *files])

    def _stamped(self, at: str, line: Line) -> list[Line]:
        """The line with its time. A line with the date comes first when the day changes."""
        when = _local(at)
        stamped: Line = [dim(f"{when:%H:%M}" if when else "--:--"), " ", *line]
        if when is None or when.date() == self._day:
            return [stamped]
        self._day = when.date()
        return [[dim(f"--- {when:%A, %d %B %Y} ---")], stamped]

    def _remember(self, seq: int, by: str, text: str) -> None:
        self._remembered[seq] = (by, text[:_EXCERPT])
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    def _quote(self, seq: int) -> list[Part]:
        if seq not in self._remembered:
            return [f"message {seq}"]
        by, text = self._remembered[seq]
        return [self._name(by), f"'s “{shorten(visible(text), _EXCERPT)}”"]


def _preview(preview: LinkPreview) -> Line:
    """The line for a link, with what its page is called."""
    host = visible(_host_of(preview.url))
    host = host if len(host) <= _HOST else f"…{host[1 - _HOST :]}"  # whose it is says its end
    site = f" ({preview.site})" if preview.site not in ("", host) else ""
    return [_INDENT, dim(f"└ {host}{shorten(visible(f'{site}: {preview.title}'), _PREVIEW)}")]


def _shown(file: Attached) -> str:
    """What a file is called, and what it shows."""
    return f"{visible(file.name)}{f' ({visible(file.alt)})' if file.alt else ''}"


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _indented(lines: list[str]) -> list[Line]:
    return [[_INDENT, line] for line in lines]


def _in_short(value: object) -> str:
    return shorten(visible(msgspec.json.encode(value).decode()), _PATCH)


def _local(at: str) -> datetime | None:
    """The local time. None if the server's time is invalid or out of range here."""
    try:
        return datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
