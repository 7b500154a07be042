"""The program that makes small pictures of what strangers sent, in a process of its own: it may die of any of them.

It reads jobs from its standard input and writes what it made to its standard output. It has little memory, opens no file,
and knows nothing of the server.
"""

import io
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, ImageOps

from hubbub.protocol.files import MAX_PIXELS, THUMBNAIL_SIDES
from hubbub.server.files.jobs import ANSWERED, ASKED, LENGTH, READY, Job

MEMORY = 512 * 2**20  # bytes of address space
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
QUALITY = 80
PORTRAIT_SIDE = 256  # pixels
TURNS = {  # by Exif's orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def main() -> None:
    """Do jobs as long as there are any."""
    _confine()
    given, taken = sys.stdin.buffer, sys.stdout.buffer
    _tell(taken, READY)
    while len(head := given.read(ASKED.size)) == ASKED.size:
        number, job, size = ASKED.unpack(head)
        made = _made(Job(job), given.read(size))
        _tell(
            taken,
            ANSWERED.pack(number, len(made)),
            *(LENGTH.pack(len(each)) + each for each in made),
        )


def _made(job: Job, data: bytes) -> list[bytes]:
    """Return what there is to make of a picture. Without enough memory the process ends, since it may be in pieces."""
    try:
        return list(JOBS[job](_opened(data)))
    except MemoryError:
        raise
    except Exception:  # whatever a decoder makes of damaged data
        return []


def thumbnails(image: Image.Image) -> Iterator[bytes]:
    """Yield a picture that fits into a square, for each of the sides."""
    for side in sorted(THUMBNAIL_SIDES, reverse=True):
        image.thumbnail((side, side))
        yield _as_webp(image)


def portrait(image: Image.Image) -> Iterator[bytes]:
    """Yield the middle of a picture, as a square."""
    side = min(PORTRAIT_SIDE, *image.size)
    yield _as_webp(ImageOps.fit(image, (side, side)))


JOBS: dict[Job, Callable[[Image.Image], Iterator[bytes]]] = {
    Job.THUMBNAILS: thumbnails,
    Job.PORTRAIT: portrait,
}


def _opened(data: bytes) -> Image.Image:
    """Return the first frame of a picture, upright, no larger than needed, and without what else was in the file."""
    image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise ValueError
    largest = max(THUMBNAIL_SIDES)
    image.draft("RGB", (largest, largest))
    turn, profile = _turn_of(image), image.info.get("icc_profile")
    image = _in_colours(image)
    image.thumbnail((largest, largest))
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), inPlace=True)
    return image if turn is None else image.transpose(turn)


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return how a picture must be turned, as whoever took it says; None if it is upright, or says nothing that can be read."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return None


def _in_colours(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _as_webp(image: Image.Image) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "WEBP", quality=QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return kept.getvalue()


def _tell(taken: BinaryIO, *parts: bytes) -> None:
    taken.write(b"".join(parts))
    taken.flush()


def _confine() -> None:
    """Limit what any picture can take."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        with suppress(ValueError, OSError):  # not on every system
            resource.setrlimit(limit, (most, most))
    vars(AvifImagePlugin).update(
        DEFAULT_MAX_THREADS=1
    )  # or as many as there are cores, each with a stack


if __name__ == "__main__":
    main()
