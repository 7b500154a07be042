"""Shutting out: whoever may no longer follow a room is cut off, at the event that took that right or at what was delivered by then."""

from hubbub.domain.facts import EVERYONE, NOBODY, Batch
from hubbub.domain.rules import Rules
from hubbub.protocol.errors import Refusal
from hubbub.server.engine.feeds import UNKNOWN, Feed
from hubbub.server.engine.followers import Cursor, Recipient
from hubbub.server.engine.glances import Glances
from hubbub.server.engine.heads import Watch


class ShuttingOut:
    """Cuts followers off."""

    def __init__(self, rules: Rules, glances: Glances) -> None:
        self._rules = rules
        self._glances = glances

    def take_rights(self, feed: Feed, batch: Batch) -> None:
        """The last event of a batch affects people: cut those off who may no longer read, and let polls see it.

        Those who follow other logs, whose guards look at this one, are cut off at what was delivered there.
        """
        feed.turn(lambda index: self._rules.apply(index, batch.bodies[-1]))
        ids = {each for _, each in batch.affected} - {NOBODY}
        if not ids:
            return
        self._cut_off_affected(feed, ids)
        for each in feed.supported:
            self._cut_off_affected(each, ids)
            each.wake()

    def lose_track(self, feed: Feed) -> None:
        """It is not known any more who may follow a room, and those whose guards look at it: let all come again."""
        feed.lose_track()
        for each in (feed, *feed.supported):
            _lose_followers(each)

    def cut_off(self, feed: Feed, follower: Recipient | Watch, why: Refusal) -> None:
        """Cut a follower off at the last event that was delivered."""
        if isinstance(follower, Watch):
            self._glances.look_away(follower, {feed.room})
            follower.ended(feed.room, why)
        else:
            follower.stop_at(feed.head or 0, why)
            feed.followers.end_if_there(follower)

    def _cut_off_affected(self, feed: Feed, ids: set[str]) -> None:
        feed.doubt(ids)
        for follower in feed.followers:
            is_affected = EVERYONE in ids or follower.principal.id in ids
            if is_affected and (why := feed.refusal(follower.principal)):
                self.cut_off(feed, follower, why)


def _lose_followers(feed: Feed) -> None:
    for follower in feed.followers:
        if isinstance(follower, Cursor):
            follower.ended(None)
        elif isinstance(follower, Watch):
            follower.ended(feed.room, None)
        else:
            follower.stop_at(feed.head or 0, UNKNOWN)
    feed.wake()
