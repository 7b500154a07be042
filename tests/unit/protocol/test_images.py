"""Images from strangers: what is taken of them, and what isn't."""

import pytest

from hubbub.protocol.images import NotAnImage, image_of
from tests.support.images import (
    HUGE,
    IMAGES,
    NESTED,
    NOT_IMAGES,
    SECRET,
    SLOW,
    WITH_SECRETS,
    extended,
    png,
)


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_what_its_first_bytes_say_and_as_large_as_its_head(name: str) -> None:
    type_, width, height, data = IMAGES[name]
    found = image_of(data)
    assert found[:3] == (type_, width, height)
    assert image_of(found.data) == found


@pytest.mark.parametrize("name", WITH_SECRETS)
def test_what_no_picture_needs_stays_behind(name: str) -> None:
    data = WITH_SECRETS[name]
    found = image_of(data)
    assert SECRET in data and SECRET not in found.data
    assert image_of(found.data) == found


def test_a_webp_says_no_more_that_it_has_what_was_left_out() -> None:
    assert image_of(WITH_SECRETS["exif in a webp"]).data[20] == 0
    assert image_of(extended(1, 1, flags=0xFF)).data[20] == 0x12


@pytest.mark.parametrize("name", HUGE)
def test_what_says_anywhere_that_it_is_too_large_is_refused(name: str) -> None:
    with pytest.raises(NotAnImage, match="at most 512"):
        image_of(HUGE[name])


def test_the_largest_image_is_taken() -> None:
    assert image_of(png(512, 512))[1:3] == (512, 512)


@pytest.mark.parametrize("name", NOT_IMAGES)
def test_what_is_no_image_is_refused(name: str) -> None:
    with pytest.raises(NotAnImage):
        image_of(NOT_IMAGES[name])


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_that_is_cut_off_anywhere_is_refused(name: str) -> None:
    data = IMAGES[name][3]
    for size in range(len(data) - (name == "jpeg")):
        with pytest.raises(NotAnImage):
            image_of(data[:size])


@pytest.mark.parametrize("name", SLOW)
def test_what_has_very_many_parts_is_refused(name: str) -> None:
    with pytest.raises(NotAnImage, match="damaged"):
        image_of(SLOW[name])


@pytest.mark.parametrize("name", NESTED)
def test_parts_in_parts_are_followed_only_where_they_belong(name: str) -> None:
    try:
        found = image_of(NESTED[name])
    except NotAnImage:
        return
    assert found[1:3] == (1, 1)
