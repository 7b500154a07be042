"""How fast a principal may be: token buckets."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """What one principal has left."""

    tokens: float
    at: float
    refused: int = 0  # in a row


class Rates:
    """Each principal may do `per_second` things a second, and twice as many (or one) at once. 0: no limit.

    Times are seconds of any clock that only goes forward; the caller says what time it is.
    """

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._burst = max(1.0, 2 * per_second)
        self._buckets: dict[str, Bucket] = {}

    def wait(self, who: str, now: float) -> float:
        """Take a token: 0.0, or the seconds until there is one, and then none was taken."""
        if not self.per_second:
            return 0.0
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self.per_second)
        bucket.at = now
        if bucket.tokens < 1:
            bucket.refused += 1
            return (1 - bucket.tokens) / self.per_second
        bucket.tokens -= 1
        if bucket.tokens > self._burst / 2:
            bucket.refused = 0
        return 0.0

    def is_flooding(self, who: str) -> bool:
        """Whether a principal goes on and on although it is refused."""
        bucket = self._buckets.get(who)
        return bucket is not None and bucket.refused > max(100, 5 * self.per_second)

    def sweep(self, now: float) -> None:
        """Forget principals whose bucket has filled up."""
        for who, bucket in list(self._buckets.items()):
            if bucket.tokens + (now - bucket.at) * self.per_second >= self._burst:
                del self._buckets[who]
