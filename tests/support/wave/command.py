from hubbub.protocol.messages import Change, Seq


class Wave(Change, frozen=True):
    """Waves at a message."""

    seq: Seq
    hands: int = 1
