"""Renders lines for the terminal. Lines consist of parts, and this module makes each part safe to show.

Sixteen colours, or none: https://no-color.org
"""

import os
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

from hubbub.terminal.text import visible

_NAMES = (31, 32, 33, 34, 35, 36)  # of the terminal's palette, so that they suit its background
_ESCAPE = "7"


class Painted(NamedTuple):
    """Text with its own style. `look` is the parameter of an SGR sequence (ECMA-48 section 8.3.117)."""

    text: str
    look: str


Part = str | Painted
Line = Sequence[Part]


def dim(text: str) -> Painted:
    """Style secondary text."""
    return Painted(text, "2")


def warning(text: str) -> Painted:
    """Style text that needs attention."""
    return Painted(text, "33")


def name(name: str) -> Painted:
    """Style a person's name, always in the same colour."""
    return Painted(name, f"1;{_NAMES[zlib.crc32(name.encode()) % len(_NAMES)]}")


class Style:
    """Renders lines for a stream, with SGR sequences if it has colour."""

    def __init__(self, has_colour: bool) -> None:
        self._has_colour = has_colour

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str] = os.environ) -> "Style":
        """The style for a stream: colour on terminals that support it, unless NO_COLOR is set."""
        return cls(
            stream.isatty()
            and not environment.get("NO_COLOR")
            and environment.get("TERM", "dumb") != "dumb"
        )

    def render(self, line: Line) -> str:
        """The text to write. Whatever the parts contain, only our own SGR sequences control the terminal."""
        return "".join(map(self._part, line))

    def _part(self, part: Part) -> str:
        if isinstance(part, Painted):
            return self._paint(part.look, visible(part.text))
        return visible(part, lambda escape: self._paint(_ESCAPE, escape))

    def _paint(self, look: str, text: str) -> str:
        return f"\x1b[{look}m{text}\x1b[0m" if self._has_colour else text
