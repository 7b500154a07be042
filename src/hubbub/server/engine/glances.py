"""Glances at many rooms at once: who comes back to rooms that this node knows costs it a few calls for each, and no look-up."""

from collections.abc import Collection, Mapping

from hubbub.domain.principals import Principal
from hubbub.protocol.messages import RoomHead
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.heads import Watch


class Glances:
    """Lets watches look at the rooms that are followed here, or look away. Everything happens at once."""

    def __init__(self, feeds: Mapping[str, Feed]) -> None:
        self._feeds = feeds

    def glimpsed(self, principal: Principal, rooms: Collection[str]) -> list[Feed]:
        """Return the feeds of those rooms of which nothing need be looked up to tell someone how far they come."""
        feeds, who, scopes = self._feeds, principal.id, principal.scopes
        return [
            feed
            for room in feeds.keys() & rooms
            if (feed := feeds[room]).pulse and who in feed.readers and feed.readers[who] == scopes
        ]

    def glimpse(self, watch: Watch, rooms: Collection[str]) -> dict[str, RoomHead]:
        """Tell a watch from now on how far these of some rooms come; return how far they are."""
        feeds = self.glimpsed(watch.principal, rooms)
        for feed in feeds:
            feed.followers.watches.add(watch)
        told = {feed.room: feed.pulse.position for feed in feeds if feed.pulse}
        watch.rooms.update(told)
        return told

    def look_away(self, watch: Watch, rooms: Collection[str]) -> None:
        """Tell someone no more how far these rooms have come."""
        watch.forget(rooms)
        for room in self._feeds.keys() & rooms:
            self._feeds[room].followers.watches.discard(watch)
