"""Emoji of a server as records, which several aspects look at. The images are apart, so that lists don't read them."""

from typing import NamedTuple

from hubbub.domain.records import Table
from hubbub.protocol.keys import DIRECTORY


class EmojiKey(NamedTuple):
    """Identifies an emoji; its log is the directory."""

    log: str
    name: str


class Emoji(NamedTuple):
    """An emoji: the key of its image, which is a hash of it, the media type and size of that, and who added it."""

    log: str
    name: str
    image: str
    type: str
    width: int
    height: int
    by: str


class EmojiImage(NamedTuple):
    """The image of an emoji."""

    log: str
    name: str
    data: bytes


EMOJI = Table("emoji", EmojiKey, Emoji)
EMOJI_IMAGE = Table("emoji_image", EmojiKey, EmojiImage)


def emoji_row(name: str) -> EmojiKey:
    """Return the key of an emoji's row."""
    return EmojiKey(DIRECTORY, name)
