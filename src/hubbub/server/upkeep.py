"""Background work of a running server: heartbeats, checks for changes, cleaning up.

Each is a coroutine that ends only if it is cancelled, fails, or has nothing to do.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hubbub.server.brokers.base import Broker
from hubbub.server.engine.fanout import FanOut
from hubbub.server.http.metrics import Metrics
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.receipts import ReadersNews
from hubbub.server.people.addresses import Submit, forget_old
from hubbub.server.people.ends import Ends
from hubbub.server.people.entrance import Entrance
from hubbub.server.people.removing import finish_all
from hubbub.server.reactors.base import News, Reactor, go_round
from hubbub.server.reactors.setbacks import Setbacks
from hubbub.server.stores.base import Store, StoreFailed
from hubbub.server.transports.base import Links
from hubbub.server.webpush.notifier import Notifier

if TYPE_CHECKING:
    from hubbub.server.people.jwts import Jwts

Work = Coroutine[Any, Any, None]

BEAT = 0.5  # seconds; a revoked token must be noticed within one
SWEEP_EVERY = 20  # beats
LOOK = 0.25  # seconds between checks for events from other nodes
LOOK_BESIDE_BROKER = 2.0  # the same with a broker, where checks only find what its hints missed
RECEIPTS_EVERY = 0.25  # seconds; meanwhile only the newest of each member is kept
PROMPT = 0.5  # seconds between a reactor's looks at what is new: each takes a turn
NOTIFY_EVERY = 1.0
STORE_BEAT = 2.0  # seconds; a beat is valid for 10 s
REMIND_EVERY = 7.0  # seconds for one round of reminders to other nodes of what is live here
REMIND_WITHIN = 1.0  # the same, when other nodes may have missed it
REMIND_STEP = 0.02  # seconds, at least: the loop's timers are coarse (1 ms), and waking up costs
SCRUB_EVERY = 20.0  # seconds; deleted data must leave the files within a minute
FORGET_EVERY = 3600.0
REMOVE_EVERY = 1.0
KEYS_CHECK = 5.0  # seconds, at least, between fetches, so that made-up key ids can't cause more
KEYS_EVERY = 600.0  # seconds
END_TIMEOUT = 2.0  # seconds; the database may not answer

log = logging.getLogger(__name__)


async def heartbeats(
    hub: Hub, fanout: FanOut, links: Links, metrics: Metrics, entrance: Entrance
) -> None:
    """Send heartbeats, expel holders of expired tokens, and clean up; nothing here waits for I/O."""
    loop = asyncio.get_running_loop()
    beats = 0
    while True:
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        metrics.woke(loop.time() - due)
        links.beat(loop.time())
        hub.door.review()
        beats += 1
        if beats % SWEEP_EVERY == 0:
            fanout.sweep()
            hub.throttle.sweep()
            hub.door.sweep()
            entrance.sweep()


def revocations(ends: Ends) -> Work:
    """Look up what has ended or was revoked, even if nothing is to be delivered."""
    return _again(BEAT, ends.look, "check for revoked tokens")


def reacting(reactor: Reactor, store: Store) -> Work:
    """Let a reactor go its rounds, the first one at once. After a failure, the next goes on from the stored positions."""
    setbacks = Setbacks()

    async def go() -> None:
        await go_round(reactor, store, setbacks)

    return _again(reactor.every, go, reactor.does, at_once=True)


async def prompted(news: News, store: Store) -> None:
    """Let a reactor read on soon after each commit of this node. Its rounds find what other nodes missed, or left."""
    loop = asyncio.get_running_loop()
    due = loop.time()

    async def go_on() -> None:
        nonlocal due
        if loop.time() >= due:
            began = time.time()
            if await go_round(news.reactor, store, news.setbacks):
                await news.rounded(store, began)
            due = loop.time() + news.reactor.every
        await news.go_on(store, due - loop.time())

    await _again(PROMPT, go_on, news.reactor.does, at_once=True)


def notifying(notifier: Notifier) -> Work:
    """Send the notifications that are due."""
    return _again(NOTIFY_EVERY, notifier.send_due, "send notifications")


def telling(readers: ReadersNews) -> Work:
    """Show how far members have read, soon after they have."""
    return _again(RECEIPTS_EVERY, readers.tell, "show how far members have read")


async def reminders(fanout: FanOut, broker: Broker) -> None:
    """Keep reminding other nodes, if there are any, of what is live here, spread over time."""
    while broker.answers_within:
        asks = broker.returned.is_set()
        broker.returned.clear()
        await _remind_all(fanout, broker, REMIND_WITHIN if asks else REMIND_EVERY, asks=asks)


async def _remind_all(fanout: FanOut, broker: Broker, seconds: float, *, asks: bool) -> None:
    """Run one round of reminders, in as many steps as timers can separate. The broker's return ends it early."""
    loop = asyncio.get_running_loop()
    begin, rooms = loop.time(), [feed.room for feed in fanout]
    steps = max(min(len(rooms), int(seconds / REMIND_STEP)), 1)
    for step in range(steps):
        for feed in filter(None, map(fanout.get, rooms[step::steps])):
            feed.signals.remind(asks=asks)
        due = begin + seconds * (step + 1) / steps
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.returned.wait(), due - loop.time())
            return


