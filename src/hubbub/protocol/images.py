"""Small images from strangers: what they are by their first bytes, how large, and without what no picture needs.

Nothing is decompressed. A PNG, GIF, JPEG or WebP is put together anew from the parts that make the picture: so comments,
places, colour profiles, and anything hidden after the end stay behind. An AVIF is kept as it is, or refused.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

MAX_SIDE = 512  # pixels
MAX_PARTS = 1_000  # a small image has far fewer, and each takes time


class NotAnImage(ValueError):
    """This is no image of a known type, or not a whole one. The message says what is wrong."""


class Image(NamedTuple):
    """An image: its media type, its size in pixels, and the bytes to keep."""

    type: str
    width: int
    height: int
    data: bytes


class _Parts:
    """What is kept of an image, and the largest size that any part of it claims."""

    def __init__(self) -> None:
        self.width = self.height = self.count = 0
        self.kept: list[bytes] = []

    def begin(self) -> None:
        """Count another part. Raises ValueError if there are too many."""
        self.count += 1
        if self.count > MAX_PARTS:
            raise ValueError

    def claim(self, width: int, height: int) -> None:
        self.width, self.height = max(self.width, width), max(self.height, height)


def image_of(data: bytes) -> Image:
    """Return the image that these bytes are. Raises NotAnImage."""
    for type_, is_it, read in _TYPES:
        if is_it(data):
            return _checked(type_, read, data)
    raise NotAnImage("use PNG, GIF, JPEG, WebP or AVIF")


def _checked(type_: str, read: Callable[[bytes], _Parts], data: bytes) -> Image:
    try:
        parts = read(data)
    except (IndexError, ValueError, struct.error):
        parts = None  # some part is cut off, or is not what it must be
    if parts is None or parts.width < 1 or parts.height < 1:
        raise NotAnImage(f"the file is damaged, or of a kind of {type_} that is not taken")
    if max(parts.width, parts.height) > MAX_SIDE:
        raise NotAnImage(f"use at most {MAX_SIDE} × {MAX_SIDE} pixels")
    return Image(type_, parts.width, parts.height, b"".join(parts.kept))


def _cut(data: bytes, start: int, end: int) -> bytes:
    """Return a part of the file. Raises ValueError if the file ends before."""
    if not start <= end <= len(data):
        raise ValueError
    return data[start:end]


def _number(data: bytes, at: int, form: str) -> int:
    number: int
    (number,) = struct.unpack_from(form, data, at)
    return number


# --- PNG (also animated): W3C Portable Network Graphics, sections 5 and 11 ---

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB sBIT bKGD acTL fcTL fdAT".split())


def _read_png(data: bytes) -> _Parts:
    parts, at, kind = _Parts(), len(_PNG), b""
    parts.kept.append(_PNG)
    while kind != b"IEND":
        parts.begin()
        size, kind = _number(data, at, ">I"), data[at + 4 : at + 8]
        chunk = _cut(data, at, at + 12 + size)
        if (at == len(_PNG)) is not (kind == b"IHDR"):
            raise ValueError
        if kind in (b"IHDR", b"fcTL"):
            parts.claim(*struct.unpack_from(">II", chunk, 8 if kind == b"IHDR" else 12))
        if kind in _PNG_KEPT:
            parts.kept.append(chunk)
        at += 12 + size
    return parts


# --- GIF (also animated): GIF89a ---

_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def _read_gif(data: bytes) -> _Parts:
    parts, at = _Parts(), 13 + _colours(data[10])
    parts.claim(*struct.unpack_from("<HH", data, 6))
    parts.kept.append(_cut(data, 0, at))
    has_picture = False
    while (kind := data[at]) != 0x3B:
        parts.begin()
        if kind == 0x2C:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, at + 1)
            parts.claim(left + width, top + height)
            end = _after_blocks(data, at + 10 + _colours(flags) + 1)
            has_picture = True
        elif kind == 0x21:
            end = _after_blocks(data, at + 2)
        else:
            raise ValueError
        if kind == 0x2C or data[at + 1] == 0xF9 or data[at + 3 : at + 14] in _GIF_LOOPS:
            parts.kept.append(_cut(data, at, end))
        at = end
    if not has_picture:
        raise ValueError
    parts.kept.append(b"\x3b")
    return parts


def _colours(flags: int) -> int:
    """Return how many bytes a table of colours takes."""
    return 3 << (1 + (flags & 7)) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1


# --- JPEG: ITU-T T.81, annex B ---

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ADOBE = 0xEE  # says how the colours are to be read
_SCAN, _END = 0xDA, 0xD9
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")


def _read_jpeg(data: bytes) -> _Parts:
    parts, at = _Parts(), 2
    parts.kept.append(data[:2])
    has_scan = False
    while (marker := data[at + 1]) != _END:
        parts.begin()
        if data[at] != 0xFF or marker < 0xC0 or 0xD0 <= marker <= 0xD8 or marker == 0xFF:
            raise ValueError
        end = at + 2 + _number(data, at + 2, ">H")
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            parts.claim(width, height)
        if marker == _SCAN:
            has_scan, end = True, _after_scan(data, end)
        if marker == _ADOBE or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.kept.append(_cut(data, at, end))
        at = end
    if not has_scan:
        raise ValueError
    parts.kept.append(_cut(data, at, at + 2))
    return parts


def _after_scan(data: bytes, at: int) -> int:
    """Return where the next marker is that doesn't belong to the scan."""
    if found := _AFTER_SCAN.search(data, at):
        return found.start()
    raise ValueError


