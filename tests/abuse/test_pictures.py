"""Pictures that are made to harm: each has a stated result, costs at most one process, and the next picture is made."""

import asyncio
import io
import itertools
import random
import struct
import sys
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from hubbub.server.files.jobs import Job
from hubbub.server.files.shrinker import MAX_BYTES, PASSED, Picture, Shrinker
from tests.support.images import AVIF, GIF, JPEG, LOSSLESS, NOT_IMAGES, chunk, png

SCRIPT = b"<script>alert(1)</script>"


def encoded(form: str, width: int = 90, height: int = 60, **options: object) -> bytes:
    """A picture of noise."""
    noise = random.Random(form).randbytes(width * height * 3)
    kept = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(kept, form, **options)
    return kept.getvalue()


def black(side: int) -> bytes:
    """A square PNG that packs well."""
    kept = io.BytesIO()
    Image.new("L", (side, side)).save(kept, "PNG", compress_level=1)
    return kept.getvalue()


def one_colour(side: int) -> bytes:
    """A square WebP of 34 bytes, whatever its size: all pixels have the only colour that there is."""
    sides = (side - 1) | (side - 1) << 14 | 1 << 28
    return LOSSLESS.replace(b"/\0\0\0\x10", b"/" + struct.pack("<I", sides))


def unpacked(size: int) -> bytes:
    """What a few bytes are in a file, and so many once they are unpacked."""
    packing = zlib.compressobj(1)
    return b"".join(
        [*(packing.compress(bytes(2**20)) for _ in range(size // 2**20)), packing.flush()]
    )


STRANGERS = itertools.count()


@cache
def forms() -> dict[str, bytes]:
    """A sound picture of each form."""
    return {form: encoded(form) for form in ("PNG", "JPEG", "GIF", "WEBP", "AVIF")}


STRANGE = {  # pictures that a careful reader refuses
    "png whose head comes later",
    *("avif with another box", "avif with something after it"),
    *("avif with a box that never ends", "avif with a box of no size"),
}


def made() -> dict[str, bytes]:
    """Files of which pictures are made, although they are odd."""
    of = forms()
    return {
        **{f"{form}, then a script": data + SCRIPT for form, data in of.items()},
        "png and zip": of["PNG"] + b"PK\3\4" + b"\0" * 99,
        "gif that is a script, too": of["GIF"][:-1] + b"!\xfe\x19" + SCRIPT + b"\0;",
        "png of 36 million pixels": black(6000),
        "webp of 9 million pixels in 34 bytes": one_colour(3000),
        **{name: data for name, data in NOT_IMAGES.items() if name in STRANGE},
        "jpeg with a thousand comments": of["JPEG"][:2] + b"\xff\xfe\0\3x" * 1000 + of["JPEG"][2:],
        "exif that points everywhere": of["JPEG"][:2]
        + b"\xff\xe1\0\x16Exif\0\0MM\0*\xff\xff\xff\xf0"
        + b"\xff" * 6
        + of["JPEG"][2:],
    }


def not_made() -> dict[str, bytes]:
    """Files of which none are."""
    of, bomb = forms(), unpacked(70 * 2**20)
    return {
        **{f"half a {form}": data[: len(data) // 2] for form, data in of.items()},
        **{f"the head of a {form}": data[:32] for form, data in of.items()},
        **{name: data for name, data in NOT_IMAGES.items() if name not in STRANGE},
        "50,000 x 50,000 pixels": png(50_000, 50_000),
        "png with a text of 70 MiB": png(more=chunk(b"zTXt", b"a\0\0" + bomb)),
        "png with a colour profile of 70 MiB": png(more=chunk(b"iCCP", b"a\0\0" + bomb)),
        "gif larger than it says": GIF.replace(b",\0\0\0\0\1\0\1\0", b",\0\0\0\0\xff\xff\xff\xff"),
        "avif that claims 65,535 pixels": AVIF.replace(
            b"ispe\0\0\0\0\0\0\0\2\0\0\0\2", b"ispe\0\0\0\0\0\0\xff\xff\0\0\xff\xff"
        ),
        "webp that claims 16,384 pixels": one_colour(16_384),
        "webp of 49 million pixels, for which there might be memory": one_colour(7000),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nquit\n",
        "tiff": b"II*\0\x08\0\0\0" + b"\0" * 99,
        "larger than is looked at": b"\xff\xd8\xff" + bytes(MAX_BYTES),
    }


DEADLY = {"40 million pixels of webp, which take more memory than there is": one_colour(6300)}


def read(data: bytes, account: str = "") -> Picture:
    """A picture of this account, or of somebody else than all others."""

    async def reading() -> AsyncGenerator[bytes]:
        for start in range(0, len(data), 65_536):
            yield data[start : start + 65_536]

    return Picture(account or f"@p{next(STRANGERS)}", len(data), reading)


@pytest.fixture(scope="module")
async def shrinker() -> AsyncIterator[Shrinker]:
    shrinker = Shrinker(seconds=50.0)  # however busy this machine is
    yield shrinker
    await shrinker.close()


async def test_what_becomes_of_pictures_that_are_made_to_harm(shrinker: Shrinker) -> None:
    fine = made()
    for name, data in (fine | not_made()).items():
        found = await shrinker.shrink(Job.THUMBNAILS, read(data))
        assert found is not None, name
        assert len(found) == (2 if name in fine else 0), name
        assert not any(SCRIPT in each or b"PK\3\4" in each for each in found), name
    assert shrinker.deaths == 0


async def test_a_picture_that_kills_the_process_costs_only_itself(shrinker: Shrinker) -> None:
    for data in DEADLY.values():
        await shrinker.shrink(Job.THUMBNAILS, read(forms()["PNG"]))
        before = shrinker.deaths
        assert await shrinker.shrink(Job.THUMBNAILS, read(data)) == []
        assert shrinker.deaths == before + 2  # a second time in a process that saw nothing else
        assert len(await shrinker.shrink(Job.THUMBNAILS, read(forms()["PNG"])) or []) == 2


async def test_damage_anywhere_harms_nothing(shrinker: Shrinker) -> None:
    before, chance = shrinker.deaths, random.Random(7)
    for form, data in forms().items():
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(chance.choice((1, 3, 20))):
                damaged[chance.randrange(len(data))] = chance.randrange(256)
            found = await shrinker.shrink(Job.THUMBNAILS, read(bytes(damaged)))
            assert found is not None and len(found) in (0, 2), (form, bytes(damaged))
    assert shrinker.deaths - before < 5
    assert len(await shrinker.shrink(Job.PORTRAIT, read(forms()["PNG"])) or []) == 1


def program(code: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-c", f"import os, sys, time; {code}"


BEGIN = "os.write(1, b'\\0')"
FIRST = "b'\\0\\0\\0\\0\\0\\0\\0\\1'"  # the number of the first job


@pytest.mark.parametrize(
    "code, result, deaths",
    [
        (f"{BEGIN}; time.sleep(600)", [], 1),
        (f"{BEGIN}; sys.stdin.buffer.read(9); sys.exit(1)", [], 1),
        (f"{BEGIN}; os.write(1, {FIRST} + b'\\1' + b'\\xff' * 4); time.sleep(600)", [], 1),
        (f"{BEGIN}; os.write(1, {FIRST} + b'\\1\\0\\0\\0\\1x'); time.sleep(600)", [b"x"], 0),
        (f"{BEGIN}; os.write(1, bytes(8) + b'\\1\\0\\0\\0\\1x'); time.sleep(600)", [], 1),
        ("sys.exit(1)", None, 0),
    ],
    ids=["endless", "dies", "sends too much", "does it", "does another", "never begins"],
)
async def test_a_process_that_breaks_is_ended(
    code: str, result: list[bytes] | None, deaths: int
) -> None:
    broken = Shrinker(3.0 if result else 0.2, program(code))
    assert await broken.shrink(Job.PORTRAIT, read(JPEG)) == result
    assert broken.deaths == deaths
    await broken.close()


async def test_the_process_knows_no_secrets_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBBUB_JWT_SECRET", "correct horse")
    names = "' '.join(os.environ).encode()"
    answer = f"made = {names}; os.write(1, {FIRST} + b'\\1\\0\\0\\0' + bytes([len(made)]) + made)"
    shrinker = Shrinker(50.0, program(f"{BEGIN}; {answer}; time.sleep(600)"))
    [made] = await shrinker.shrink(Job.PORTRAIT, read(JPEG)) or []
    assert {*made.decode().split()} <= {*PASSED, "MALLOC_ARENA_MAX", "LC_CTYPE"}
    await shrinker.close()


async def test_a_program_that_is_not_there_is_no_picture_s_fault() -> None:
    assert await Shrinker(program=("/nowhere",)).shrink(Job.PORTRAIT, read(JPEG)) is None


async def test_a_process_that_somebody_did_not_wait_for_gives_nobody_else_a_picture(
    tmp_path: Path,
) -> None:
    """Whoever asks first leaves while it begins: what it says then must be no answer to others."""
    begun, gate = tmp_path / "begun", tmp_path / "gate"
    waiting = f"open({str(begun)!r}, 'w').close()\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    answer = "os.write(1, sys.stdin.buffer.read(8) + b'\\1\\0\\0\\0\\1x')"
    shrinker = Shrinker(50.0, program(f"\n{waiting}\n{BEGIN}; {answer}; time.sleep(600)"))
    leaving = asyncio.create_task(shrinker.shrink(Job.PORTRAIT, read(JPEG)))
    while not begun.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.wait({leaving})
    gate.touch()
    assert await shrinker.shrink(Job.PORTRAIT, read(JPEG)) == [b"x"]
    await shrinker.close()


async def test_whoever_sends_costly_pictures_lets_others_go_first() -> None:
    shrinker = Shrinker(0.2, program(f"{BEGIN}; time.sleep(600)"))
    assert await shrinker.shrink(Job.THUMBNAILS, read(JPEG, "@peve")) == []
    for _ in range(9):
        assert await shrinker.shrink(Job.THUMBNAILS, read(JPEG, "@peve")) is None
    assert shrinker.deaths == 1
    assert await shrinker.shrink(Job.THUMBNAILS, read(JPEG, "@pada")) == []
    await shrinker.close()
