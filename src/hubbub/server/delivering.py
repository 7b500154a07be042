"""Builds what commits changes and delivers them, here and to other nodes, and what else heeds each commit of this node."""

import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import NamedTuple

from hubbub.domain.access import RoomKind
from hubbub.domain.facts import Answer, Batch
from hubbub.domain.live.values import LiveReport
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change
from hubbub.server import upkeep
from hubbub.server.brokers.base import Broker, Local
from hubbub.server.config import Settings
from hubbub.server.duties import Duty
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.files.sweeping import Sweeper
from hubbub.server.http.metrics import Metrics
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.receipts import ReadersNews, Receipts
from hubbub.server.hub.writing import Policy
from hubbub.server.notifying import prompt_reactors
from hubbub.server.parts import Parts
from hubbub.server.people.addresses import Submit
from hubbub.server.people.ends import Ends
from hubbub.server.previews.pages import Pages
from hubbub.server.reactors.base import News
from hubbub.server.reactors.indexing import Indexing, IndexNews
from hubbub.server.reactors.previews import Previews
from hubbub.server.stores.base import Store

_KINDS = {
    "made": frozenset({RoomKind.MADE}),
    "all": frozenset({RoomKind.MADE, RoomKind.FREE}),
    "none": frozenset[RoomKind](),
}


class AllNews(NamedTuple):
    """What is done soon after each commit of this node: show receipts, and let reactors read on."""

    readers: ReadersNews
    reactors: tuple[News, ...]
    sweeper: Sweeper

    def heed(self, batches: list[Batch]) -> None:
        """Note what is new."""
        self.readers.heed(batches)
        self.sweeper.heed(batches)
        for each in self.reactors:
            each.heed(batches)

    def duties(self, store: Store) -> Iterator[Duty]:
        """Yield what sees to it."""
        yield upkeep.telling(self.readers)
        yield upkeep.sweeping(self.sweeper)
        for each in self.reactors:
            yield upkeep.prompted(each, store)


def delivering_of(
    settings: Settings,
    store: Store,
    measured: Metrics,
    parts: Parts,
    *,
    ends: Ends,
    sweeper: Sweeper,
    hub: Callable[[], Hub],
) -> tuple[FanOut, Journal, Broker, AllNews]:
    """Return what delivers changes, what commits them, what tells other nodes of each commit, and what else heeds the batches of this node.

    The hub is made later, but before anything is delivered.
    """

    def hear(told: Batch | LiveReport) -> None:
        if isinstance(told, Batch):
            hub().door.heed([told])
        fanout.hear(told)

    def deliver(batches: list[Batch]) -> None:
        hub().door.heed(batches)
        fanout.deliver(batches)
        broker.tell(batches)
        news.heed(batches)

    rules, broker = parts.rules, _broker(settings, store, hear, measured.refused)
    fanout = parts.fanout(
        store, broker, rules, ends, partial(measured.failed, "looks"), now=time.time
    )
    readers = ReadersNews(Receipts(store), fanout, broker, rules)
    news = AllNews(readers, _news(settings, store, measured, hub), sweeper)
    journal = parts.journal(store, deliver, moment, measured.committed, rules)
    return fanout, journal, broker, news


def moment() -> str:
    """Return the time in the form that events have. Each commit waits for this, so each second is formatted only once."""
    second, milliseconds = divmod(int(time.time() * 1000), 1000)
    return f"{_in_words(second)}.{milliseconds:03}Z"


@lru_cache(1)
def _in_words(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _broker(
    settings: Settings,
    store: Store,
    hear: Callable[[Batch | LiveReport], None],
    refused: Callable[[str], None],
) -> Broker:
    """Return the broker that the settings name."""
    if not settings.broker:
        return Local()
    from hubbub.server.brokers.nats import NatsBroker  # imported only if needed

    return NatsBroker(settings.broker, store.hint_key, store.epoch, hear, refused)


def _news(
    settings: Settings, store: Store, measured: Metrics, hub: Callable[[], Hub]
) -> tuple[News, ...]:
    """Return what reads on soon after each commit. It needs the hub only once it runs."""
    submit, failed = submitting(hub), measured.failed
    indexing = index_news(settings, store, lambda: hub().waiting, measured.indexed, failed)
    previewing = preview_news(settings, store, submit, measured.previewed, failed)
    prompt = [News(each, failed) for each in prompt_reactors(store, submit)]
    return *prompt, *previewing, *indexing


def indexed_by(settings: Settings) -> frozenset[RoomKind]:
    """Return the kinds of rooms in which messages can be searched."""
    return _KINDS[settings.search]


def index_news(
    settings: Settings,
    store: Store,
    waiting: Callable[[], int],
    indexed: Callable[[float], object],
    failed: Callable[[str], object],
) -> list[IndexNews]:
    """Return what indexes messages soon after each commit. `waiting` says how many changes wait for one; see `IndexNews`."""
    kinds = indexed_by(settings)
    return [IndexNews(Indexing(store, waiting, kinds), indexed, failed)] if kinds else []


def preview_news(
    settings: Settings,
    store: Store,
    submit: Submit,
    counted: Callable[[str], object],
    failed: Callable[[str], object],
) -> list[News]:
    """Return what previews links soon after each commit, if the settings ask for it. See `Pages` and `News`."""
    kinds = _KINDS[settings.link_previews]
    if not kinds:
        return []
    pages = Pages(settings.reach, settings.public_url, time.monotonic, counted)
    return [News(Previews(store, submit, pages, kinds, time.time), failed)]


def submitting(hub: Callable[[], Hub]) -> Submit:
    """Return what commits the server's own changes, as many as there are. It needs the hub only once there is one."""

    def submit(principal: Principal, change: Change) -> Awaitable[Answer]:
        return hub().writing.commit(principal, change, Policy.UNLIMITED)

    return submit
