"""Small images of every kind that is taken, and what may be hidden in them; and a sound."""

import struct
import zlib
from base64 import b64decode
from collections.abc import Callable

SECRET = b"geheim"

JPEG = b"".join(
    (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\1\0\x48\0\x48\0\0",
        b"\xff\xdb\0\x43\0" + b"\x10" * 64,
        b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0",
        b"\xff\xc4\0\x14\0\1" + b"\0" * 15 + b"\3",
        b"\xff\xc4\0\x14\x10\1" + b"\0" * 16,
        b"\xff\xda\0\x08\1\1\0\0\x3f\0\x3f\xff\xd9",
    )
)
GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
LOSSY = b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
LOSSLESS = b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
AVIF = b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aWYA"
    "AAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAB0AAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IA"
    "AAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAIAAAACAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgQ0MAAAAABNjb2xybmNseAACAAIAAYAA"
    "AAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACVtZGF0EgAKCBgANogQEAwgMg8f8D///8WfhwB8+ErK42A="
)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def png(width: int = 3, height: int = 2, *, colour: int = 0, more: bytes = b"") -> bytes:
    """A PNG in one shade of grey, with `more` chunks before the picture. Large ones hold one line."""
    lines = zlib.compress((b"\0" + bytes([colour]) * width) * min(height, 512))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def wave(seconds: float = 0.1) -> bytes:
    """A sound, silent."""
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    size = int(8000 * seconds)
    body = b"WAVE" + head + b"data" + struct.pack("<I", size) + b"\x80" * size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a WebP."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(*chunks: bytes) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extended(width: int, height: int, *rest: bytes, flags: int = 0) -> bytes:
    """A WebP with a canvas of this size."""
    three = [(side - 1).to_bytes(3, "little") for side in (width, height)]
    return webp(webp_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + b"".join(three)), *rest)


IMAGES = {
    "png": ("image/png", 3, 2, png()),
    "gif": ("image/gif", 1, 1, GIF),
    "jpeg": ("image/jpeg", 1, 1, JPEG),
    "webp": ("image/webp", 1, 1, LOSSY),
    "lossless webp": ("image/webp", 1, 1, LOSSLESS),
    "avif": ("image/avif", 2, 2, AVIF),
}

_segment = b"\xff\xe1" + struct.pack(">H", 2 + len(SECRET)) + SECRET
_comment = b"!\xfe" + bytes([len(SECRET)]) + SECRET + b"\0"

# Images with something that no picture needs.
WITH_SECRETS = {
    "a text in a png": png(more=chunk(b"tEXt", b"Comment\0" + SECRET)),
    "exif in a png": png(more=chunk(b"eXIf", SECRET)),
    "a colour profile in a png": png(more=chunk(b"iCCP", b"x\0\0" + SECRET)),
    "after a png": png() + SECRET,
    "exif in a jpeg": JPEG[:2] + _segment + JPEG[2:],
    "a comment in a jpeg": JPEG[:2] + _segment.replace(b"\xe1", b"\xfe", 1) + JPEG[2:],
    "after a jpeg": JPEG + SECRET,
    "a comment in a gif": GIF[:-1] + _comment + b";",
    "xmp in a gif": GIF[:-1] + b"!\xff\x0bXMP DataXMP" + _comment[2:] + b";",
    "after a gif": GIF + SECRET,
    "exif in a webp": extended(1, 1, LOSSLESS[12:], webp_chunk(b"EXIF", SECRET), flags=8),
    "xmp in a webp": extended(1, 1, LOSSLESS[12:], webp_chunk(b"XMP ", SECRET), flags=4),
    "after a webp": LOSSLESS + SECRET,
}

