"""Draws the icons that systems show for the installed page, from the two shapes of the logo: python3 web/icons.py."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

PUBLIC = Path(__file__).parent / "public"
PAPER, TEAL, RUST = (246, 243, 238), (15, 127, 124), (210, 85, 47)
SAMPLES = 4  # in each direction of a pixel
GRID = 32  # the shapes' own coordinates, as in public/favicon.svg
# An icon's name, its size, whether it fills its square, and how much of that the logo takes. What systems cut to a shape of theirs
# must fill it, and holds nothing in its outer tenth.
ICONS = (
    ("icon-192.png", 192, False, 0.78),
    ("icon-512.png", 512, False, 0.78),
    ("icon-maskable-512.png", 512, True, 0.62),
    ("icon-touch-180.png", 180, True, 0.74),
)

Color = tuple[int, int, int]


def _is_in_first(x: float, y: float, grown: float = 0) -> bool:
    """The shape of who speaks: round, but for its lower left corner."""
    if x < 14 and y > 15:
        return 4 - grown <= x and y <= 27 + grown
    middle = min(max(y, 15), 17)
    return (x - 14) ** 2 + (y - middle) ** 2 <= (10 + grown) ** 2


def _is_in_second(x: float, y: float, grown: float = 0) -> bool:
    """The shape of who answers: round, but for its lower right corner."""
    if x > 21 and y > 20:
        return x <= 28 + grown and y <= 27 + grown
    middle = min(max(x, 20), 21)
    return (x - middle) ** 2 + (y - 20) ** 2 <= (7 + grown) ** 2


def _color(x: float, y: float) -> Color:
    if _is_in_second(x, y):
        return RUST
    if _is_in_second(x, y, grown=1.2):
        return PAPER
    return TEAL if _is_in_first(x, y) else PAPER


def _is_on_card(x: float, y: float, radius: float) -> bool:
    """Whether a point is on a square with round corners, from 0 to 1."""
    dx, dy = (max(radius - each, each - 1 + radius, 0) for each in (x, y))
    return dx * dx + dy * dy <= radius * radius


def _pixels(size: int, is_full: bool, part: float) -> bytes:
    rows = bytearray()
    for row in range(size):
        rows.append(0)  # as it is, without a filter
        for column in range(size):
            rows += _pixel(lambda x, y: _sample(x, y, is_full, part), column, row, size)
    return bytes(rows)


def _sample(x: float, y: float, is_full: bool, part: float) -> Color | None:
    if not is_full and not _is_on_card(x, y, 0.22):
        return None
    # The logo's middle is at 16 across, and at 16 down.
    return _color((x - 0.5) / part * 24 + 16, (y - 0.5) / part * 24 + 16)


def _pixel(look: Callable[[float, float], Color | None], column: int, row: int, size: int) -> bytes:
    found = [
        look((column + (i + 0.5) / SAMPLES) / size, (row + (j + 0.5) / SAMPLES) / size)
        for i in range(SAMPLES)
        for j in range(SAMPLES)
    ]
    there = [color for color in found if color]
    mean = (round(sum(part) / len(there)) for part in zip(*there, strict=True)) if there else PAPER
    return bytes([*mean, round(255 * len(there) / len(found))])


def png(size: int, rows: bytes) -> bytes:
    """A PNG of rows of red, green, blue and alpha."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def main() -> None:
    """Draw all icons."""
    for name, size, is_full, part in ICONS:
        (PUBLIC / name).write_bytes(png(size, _pixels(size, is_full, part)))


if __name__ == "__main__":
    main()
