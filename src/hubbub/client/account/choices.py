"""What an account chose for itself: its settings, and whom it blocks, folded from `start` and its own log."""

from hubbub.client.rooms.inbox import Skipped
from hubbub.domain.notifying.rule import Listener
from hubbub.events import Event
from hubbub.events.people import Blocked, Preferred, Unblocked
from hubbub.protocol.commands.preferences import quiet_of
from hubbub.protocol.commands.starting import Started


class Choices:
    """The settings of an account by name, and the accounts that it blocks."""

    def __init__(self, started: Started) -> None:
        self.preferences = dict(started.preferences)
        self.blocked = set(started.blocked)

    def fold(self, event: Event | Skipped) -> bool:
        """Fold an event of the own log in. Returns whether other messages count as mentions now."""
        match event:
            case Preferred(value=None):
                self.preferences.pop(event.name, None)
            case Preferred():
                self.preferences[event.name] = event.value
            case Blocked():
                self.blocked.add(event.who)
                return True
            case Unblocked():
                self.blocked.discard(event.who)
                return True
        return False

    def listener(self, account: str, time_zone: str) -> Listener:
        """Return the account as the rule for notifications sees it."""
        return Listener(account, self.blocked, quiet_of(self.preferences), time_zone)
