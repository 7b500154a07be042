"""Emoji of a server's own: what they are called, and how clients learn of them."""

import re

import msgspec

from hubbub.protocol.messages import Question

_NAME = re.compile(r"[a-z0-9_+\-]{2,30}")  # with its colons it is as long as a reaction may be
NAME_RULE = "use 2 to 30 of a-z, 0-9, _, + and -"


class ListEmoji(Question, frozen=True):
    """Requests the emoji of this server, unless the client has those of this `version`."""

    version: str | None = None


class EmojiItem(msgspec.Struct, frozen=True):
    """An emoji: the key of its image, the image's media type and its size in pixels, and who added it."""

    image: str
    type: str
    width: int
    height: int
    by: str


class EmojiReply(msgspec.Struct, frozen=True):
    """The emoji of this server by their names, and the version of this list. They are null if the client has that version."""

    version: str
    emoji: dict[str, EmojiItem] | None


def is_emoji_name(name: str) -> bool:
    """Whether an emoji may be called so."""
    return bool(_NAME.fullmatch(name))


def emoji_name_in(reaction: str) -> str | None:
    """Return the name in a reaction that looks like `:name:`, or None if it is another text."""
    name = reaction[1:-1]
    is_one = reaction == f":{name}:" and is_emoji_name(name)
    return name if is_one else None
