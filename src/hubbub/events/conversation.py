"""Events about what people do with messages besides writing them."""

from hubbub.events import About


class Pinned(About, frozen=True, kw_only=True):
    """`by` pinned the message with the seq `message` in its room."""


class Unpinned(About, frozen=True, kw_only=True):
    """The message with the seq `message` is pinned no longer."""
