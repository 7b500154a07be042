"""Thumbnails over HTTP: what they show, who gets them, and that they go with their file."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hubbub.protocol.files import THUMBNAIL_SIDES, thumbnail_of
from hubbub.server.files import shrinker
from tests.integration.test_files import Here, on_disk, post, posted, raw, until, upload
from tests.support.images import png
from tests.support.site import site

GPS = b"47 degrees north"
RED, BLUE = (200, 30, 30), (30, 30, 200)


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    data = tmp_path_factory.mktemp("thumbnails")
    async with site(data, guests="on") as made:
        grace, eve = await made.ada.bring_in("grace"), await made.ada.bring_in("eve")
        given = {"kind": "closed", "title": "Kitchen", "who": [grace.account]}
        room = (await made.ada.ask("POST", "/rooms", given)).body["made"]
        yield Here(made, data / "files", made.ada, grace, eve, room)


def picture(width: int, height: int, form: str = "JPEG", **options: Any) -> bytes:
    """A picture whose upper half is red, and whose lower half is blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, height // 2, width, height))
    kept = io.BytesIO()
    image.save(kept, form, **options)
    return kept.getvalue()


def photo(width: int, height: int) -> bytes:
    """A photo that is to be turned by a quarter to the right, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[29] = GPS.decode()
    exif[0x8825] = exif.get_ifd(0x8825)
    return picture(width, height, exif=exif)


async def shown(here: Here, file: str, side: int) -> tuple[Any, Image.Image]:
    status, headers, body = await raw(here.grace, "GET", f"/files/{file}/thumbnails/{side}")
    assert status == 200
    return headers, Image.open(io.BytesIO(body))


def is_like(found: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 20 for a, b in zip(found[:3], colour, strict=True))


async def test_a_photo_is_small_and_upright_and_says_nothing_of_its_place(here: Here) -> None:
    data = photo(1600, 1200)
    assert GPS in data
    told = (await upload(here.ada, data, "beach.jpg")).body
    assert (told["width"], told["height"]) == (1200, 1600)
    seq = (await post(here, here.ada, told["file"])).body["seq"]
    message = (await here.grace.ask("GET", f"/rooms/{here.room}/messages/{seq}")).body["message"]
    assert [(each["width"], each["height"]) for each in message["files"]] == [(1200, 1600)]
    for side, size in ((360, (270, 360)), (1280, (960, 1280))):
        headers, image = await shown(here, told["file"], side)
        assert (image.size, image.format, dict(image.getexif())) == (size, "WEBP", {})
        middle = image.height // 2
        assert is_like(image.getpixel((image.width - 5, middle)), RED)  # what was above is right
        assert is_like(image.getpixel((5, middle)), BLUE)
        assert headers["Content-Type"] == "image/webp"
        assert headers["ETag"] == f'"{told["file"]}.{side}"'
        assert 'inline; filename="beach.webp"' in headers["Content-Disposition"]
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
        kept = (here.files / told["file"][:2] / thumbnail_of(told["file"], side)).read_bytes()
        assert GPS not in kept


async def test_whoever_may_not_have_the_file_has_no_thumbnail(here: Here) -> None:
    file, _ = await posted(here, picture(400, 300), "a.jpg")
    path = f"/files/{file}/thumbnails/360"
    first = await raw(here.grace, "GET", path)
    tag = first[1]["ETag"]
    assert first[0] == 200
    assert (await raw(here.grace, "GET", path, If_None_Match=tag))[0] == 304
    assert (await raw(here.grace, "GET", path, If_None_Match=f'"{file}"'))[0] == 200
    part = await raw(here.grace, "GET", path, Range="bytes=4-9")
    assert (part[0], part[2]) == (206, first[2][4:10])
    unknown = await here.eve.ask("GET", f"/files/{'0' * 24}/thumbnails/360")
    for who in (here.eve, here.site.stranger):
        for headers in ({}, {"If_None_Match": tag}, {"Range": "bytes=4-9"}):
            assert (await raw(who, "GET", path, **headers))[0] == 404
        assert (await who.ask("GET", path)).body == unknown.body
    mine = (await upload(here.ada, picture(400, 300))).body["file"]
    assert (await here.ada.ask("GET", f"/files/{mine}/thumbnails/360")).code == "not_found"


async def test_what_is_no_picture_or_no_size_has_no_thumbnail(here: Here) -> None:
    text, _ = await posted(here, b"hello")
    huge, _ = await posted(here, png(50_000, 50_000))
    file, _ = await posted(here, picture(40, 30, "PNG"))
    for path in (f"{text}/thumbnails/360", f"{huge}/thumbnails/360", f"{file}/thumbnails/361"):
        assert (await here.grace.ask("GET", f"/files/{path}")).code == "not_found"
    for side in THUMBNAIL_SIDES:
        assert (await shown(here, file, side))[1].size == (40, 30)  # never larger


async def test_a_moving_picture_shows_its_first_frame(here: Here) -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, BLUE)]
    kept = io.BytesIO()
    frames[0].save(kept, "GIF", save_all=True, append_images=frames[1:], duration=100)
    file, _ = await posted(here, kept.getvalue(), "dance.gif")
    _, image = await shown(here, file, 360)
    assert getattr(image, "n_frames", 1) == 1
    assert is_like(image.convert("RGB").getpixel((30, 20)), RED)


async def test_thumbnails_go_with_their_file(here: Here) -> None:
    file, seq = await posted(here, picture(400, 300))
    await shown(here, file, 360)
    keys = [thumbnail_of(file, side) for side in THUMBNAIL_SIDES]
    assert all(on_disk(here, key) for key in keys)
    lone = thumbnail_of("0" * 24, 360)  # such as one that was made while its file went
    (here.files / "00").mkdir(exist_ok=True)
    (here.files / "00" / lone).write_bytes(b"x")
    await here.ada.ask("DELETE", f"/rooms/{here.room}/messages/{seq}")
    await until(lambda: not any(on_disk(here, key) for key in (*keys, lone)))


async def test_without_pillow_the_address_gives_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.server.filing.can_shrink", lambda: False)
    assert shrinker.can_shrink()
    data = picture(800, 600)
    async with site(tmp_path) as made:
        room = (await made.ada.ask("POST", "/rooms", {"kind": "closed", "title": "x"})).body["made"]
        here = Here(made, tmp_path / "files", made.ada, made.ada, made.ada, room)
        file, _ = await posted(here, data)
        status, headers, body = await raw(made.ada, "GET", f"/files/{file}/thumbnails/360")
        assert (status, headers["ETag"], body) == (200, f'"{file}"', data)
        eve = await made.ada.bring_in("eve")
        assert (await raw(eve, "GET", f"/files/{file}/thumbnails/360"))[0] == 404