def scrubbing(store: Store) -> Work:
    """Erase traces of deleted data from files."""
    return _again(SCRUB_EVERY, store.scrub, "erase deleted messages from the database files")


def forgetting(store: Store, submit: Submit) -> Work:
    """Forget addresses beside the audit log once they are old enough."""
    what = "forget old addresses"
    return _again(FORGET_EVERY, lambda: forget_old(store, submit, time.time()), what, at_once=True)


def removing(store: Store, submit: Submit) -> Work:
    """Take away what removed accounts have left behind."""
    what = "take away what removed accounts have left behind"
    return _again(REMOVE_EVERY, lambda: finish_all(store, submit), what, at_once=True)


def beside_others(fanout: FanOut, store: Store, *, has_broker: bool) -> list[Work]:
    """Return a node's work beside others: deliver what they committed, and record that it is running.

    Others are nodes that share the store, and commands for operators.
    """

    seen: int | None = None

    async def look() -> None:
        nonlocal seen
        if (version := await store.version_of_others()) != seen or fanout.has_failed:
            await fanout.look()
            seen = version

    if not store.is_shared:
        return [_again(BEAT, look, "look for events from other processes")]
    every = LOOK_BESIDE_BROKER if has_broker else LOOK
    return [
        _again(every, look, "look for events from other nodes"),
        _again(STORE_BEAT, store.beat, "record that this server is running"),
    ]


async def keys(jwts: "Jwts", url: str) -> None:
    """Fetch keys from a URL again: regularly, and soon after a JWT with an unknown key."""
    from hubbub.server.people.keys import BadKey, fetch, keys_from_jwks

    age, known = 0.0, b""
    while url:
        await asyncio.sleep(KEYS_CHECK)
        age += KEYS_CHECK
        if age < KEYS_EVERY and not jwts.has_met_unknown_kid:
            continue
        age = 0.0
        jwts.look_again()
        try:
            document = await fetch(url)
            if document != known:
                jwts.publish(keys_from_jwks(document))
                known = document
        except BadKey as error:
            log.warning("Can't reload the keys; the old ones stay in use: %s", error)


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end. Raises what broke one of them."""
    for task in tasks:
        task.cancel()
    done, _ = await asyncio.wait(tasks, timeout=END_TIMEOUT)
    for task in done:
        if not task.cancelled():
            task.result()


async def _again(
    every: float, act: Callable[[], Awaitable[object]], what: str, *, at_once: bool = False
) -> None:
    """Repeat an action; log when it fails and when it works again."""
    is_failing = False
    if not at_once:
        await asyncio.sleep(every)
    while True:
        try:
            await act()
        except StoreFailed as error:
            if not is_failing:
                log.warning("Can't %s: %s", what, error)
            is_failing = True
        else:
            if is_failing:
                log.warning("Recovered: can %s again", what)
            is_failing = False
        await asyncio.sleep(every)
