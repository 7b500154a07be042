"""Lines as they are shown: made of parts, each of which is made safe on its way to the terminal, in one place.

Sixteen colours, or none: https://no-color.org
"""

import os
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

from hubbub.terminal.text import visible

_NAMES = (31, 32, 33, 34, 35, 36)  # by the terminal's palette, so that they suit its background
_ESCAPE = "7"


class Painted(NamedTuple):
    """Text with a look of its own; `look` is the parameter of an SGR sequence."""

    text: str
    look: str


Part = str | Painted
Line = Sequence[Part]


def dim(text: str) -> Painted:
    """For what stands beside the point."""
    return Painted(text, "2")


def warning(text: str) -> Painted:
    """For what needs attention."""
    return Painted(text, "33")


def name(name: str) -> Painted:
    """A person's name, always in the same colour."""
    return Painted(name, f"1;{_NAMES[zlib.crc32(name.encode()) % len(_NAMES)]}")


class Style:
    """Turns lines into what is written to a terminal, with SGR sequences if there is to be colour."""

    def __init__(self, has_colour: bool) -> None:
        self._has_colour = has_colour

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str] = os.environ) -> "Style":
        """Colour on a terminal that knows it, unless NO_COLOR says no."""
        return cls(
            stream.isatty()
            and not environment.get("NO_COLOR")
            and environment.get("TERM", "dumb") != "dumb"
        )

    def render(self, line: Line) -> str:
        """What to write: whatever the parts hold, only our own SGR sequences control the terminal."""
        return "".join(map(self._part, line))

    def _part(self, part: Part) -> str:
        if isinstance(part, Painted):
            return self._paint(part.look, visible(part.text))
        return visible(part, lambda escape: self._paint(_ESCAPE, escape))

    def _paint(self, look: str, text: str) -> str:
        return f"\x1b[{look}m{text}\x1b[0m" if self._has_colour else text
