"""Positions in a room's log, and whether the log can still be read from them."""

from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Follow
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.stores.base import Store


class Positions:
    """Checks the positions from which clients ask to continue."""

    def __init__(self, store: Store, fanout: FanOut) -> None:
        self._store = store
        self._fanout = fanout

    @property
    def epoch(self) -> str:
        """The identity of the logs, without which a number says nothing."""
        return self._store.epoch

    async def resume(self, feed: Feed, follow: Follow) -> tuple[int | None, int | None]:
        """Return the seq to resume after, or None if it can't resume, with the first kept seq if that is the reason.

        Raises RefusalError.
        """
        head = await self._fanout.head(feed)
        since = follow.since
        if since is None or self.is_of_another_log(since, follow.epoch):
            return None, None
        if since > head:
            await self.check(feed, since)
        if follow.max_missed is not None and head - since > follow.max_missed:
            return None, None
        if since < head:
            kept = (await self._store.head(follow.room)).kept
            if since + 1 < kept:
                return None, kept
        return since, None

    def is_of_another_log(self, since: int, epoch: str | None) -> bool:
        """Whether a position is one of a log that was replaced. Raises RefusalError if no log has it."""
        if since < 0:
            raise RefusalError("bad_position", f"Invalid `since` {since}: use 0 or more")
        return epoch is not None and epoch != self.epoch

    async def check(self, feed: Feed, since: int) -> None:
        """Raise RefusalError if no log can be read from there.

        A position may be ahead of what is delivered: a snapshot shows what is committed, and a client
        may use its head before the commit's last step, the flush of a checkpoint, is done.
        """
        head = await self._fanout.head(feed)
        if since > head:
            head = (await self._store.head(feed.room)).seq
        if not 0 <= since <= head:
            raise RefusalError("bad_position", f"Invalid `since` {since}: use 0 to {head}")
