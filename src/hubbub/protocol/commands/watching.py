"""The commands about the presence of people: whom a client watches, and whether anybody is at this device."""

from typing import Annotated

from msgspec import Meta

from hubbub.protocol.messages import AboutPresence, AccountName

MAX_WATCHED = 200


class WatchPeople(AboutPresence, frozen=True, kw_only=True, tag="watch"):
    """Watches these people, by the keys of their accounts, in place of those before. Tells how they are, and from then on what changes."""

    people: Annotated[list[AccountName], Meta(max_length=MAX_WATCHED)]


class Away(AboutPresence, frozen=True):
    """Says that nobody is at this device, as after five minutes without input."""


class Back(AboutPresence, frozen=True):
    """Says that somebody is at this device again."""


WATCHING = (WatchPeople, Away, Back)
