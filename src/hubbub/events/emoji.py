"""Events about the emoji of a server, in its directory."""

from hubbub.events import Event


class EmojiAdded(Event, frozen=True, kw_only=True):
    """The server has another emoji. `image` is the key of its image."""

    name: str
    image: str
    type: str
    width: int
    height: int


class EmojiRemoved(Event, frozen=True, kw_only=True):
    """The server has an emoji no longer."""

    name: str
