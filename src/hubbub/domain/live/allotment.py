"""Limits on the memory that live values take, per person and in total."""

from collections import Counter

VALUE_COST = 512  # bytes of overhead for each value
MAX_OWNER_BYTES = 4 * 1024**2
MAX_ALL_BYTES = 64 * 1024**2


class Allotment:
    """Counts the bytes that owners take. The nameless owner has no limit of its own."""

    def __init__(self, each: int = MAX_OWNER_BYTES, in_all: int = MAX_ALL_BYTES) -> None:
        self._each = each
        self._in_all = in_all
        self._taken = Counter[str]()
        self.total = 0

    def has_room(self, owner: str, size: int) -> bool:
        """Whether an owner may take this many more bytes."""
        is_below_own = not owner or self._taken[owner] + size <= self._each
        return is_below_own and self.total + size <= self._in_all

    def take(self, owner: str, size: int) -> None:
        """Take bytes, or return them if `size` is negative."""
        self._taken[owner] += size
        self.total += size
        if not self._taken[owner]:
            del self._taken[owner]
