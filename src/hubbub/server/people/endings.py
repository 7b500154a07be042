"""Finds, in what was just committed, the events that end credentials of accounts, so that nothing later reaches their holders.

Only what this node commits, or is told by a hint, is found here, without looking anything up. `ends` finds whatever ended otherwise.
"""

from collections.abc import Iterable, Iterator

from hubbub.domain.facts import Batch
from hubbub.events import Event, Events, PersonRemoved, tag_in, tag_of
from hubbub.events.people import PersonChanged, SessionClosed
from hubbub.protocol.keys import ACCOUNT, DIRECTORY

Ending = SessionClosed | PersonChanged | PersonRemoved  # a change that suspends

_KINDS: tuple[type[Event], ...] = (SessionClosed, PersonChanged, PersonRemoved)
_EVENTS = Events(_KINDS)
_TAGS = frozenset(map(tag_of, _KINDS))


def endings_in(batches: Iterable[Batch]) -> Iterator[Ending]:
    """Yield the events that end credentials."""
    for room, _, bodies, *_ in batches:
        if room == DIRECTORY or room.startswith(ACCOUNT):
            for body in bodies:
                if tag_in(body) in _TAGS and (found := _ending(_EVENTS.decode(body))):
                    yield found


def _ending(event: Event) -> Ending | None:
    if isinstance(event, PersonChanged):
        return event if event.status not in (None, "active") else None
    return event if isinstance(event, SessionClosed | PersonRemoved) else None