# What says that it is larger than it may be, wherever it says so.
HUGE = {
    "png": png(513, 2),
    "tall png": png(2, 2**31 - 1),
    "frame of a png": png(
        more=chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 9999, 1, 0, 0, 1, 1, 0, 0))
    ),
    "gif": GIF[:6] + struct.pack("<HH", 65_535, 1) + GIF[10:],
    "frame of a gif": GIF.replace(b",\0\0\0\0\1\0\1\0", b",\0\0\0\0\1\0\xff\xff"),
    "place in a gif": GIF.replace(b",\0\0\0\0\1\0\1\0", b",\xff\xff\0\0\1\0\1\0"),
    "jpeg": JPEG.replace(b"\xff\xc0\0\x0b\x08\0\1\0\1", b"\xff\xc0\0\x0b\x08\xff\xff\0\1"),
    "second frame of a jpeg": JPEG[:-2] + b"\xff\xc2\0\x0b\x08\xff\xff\0\1\1\1\x11\0" + b"\xff\xd9",
    "webp": extended(16_384, 1, LOSSLESS[12:]),
    "lossy webp": LOSSY.replace(b"\x9d\x01\x2a\1\0\1\0", b"\x9d\x01\x2a\xff\x3f\1\0"),
    "lossless webp": LOSSLESS.replace(b"/\0\0\0\x10", b"/\xff\xff\xff\x10"),
    "lossless webp in a canvas": extended(
        1, 1, LOSSLESS[12:].replace(b"/\0\0\0", b"/\xff\xff\xff")
    ),
    "frame of a webp": extended(1, 1, webp_chunk(b"ANMF", b"\0" * 6 + b"\xff" * 6 + b"\0" * 4)),
    "picture in a frame of a webp": extended(
        1, 1, webp_chunk(b"ANMF", b"\0" * 16 + LOSSLESS[12:].replace(b"/\0\0\0", b"/\xff\xff\xff"))
    ),
    "avif": AVIF.replace(b"ispe\0\0\0\0\0\0\0\2", b"ispe\0\0\0\0\0\0\xff\2"),
}


def _nested(box: Callable[[bytes], bytes], size: int = 60_000) -> bytes:
    found = b""
    while len(found) < size:
        found = box(found)
    return found


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


# What would take long to look through, though it is small.
SLOW = {
    "chunks of a png": png(more=chunk(b"tEXt", b"") * 5_000),
    "extensions of a gif": GIF[:-1] + b"!\xfe\0" * 20_000 + b";",
    "scans of a jpeg": JPEG[:-2] + b"\xff\xda\0\x02" * 16_000 + b"\xff\xd9",
    "chunks of a webp": webp(LOSSLESS[12:], webp_chunk(b"JUNK", b"") * 8_000),
    "chunks in a frame of a webp": extended(
        1, 1, webp_chunk(b"ANMF", b"\0" * 16 + webp_chunk(b"JUNK", b"") * 8_000)
    ),
    "boxes of an avif": AVIF[:32]
    + _box(b"meta", b"\0" * 4 + _box(b"x" * 4, b"") * 7_000)
    + _box(b"mdat", b""),
}
# Where what holds others may not hold itself.
NESTED = {
    "boxes in boxes of an avif": AVIF[:32]
    + _box(b"meta", b"\0" * 4 + _nested(lambda inner: _box(b"ipco", inner)))
    + _box(b"mdat", b""),
    "frames in frames of a webp": extended(
        1, 1, _nested(lambda inner: webp_chunk(b"ANMF", b"\0" * 16 + inner))
    ),
}

# What is no image, or no whole one, though it begins like one.
NOT_IMAGES = {
    "nothing": b"",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml": b'<?xml version="1.0"?><svg/>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7",
    "bmp": b"BM" + b"\0" * 60,
    "ico": b"\0\0\1\0" + b"\0" * 60,
    "tiff": b"II*\0" + b"\0" * 60,
    "gif that is a script": b"GIF89a=1;alert(1)//" + b"\0" * 60,
    "gif without a picture": GIF[:13] + b"\0" * 6 + b";",
    "html after the size of a gif": b"GIF89a\1\0\1\0\0\0\0<script>alert(1)</script>;",
    "webp that is a sound": b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 30,
    "webp of an unknown kind": webp(webp_chunk(b"JUNK", b"x" * 20)),
    "png without a head": b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
    "png whose head comes later": b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") + png()[8:],
    "png without height": png(2, 0),
    "jpeg without a picture": b"\xff\xd8\xff\xd9",
    "jpeg of headers": b"\xff\xd8" + _segment + b"\xff\xd9",
    "heic": AVIF.replace(b"avif", b"heic", 1),
    "moving avif": AVIF.replace(b"ftypavif", b"ftypavis"),
    "avif with another box": AVIF + struct.pack(">I", 8 + len(SECRET)) + b"uuid" + SECRET,
    "avif with a box that never ends": AVIF + b"\0\0\0\0mdat",
    "avif with a box of no size": AVIF + b"\0\0\0\1mdat",
    "avif with something after it": AVIF + SECRET,
}
