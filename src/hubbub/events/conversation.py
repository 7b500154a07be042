"""Events about what people do with messages besides writing them."""

from hubbub.events import About, Event, Reference


class Pinned(About, frozen=True, kw_only=True):
    """`by` pinned the message with the seq `message` in its room."""


class Unpinned(About, frozen=True, kw_only=True):
    """The message with the seq `message` is pinned no longer."""


class Saved(About, frozen=True, kw_only=True):
    """In an own log: the account saved a message of some room, and noted something about it.

    `message` is the event's own seq: the event is erased once the message is saved with another note, or no longer.
    """

    of: Reference | None = None
    note: str = ""


class Unsaved(Event, frozen=True, kw_only=True):
    """In an own log: a message is saved no longer."""

    of: Reference


class Drafted(About, frozen=True, kw_only=True):
    """In an own log: what the account is about to write in the room `where`; an empty text is none.

    `message` is the event's own seq: the event is erased once there is another draft for the room, or none.
    """

    where: str = ""
    text: str = ""
    reply_to: int | None = None
