"""Duties of a running server: heartbeats, checks for changes, cleaning up. `hubbub.server.duties` carries them out."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hubbub.server.brokers.base import Broker
from hubbub.server.duties import Duty
from hubbub.server.engine.fanout import FanOut
from hubbub.server.files.sweeping import Sweeper
from hubbub.server.http.metrics import Metrics
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.receipts import ReadersNews
from hubbub.server.mistakes import call_all
from hubbub.server.people.addresses import Submit, forget_old
from hubbub.server.people.ends import Ends
from hubbub.server.people.entrance import Entrance
from hubbub.server.people.removing import finish_all
from hubbub.server.reactors.base import News, Reactor, go_round
from hubbub.server.setbacks import Setbacks
from hubbub.server.stores.base import Publish, Store
from hubbub.server.transports.base import Links
from hubbub.server.webpush.notifier import Notifier

if TYPE_CHECKING:
    from hubbub.server.people.outside.jwts import Jwts

BEAT = 0.5  # seconds; a revoked token must be noticed within one
TRIES = 2  # to disconnect them; a beat apart, so that the server ends within that second
SWEEP_EVERY = 10.0  # seconds
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


def heartbeats(links: Links, metrics: Metrics) -> Duty:
    """Send heartbeats; nothing here waits for I/O, so it also shows how late the loop is."""

    async def beat() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        metrics.woke(loop.time() - due)
        links.beat(loop.time())

    return Duty("heartbeats", "send heartbeats", beat, most=BEAT)


def expiry(hub: Hub) -> Duty:
    """Disconnect holders of expired tokens, also while the database is away."""

    async def review() -> None:
        hub.door.review()

    does = "disconnect holders of expired tokens"
    return Duty("expiry", does, review, BEAT, most=BEAT, tries=TRIES)


def revocations(ends: Ends) -> Duty:
    """Look up what has ended or was revoked, even if nothing is to be delivered."""
    does = "check for revoked tokens"
    return Duty("revocations", does, ends.look, BEAT, most=BEAT, tries=TRIES)


def clearing(hub: Hub, fanout: FanOut, entrance: Entrance) -> Duty:
    """Clear memory of what nobody uses any more."""

    async def sweep() -> None:
        call_all((fanout.sweep, hub.throttle.sweep, hub.door.sweep, entrance.sweep))

    return Duty("clearing", "clear memory of what nobody uses", sweep, SWEEP_EVERY)


def reacting(reactor: Reactor, store: Store, failed: Callable[[str], object]) -> Duty:
    """Let a reactor go its rounds, the first one at once. After a failure, the next goes on from the stored positions.

    `failed` gets its name when it fails in a room.
    """
    setbacks = Setbacks(partial(failed, reactor.name))
    go = partial(go_round, reactor, store, setbacks)
    return Duty(reactor.name, reactor.does, go, reactor.every, at_once=True)


def prompted(news: News, store: Store) -> Duty:
    """Let a reactor read on soon after each commit of this node. Its rounds find what other nodes missed, or left."""
    due = 0.0

    async def go_on() -> None:
        nonlocal due
        loop = asyncio.get_running_loop()
        if loop.time() >= due:
            began = time.time()
            if await go_round(news.reactor, store, news.setbacks):
                await news.rounded(store, began)
            due = loop.time() + news.reactor.every
        await news.go_on(store, due - loop.time())

    return Duty(news.reactor.name, news.reactor.does, go_on, PROMPT, at_once=True)


def notifying(notifier: Notifier) -> Duty:
    """Send the notifications that are due."""
    return Duty("notifier", "send notifications", notifier.send_due, NOTIFY_EVERY)


def telling(readers: ReadersNews) -> Duty:
    """Show how far members have read, soon after they have."""
    return Duty("receipts", "show how far members have read", readers.tell, RECEIPTS_EVERY)


def sweeping(sweeper: Sweeper) -> Duty:
    """Sweep up files that nothing names any more."""
    return Duty("files", "sweep up files", sweeper.sweep_when_due, at_once=True)


def brokering(broker: Broker, fanout: FanOut) -> list[Duty]:
    """Stay in touch with other nodes, and keep reminding them of what is live here, spread over time."""

    async def remind() -> None:
        asks = broker.returned.is_set()
        broker.returned.clear()
        await _remind_all(fanout, broker, REMIND_WITHIN if asks else REMIND_EVERY, asks=asks)

    return [
        Duty("broker", "send hints to other nodes", broker.run, at_once=True),
        Duty("reminders", "remind other nodes of what is live here", remind, at_once=True),
    ]


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


def scrubbing(store: Store) -> Duty:
    """Erase traces of deleted data from files."""
    does = "erase deleted messages from the database files"
    return Duty("scrubbing", does, store.scrub, SCRUB_EVERY, most=SCRUB_EVERY)


def forgetting(store: Store, submit: Submit) -> Duty:
    """Forget addresses beside the audit log once they are old enough."""

    async def forget() -> None:
        await forget_old(store, submit, time.time())

    return Duty("addresses", "forget old addresses", forget, FORGET_EVERY, at_once=True)


def removing(store: Store, submit: Submit) -> Duty:
    """Take away what removed accounts have left behind."""
    does = "take away what removed accounts have left behind"
    return Duty("removals", does, partial(finish_all, store, submit), REMOVE_EVERY, at_once=True)


def beside_others(fanout: FanOut, store: Store, *, has_broker: bool) -> list[Duty]:
    """Return a node's duties beside others: deliver what they committed, and record that it is running.

    Others are nodes that share the store, and commands for operators.
    """

    seen: int | None = None

    async def look() -> None:
        nonlocal seen
        if (version := await store.version_of_others()) != seen or fanout.has_failed:
            await fanout.look()
            seen = version

    if not store.is_shared:
        return [Duty("looks", "look for events from other processes", look, BEAT, most=BEAT)]
    does = "record that this server is running"
    every = LOOK_BESIDE_BROKER if has_broker else LOOK
    return [
        Duty("looks", "look for events from other nodes", look, every, most=every),
        Duty("beats", does, store.beat, STORE_BEAT, most=STORE_BEAT),
    ]


def posting(store: Store, publish: Publish) -> list[Duty]:
    """Post what applications leave in a store in which they can."""
    if not store.is_shared:
        return []
    empty = partial(store.empty_outbox, publish)
    return [Duty("outbox", "post from the outbox", empty, at_once=True)]


def keys(jwts: "Jwts", url: str) -> list[Duty]:
    """Fetch keys from a URL, if there is one, again: regularly, and soon after a JWT with an unknown key."""
    from hubbub.server.people.outside.keys import BadKey, fetch, keys_from_jwks

    age, known = 0.0, b""

    async def look_again() -> None:
        nonlocal age, known
        age += KEYS_CHECK
        if age < KEYS_EVERY and not jwts.has_met_unknown_kid:
            return
        age = 0.0
        jwts.look_again()
        try:
            document = await fetch(url)
            if document != known:
                jwts.publish(keys_from_jwks(document))
                known = document
        except BadKey as error:
            log.warning("Can't reload the keys; the old ones stay in use: %s", error)

    return [Duty("keys", "reload the keys", look_again, KEYS_CHECK)] if url else []


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end. Raises what broke one of them."""
    for task in tasks:
        task.cancel()
    done, _ = await asyncio.wait(tasks, timeout=END_TIMEOUT)
    for task in done:
        if not task.cancelled():
            task.result()
