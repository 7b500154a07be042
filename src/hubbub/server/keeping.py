"""What the settings say is kept of the logs, indexed and previewed: the rules, and the work, that see to it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from hubbub.domain.access import RoomKind
from hubbub.domain.aspects.former import last_only
from hubbub.domain.rules import Rules
from hubbub.server.config import Settings
from hubbub.server.people.addresses import Submit
from hubbub.server.previews.pages import Pages
from hubbub.server.reactors.base import News, Reactor
from hubbub.server.reactors.former import Former
from hubbub.server.reactors.indexing import Indexing, IndexNews
from hubbub.server.reactors.previews import Previews
from hubbub.server.reactors.retention import Retention
from hubbub.server.stores.base import Store


def rules_for(settings: Settings, rules: Rules) -> Rules:
    """Return the rules with which changes are decided."""
    return last_only(rules) if settings.edits == "last" else rules


def reactors_for(settings: Settings, store: Store, submit: Submit) -> list[Reactor]:
    """Return what takes out of the logs what is no longer to be kept."""
    keep = settings.keep_events, settings.keep_days
    reactors: list[Reactor] = [Retention(store, *keep, lambda: datetime.now(UTC))]
    if settings.edits == "last":
        reactors.append(Former(store, submit))
    return reactors


_KINDS = {
    "made": frozenset({RoomKind.MADE}),
    "all": frozenset({RoomKind.MADE, RoomKind.FREE}),
    "none": frozenset[RoomKind](),
}


def indexed_by(settings: Settings) -> frozenset[RoomKind]:
    """Return the kinds of rooms in which messages can be searched."""
    return _KINDS[settings.search]


def index_news(
    settings: Settings,
    store: Store,
    waiting: Callable[[], int],
    indexed: Callable[[float], object],
) -> list[IndexNews]:
    """Return what indexes messages soon after each commit. `waiting` says how many changes wait for one; see `IndexNews`."""
    kinds = indexed_by(settings)
    return [IndexNews(Indexing(store, waiting, kinds), indexed)] if kinds else []


def preview_news(
    settings: Settings, store: Store, submit: Submit, counted: Callable[[str], object]
) -> list[News]:
    """Return what previews links soon after each commit, if the settings ask for it. `counted`: see `Pages`."""
    kinds = _KINDS[settings.link_previews]
    if not kinds:
        return []
    pages = Pages(settings.reach, settings.public_url, time.monotonic, counted)
    return [News(Previews(store, submit, pages, kinds, time.time))]
