"""Waits that double with each failure: the one rule for whatever is tried again, in the server and in clients."""

_MOST_TIMES = 64  # a bigger power of two may be no float


def doubled(first: float, times: int, most: float) -> float:
    """Return a wait that begins with `first` seconds and was doubled so many times, at most `most` seconds."""
    return min(first * 2.0 ** min(times, _MOST_TIMES), most)
