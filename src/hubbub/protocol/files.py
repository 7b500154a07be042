"""Files from strangers: keys, safe names, and what a file is by its first bytes, whatever it claims to be. Nothing is decompressed."""

import re
import struct
import unicodedata
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from hubbub.protocol.keys import base32

KEY_BYTES = 15  # what a key is made from
_KEY = re.compile("[0-9a-hjkmnp-tv-z]{24}")
HEAD_BYTES = 256 * 1024  # of a file that are looked at to tell what it is
LONGEST_NAME = 120  # characters
LONGEST_NAME_BYTES = 200  # in UTF-8: disks take 255, and programs add something
NAMELESS = "file"
UNKNOWN = "application/octet-stream"
MAX_PIXELS = 40_000_000  # of a picture that is shown: to decode more could exhaust who looks at it
MAX_SIDE = 30_000
THUMBNAIL_SIDES = (360, 1280)  # pixels: into which squares thumbnails fit
THUMBNAIL_TYPE = "image/webp"

# What browsers may show by itself; all else is only to be saved. None of these can hold a script that runs.
INLINE = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        *("video/mp4", "video/webm", "audio/mpeg", "audio/ogg", "audio/wav"),
    }
)


class Look(NamedTuple):
    """What a file is: its media type, and the size of a picture in pixels if it says so."""

    type: str
    width: int | None = None
    height: int | None = None


def key_of(random: bytes) -> str:
    """Return the key of a new file, made from `KEY_BYTES` random bytes."""
    return base32(random)


def is_file_key(text: str) -> bool:
    """Whether this is the key of a file, though not whether there is such a file."""
    return _KEY.fullmatch(text) is not None


def thumbnail_of(file: str, side: int) -> str:
    """Return the key of a thumbnail, beside that of its file."""
    return f"{file}.{side}"


# --- names ---

_UNSAFE = frozenset('<>:"|?*')  # that some systems don't take in names of files
# Windows takes these for devices, whatever follows the dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # within words of some scripts, and within emoji


def name_of(given: str) -> str:
    """Return the safe name that is most like a given one: one part of a path, all of it visible, and not too long."""
    normal = unicodedata.normalize("NFC", given.encode("utf-8", "replace").decode())
    last = re.split(r"[/\\]", normal)[-1]
    seen = "".join("_" if c in _UNSAFE else c for c in last if _is_seen(c))
    name = _shortened(_trimmed(re.sub(r"\s+", " ", seen)))
    return _shortened(f"_{name}") if _DEVICE.match(name) else name or NAMELESS


def _shortened(name: str) -> str:
    """Return a name that is not too long, with the same ending."""
    if _cut(name) == name:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return _trimmed(_cut(name))
    return _trimmed(_cut(stem, dot + ending)) + dot + ending


def _cut(name: str, ending: str = "") -> str:
    """Return as much of a name as there is room for before an ending."""
    kept = name[: LONGEST_NAME - len(ending)].encode()[: LONGEST_NAME_BYTES - len(ending.encode())]
    return kept.decode(errors="ignore")


def _trimmed(name: str) -> str:
    return name.strip(f" .{_JOINERS}")


def _is_seen(c: str) -> bool:
    return c in _JOINERS or (unicodedata.category(c)[0] in "LMNPSZ" and c not in "\u2028\u2029")


def disposition(kind: str, name: str) -> str:
    """Return the header that says how to take a file, with its name in both forms (RFC 6266, RFC 8187)."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# --- types ---


def look_at(head: bytes) -> Look:
    """Return what a file is that begins so. A picture that is too large to be shown is a file of no known type."""
    for type_, is_it, measure in _TYPES:
        if is_it(head):
            return _measured(type_, measure, head)
    return Look(UNKNOWN)


def _measured(type_: str, measure: Callable[[bytes], tuple[int, int] | None], head: bytes) -> Look:
    try:
        size = measure(head)
    except (IndexError, ValueError, struct.error):
        size = None
    if size is None or min(size) < 1:
        return Look(UNKNOWN if type_.startswith("image/") else type_)
    if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
        return Look(UNKNOWN)
    return Look(type_, *size)


def _png(head: bytes) -> tuple[int, int] | None:
    width, height = struct.unpack_from(">II", head, 16)
    return (width, height) if head[12:16] == b"IHDR" else None


def _gif(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(head: bytes) -> tuple[int, int]:
    """Return the size of a JPEG as it is shown: turned, if its Exif says so."""
    at, is_turned = 2, False
    while True:
        if head[at] != 0xFF:
            raise ValueError
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return (height, width) if is_turned else (width, height)
        (size,) = struct.unpack_from(">H", head, at + 2)
        if marker == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            is_turned = _is_turned(head[at + 10 : at + 2 + size])
        at += 2 + max(size, 2)


_ORIENTATION, _QUARTER_TURNS = 0x0112, range(5, 9)


def _is_turned(exif: bytes) -> bool:
    """Whether Exif says that a picture is to be turned by a quarter (CIPA DC-008, section 4.6.4)."""
    end = ">" if exif[:2] == b"MM" else "<"
    try:
        (at,) = struct.unpack_from(f"{end}I", exif, 4)
        (count,) = struct.unpack_from(f"{end}H", exif, at)
        for start in range(at + 2, at + 2 + 12 * min(count, 100), 12):
            tag, _, _, value = struct.unpack_from(f"{end}HHIH", exif, start)
            if tag == _ORIENTATION:
                return value in _QUARTER_TURNS
    except struct.error:
        pass
    return False


def _webp(head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8X":
            return 1 + _of_three(head, 24), 1 + _of_three(head, 27)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", head, 21)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def _of_three(data: bytes, at: int) -> int:
    if len(data) < at + 3:
        raise ValueError
    return int.from_bytes(data[at : at + 3], "little")


def _avif(head: bytes) -> tuple[int, int] | None:
    """Return the largest size that any part of an AVIF claims (ISO/IEC 23008-12, section 6.5.3)."""
    sizes = [
        struct.unpack_from(">II", head, found.end() + 4)
        for found in re.finditer(rb"\0\0\0\x14ispe", head)
    ]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _no_size(_: bytes) -> None:
    return None


def _is_mp3(head: bytes) -> bool:
    if head[:3] == b"ID3":
        return True
    is_sync = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # MPEG layer III
    return is_sync and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


_MP4 = frozenset(
    (
        *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9"),
        *(b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"),
    )
)

_TYPES: tuple[
    tuple[str, Callable[[bytes], bool], Callable[[bytes], tuple[int, int] | None]], ...
] = (
    ("image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    ("image/gif", lambda head: head[:6] in (b"GIF87a", b"GIF89a"), _gif),
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    ("image/webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
    ("image/avif", lambda head: head[4:12] in (b"ftypavif", b"ftypavis"), _avif),
    ("video/mp4", lambda head: head[4:8] == b"ftyp" and head[8:12] in _MP4, _no_size),
    (
        "video/webm",
        lambda head: head.startswith(b"\x1aE\xdf\xa3") and b"\x42\x82\x84webm" in head[:64],
        _no_size,
    ),
    ("audio/ogg", lambda head: head.startswith(b"OggS\0"), _no_size),
    ("audio/wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE", _no_size),
    ("audio/mpeg", _is_mp3, _no_size),
)