# --- WebP (also animated): RFC 9649 ---

_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"ANIM", b"ANMF", b"ALPH"))
_WEBP_ALPHA_AND_ANIMATION = (
    0x12  # what is left of the flags: those for what was left out are cleared
)


def _read_webp(data: bytes) -> _Parts:
    parts, end = _Parts(), 8 + _number(data, 4, "<I")
    _cut(data, 0, end)
    body: list[bytes] = []
    for kind, chunk in _webp_chunks(data[:end], 12):
        parts.begin()
        _claim_webp(parts, kind, chunk)
        if kind == b"VP8X":
            flags = chunk[8] & _WEBP_ALPHA_AND_ANIMATION
            body.append(chunk[:8] + bytes([flags]) + chunk[9:])
        elif kind in _WEBP_KEPT:
            body.append(chunk)
    size = struct.pack("<I", 4 + sum(map(len, body)))
    parts.kept.extend((b"RIFF", size, b"WEBP", *body))
    return parts


def _webp_chunks(data: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at < len(data):
        size = 8 + _number(data, at + 4, "<I")
        chunk = _cut(data, at, at + size) + b"\0" * (size % 2)
        yield chunk[:4], chunk
        at += len(chunk)


def _claim_webp(parts: _Parts, kind: bytes, chunk: bytes) -> None:
    match kind:
        case b"VP8X":
            parts.claim(1 + _of_three(chunk, 12), 1 + _of_three(chunk, 15))
        case b"ANMF":
            parts.claim(1 + _of_three(chunk, 14), 1 + _of_three(chunk, 17))
            for inner, part in _webp_chunks(chunk[: 8 + _number(chunk, 4, "<I")], 24):
                parts.begin()
                if inner != b"ANMF":
                    _claim_webp(parts, inner, part)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", chunk, 14)
            parts.claim(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            bits = _number(chunk, 9, "<I")
            parts.claim(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))


def _of_three(data: bytes, at: int) -> int:
    return int.from_bytes(_cut(data, at, at + 3), "little")


# --- AVIF (not animated): ISO/IEC 14496-12 and 23008-12 ---

_AVIF_BOXES = frozenset((b"ftyp", b"meta", b"mdat"))
_WITHIN = {b"meta": b"iprp", b"iprp": b"ipco", b"ipco": b"ispe"}  # where the sizes are


def _read_avif(data: bytes) -> _Parts:
    parts = _Parts()
    parts.kept.append(data)
    kinds = [kind for kind, _ in _boxes(data)]
    if b"mdat" not in kinds:
        raise ValueError
    for kind, box in _boxes(data):
        if kind not in _AVIF_BOXES:
            raise ValueError  # it could hold anything, and what it holds could not be taken out
        if kind == b"meta":
            _claim_avif(parts, kind, box)
    return parts


def _claim_avif(parts: _Parts, kind: bytes, box: bytes) -> None:
    if kind == b"ispe":
        parts.claim(*struct.unpack_from(">II", box, 4))
    for inner, part in _boxes(box[4:] if kind == b"meta" else box) if kind in _WITHIN else ():
        parts.begin()
        if inner == _WITHIN[kind]:
            _claim_avif(parts, inner, part)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = _number(data, at, ">I")
        yield data[at + 4 : at + 8], _cut(data, at + 8, at + size)
        at += size


_TYPES: tuple[tuple[str, Callable[[bytes], bool], Callable[[bytes], _Parts]], ...] = (
    ("image/png", lambda data: data.startswith(_PNG), _read_png),
    ("image/gif", lambda data: data[:6] in (b"GIF87a", b"GIF89a"), _read_gif),
    ("image/jpeg", lambda data: data.startswith(b"\xff\xd8\xff"), _read_jpeg),
    ("image/webp", lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _read_webp),
    ("image/avif", lambda data: data[4:12] == b"ftypavif", _read_avif),
)
