"""Sixteen colours, or none: https://no-color.org"""

import os
import zlib
from collections.abc import Mapping
from typing import TextIO

_NAMES = (31, 32, 33, 34, 35, 36)  # by the terminal's palette, so that they suit its background


class Style:
    """Paints text with SGR sequences, if there is to be colour."""

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

    def dim(self, text: str) -> str:
        """For what stands beside the point."""
        return self._paint("2", text)

    def escape(self, text: str) -> str:
        """For an escape sequence that is shown in place of being obeyed."""
        return self._paint("7", text)

    def warning(self, text: str) -> str:
        """For what needs attention."""
        return self._paint("33", text)

    def name(self, name: str) -> str:
        """A person's name, always in the same colour."""
        return self._paint(f"1;{_NAMES[zlib.crc32(name.encode()) % len(_NAMES)]}", name)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._has_colour else text
