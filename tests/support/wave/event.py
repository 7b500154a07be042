from hubbub.events import About


class Waved(About, frozen=True, kw_only=True):
    """`by` waved at the message, with one hand or two."""

    hands: int = 1
