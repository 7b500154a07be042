from hubbub.events import About


class Waved(About, frozen=True, kw_only=True):
    """`by` waved at the message, with one hand or two, for this many times."""

    hands: int = 1
    times: int = 1
